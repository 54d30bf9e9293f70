import type { Draft } from "../findings/draft.ts";
import type { Pin } from "../log/compare-roots.ts";
import type { OutsideCheckpoint } from "../log/read-notes.ts";

/** What checkpoints given from outside say against the log. */
export function judgeOutside(outside: readonly OutsideCheckpoint[], pins: readonly Pin[], epoch: bigint): Draft[] {
  const unsigned = outside.flatMap(({ size, problem }): Draft[] =>
    problem === undefined ? [] : [contradicted(size, `a checkpoint given from outside is not of this log: ${problem}`)],
  );
  // One of an older epoch speaks of a head that the owner has replaced since, which is a finding of its own.
  const ahead = outside
    .filter((one) => one.problem === undefined && one.epoch > epoch)
    .map(({ size, epoch: its }) =>
      contradicted(size, `a checkpoint given from outside is of epoch ${its}, the log of ${epoch}`),
    );
  const unfit = pins
    .filter((pin) => pin.source === "outside" && pin.tiles !== "match" && pin.events !== "match")
    .map(({ size, tiles }) => {
      const why = tiles === "beyond" ? "the log does not reach so far" : "the log has another root there";
      return contradicted(size, `a checkpoint given from outside has size ${size}: ${why}`);
    });
  return [...unsigned, ...ahead, ...unfit];
}

function contradicted(position: bigint, detail: string): Draft {
  return { area: "outside", kind: "contradicted", position, detail };
}

import type { SnapshotStore, StoredSnapshot } from "@eventchain/store";
import type { Branch } from "./branches.ts";
import { type Expected, snapshotProblem } from "./check-snapshot.ts";
import type { Report } from "./report.ts";
import { parseState } from "./state-json.ts";

/** Where reading may start: the state of a branch's events up to a position. */
export interface Start {
  readonly state: unknown;
  readonly position: bigint;
  /** Of the stream, where the branch is of one. */
  readonly version: bigint | undefined;
  readonly takenAtMicros: bigint;
}

/** A start of a branch, at most at these. */
export interface StartWanted {
  readonly branch: Pick<Branch, "name" | "of" | "stream"> & { readonly model: Pick<Branch["model"], "version"> };
  readonly upToPosition?: bigint;
  readonly upToVersion?: bigint;
}

export interface FindStartsDeps {
  readonly ledgerId: bigint;
  readonly origin: string;
  readonly snapshots: Pick<SnapshotStore, "find">;
  readonly report: Report;
}

/** How many snapshots of a branch are tried where the newest is not what was committed to; then the events are replayed. */
const MAX_TRIES = 3;

/**
 * For each that is wanted, in order, its newest snapshot that is what was committed to; undefined where there is none. One
 * query for all; another one only where a snapshot is not to be used, which is reported.
 */
export async function findStarts(
  { ledgerId, origin, snapshots, report }: FindStartsDeps,
  wanted: readonly StartWanted[],
): Promise<(Start | undefined)[]> {
  const starts: (Start | undefined)[] = wanted.map(() => undefined);
  let open = wanted.map((want, index) => ({ want, index }));
  for (let round = 0; open.length > 0 && round < MAX_TRIES; round += 1) {
    const keys = open.map(({ want }) => keyOf(want));
    const found = await snapshots.find(ledgerId, keys);
    open = open.flatMap(({ want, index }, at) => {
      const snapshot = found[at];
      if (snapshot === undefined) return [];
      const detail = snapshotProblem(snapshot, expectedOf(want.branch));
      if (detail === undefined) {
        starts[index] = startOf(snapshot);
        return [];
      }
      const { position } = snapshot;
      report({ code: "bad-snapshot", ledger: origin, branch: want.branch.name, position, detail });
      return [{ want: { ...want, upToPosition: position - 1n }, index }];
    });
  }
  return starts;
}

function keyOf({ branch, upToPosition, upToVersion }: StartWanted): Parameters<SnapshotStore["find"]>[1][number] {
  return {
    branch: branch.name,
    schema: branch.model.version,
    ...(upToPosition === undefined ? {} : { upToPosition }),
    ...(upToVersion === undefined ? {} : { upToVersion }),
  };
}

function expectedOf({ name, of, stream, model }: StartWanted["branch"]): Expected {
  return { branch: name, of, schema: model.version, ofStream: stream !== undefined };
}

function startOf({ state, position, version, takenAtMicros }: StoredSnapshot): Start {
  return { state: parseState(state), position, version, takenAtMicros };
}

import type { AppendOutcome, AppendRequest } from "../../port.ts";
import { statement } from "../load-statement.ts";
import { type Queryable, runRows } from "../run-rows.ts";
import type { InlineBuild, PageEvent, WithinAppend } from "./port.ts";
import { readPage } from "./read-page.ts";
import { runProjector } from "./run-projector.ts";

const inlineSql = statement("projection-inline");
const behindSql = statement("projection-inline-behind");
const moveSql = statement("projection-inline-move");

/** Runs what is to be done in an append's transaction, where the append has recorded anything. */
export async function runWithin(
  connection: Queryable,
  ledgerId: bigint,
  requests: readonly AppendRequest[],
  outcomes: readonly AppendOutcome[],
  within: WithinAppend,
): Promise<void> {
  const events = requests.flatMap((request, index) => recordedEvents(request, outcomes[index]));
  const positions = [...events.map(({ position }) => position), ...outcomes.flatMap(rejectedPosition)];
  positions.sort((one, other) => (one < other ? -1 : 1));
  const [first, last] = [positions[0], positions.at(-1)];
  if (first === undefined || last === undefined) return;
  await within({
    events,
    first,
    last,
    takeInline: (names, position) => runRows<InlineBuild>(connection, inlineSql, [ledgerId, names, position]),
    inlineBefore: (names, position) => runRows<InlineBuild>(connection, behindSql, [ledgerId, names, position]),
    async isFree(query, after, to) {
      const page = await readPage(connection, ledgerId, { after, to, query, level: "appended", limit: 1, maxBytes: 1 });
      return page.events.length === 0;
    },
    write: (schemaName, work, timeoutMs) => runProjector(connection, schemaName, work, timeoutMs),
    async move({ buildId, position }, to) {
      await runRows(connection, moveSql, [ledgerId, buildId, position, to]);
    },
  });
}

/** A request's events as they stand now; none of one that recorded them before. */
function recordedEvents({ events }: AppendRequest, outcome: AppendOutcome | undefined): PageEvent[] {
  if (outcome?.outcome !== "recorded" || outcome.duplicate) return [];
  return outcome.events.map(({ position, version, recordedAtMicros }, index) => {
    const event = events[index];
    if (event === undefined) throw new Error("more events were recorded than asked for");
    const { stream, type, schema, tags, id, data, metadata } = event;
    const texts = { data: JSON.parse(data), metadata: JSON.parse(metadata) };
    return { position, stream, version, id, type, schema, tags: [...tags], recordedAtMicros, ...texts };
  });
}

function rejectedPosition(outcome: AppendOutcome): bigint[] {
  if (outcome.outcome !== "rejected" || outcome.duplicate || outcome.position === null) return [];
  return [outcome.position];
}

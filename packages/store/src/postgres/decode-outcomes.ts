import assert from "node:assert/strict";
import type { AppendOutcome, AppendRequest, RecordedEvent, RefusalCode } from "../port.ts";

/** A row of `statements/append-events.sql`. */
export interface OutcomeRow {
  request: number;
  outcome: "recorded" | "duplicate" | "conflict" | "command-id-reused" | "refused";
  position: bigint;
  stream: string;
  version: bigint;
  id: string;
  hash: Uint8Array;
  recordedAtMicros: bigint;
  code: RefusalCode | null;
  message: string | null;
  event: number | null;
}

function recordedEvent({ position, stream, version, id, hash, recordedAtMicros }: OutcomeRow): RecordedEvent {
  return { position, stream, version, id, hash, recordedAtMicros };
}

function decodeFailure(row: OutcomeRow, request: AppendRequest): AppendOutcome {
  switch (row.outcome) {
    case "conflict": {
      const expected = request.expected.find(({ stream }) => stream === row.stream)?.version;
      assert(expected !== undefined, "a conflict about a stream that nothing was expected of");
      return { outcome: "conflict", stream: row.stream, expected, actual: row.version };
    }
    case "command-id-reused":
      assert(request.command !== undefined, "a command id reused by a request without one");
      return { outcome: "command-id-reused", commandId: request.command.id };
    default: {
      assert(row.code !== null && row.message !== null, "a refusal says why");
      const refused = { outcome: "refused", code: row.code, message: row.message } as const;
      return row.event === null ? refused : { ...refused, event: row.event };
    }
  }
}

/** One outcome for each request, from the rows in their order. */
export function decodeOutcomes(rows: readonly OutcomeRow[], requests: readonly AppendRequest[]): AppendOutcome[] {
  const outcomes: AppendOutcome[] = [];
  let at = 0;
  for (const [index, request] of requests.entries()) {
    const first = rows[at];
    assert(first !== undefined && first.request === index + 1, "each request has a row");
    if (first.outcome !== "recorded" && first.outcome !== "duplicate") {
      outcomes.push(decodeFailure(first, request));
      at += 1;
      continue;
    }
    const events: RecordedEvent[] = [];
    for (let row = rows[at]; row?.request === index + 1; row = rows[at]) {
      events.push(recordedEvent(row));
      at += 1;
    }
    outcomes.push({ outcome: "recorded", duplicate: first.outcome === "duplicate", events });
  }
  assert(at === rows.length, "no row is left over");
  return outcomes;
}

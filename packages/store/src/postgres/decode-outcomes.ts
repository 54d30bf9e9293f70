import assert from "node:assert/strict";
import type { AppendOutcome, AppendRequest, RecordedEvent, RefusalCode } from "../port.ts";

/** A row of `statements/append-events.sql`. */
export interface OutcomeRow {
  request: number;
  outcome:
    | "recorded"
    | "duplicate"
    | "conflict"
    | "rejected"
    | "rejected-before"
    | "condition-failed"
    | "dependency-failed"
    | "command-id-reused"
    | "refused";
  /** Null where nothing was recorded, as of a rejection that is no event. */
  position: bigint | null;
  stream: string;
  version: bigint;
  id: string;
  hash: Uint8Array;
  recordedAtMicros: bigint;
  /** Of a refusal, or a rejection's own. */
  code: string | null;
  message: string | null;
  event: number | null;
}

function positionOf({ position }: OutcomeRow): bigint {
  assert(position !== null, "an event has a position");
  return position;
}

function recordedEvent(row: OutcomeRow): RecordedEvent {
  const { stream, version, id, hash, recordedAtMicros } = row;
  return { position: positionOf(row), stream, version, id, hash, recordedAtMicros };
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
    case "rejected":
    case "rejected-before": {
      const { code, message, position } = row;
      assert(code !== null, "a rejection has a code");
      return { outcome: "rejected", duplicate: row.outcome === "rejected-before", code, reason: message, position };
    }
    case "dependency-failed":
      return { outcome: "dependency-failed" };
    default: {
      assert(row.code !== null && row.message !== null, "a refusal says why");
      const refused = { outcome: "refused", code: row.code as RefusalCode, message: row.message } as const;
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
    const start = at;
    while (rows[at]?.request === index + 1) at += 1;
    const own = rows.slice(start, at);
    if (first.outcome === "recorded" || first.outcome === "duplicate") {
      const duplicate = first.outcome === "duplicate";
      outcomes.push({ outcome: "recorded", duplicate, events: own.map(recordedEvent) });
    } else if (first.outcome === "condition-failed") {
      outcomes.push({ outcome: "condition-failed", positions: own.map(positionOf) });
    } else outcomes.push(decodeFailure(first, request));
  }
  assert(at === rows.length, "no row is left over");
  return outcomes;
}

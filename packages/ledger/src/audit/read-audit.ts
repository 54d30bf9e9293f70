import { LedgerError } from "@eventchain/core";
import type { EventFilter } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import { parseInstant } from "../parse-instant.ts";
import { type ReadDeps, readAll } from "../read-events.ts";
import type { LedgerEvent } from "../types.ts";
import type { AuditOptions } from "./types.ts";

const READ_KEYS = ["after", "to", "limit", "backwards", "signal"] as const;
const TEXT_KEYS = ["actor", "ip", "stream", "type", "tag", "correlationId"] as const;

/**
 * Who did what. Each condition is one of a read's filter, and so by an index; the times are found by halving positions,
 * which recorded times never fall along.
 * Errors: LedgerError `invalid-argument`, `invalid-name`, thrown by the call.
 */
export function readAudit(deps: ReadDeps<"readBatches">, options: AuditOptions = {}): AsyncIterable<LedgerEvent> {
  checkKeys(options, [...READ_KEYS, ...TEXT_KEYS, "from", "until"], "audit options");
  const { after, to, limit, backwards, signal } = options;
  return readAll(deps, { after, to, limit, backwards, signal, filter: auditFilter(options) });
}

function auditFilter(options: AuditOptions): EventFilter {
  for (const key of TEXT_KEYS) {
    const value: unknown = options[key];
    if (value !== undefined && (typeof value !== "string" || value === ""))
      throw new LedgerError("invalid-argument", `audit option ${key} is not a text of at least one character`, {
        values: { option: key },
      });
  }
  const { actor, ip, stream, type, tag, correlationId, from, until } = options;
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(ip === undefined ? {} : { ip }),
    ...(stream === undefined ? {} : { streams: [stream] }),
    ...(type === undefined ? {} : { types: [type] }),
    ...(tag === undefined ? {} : { tags: [tag] }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(from === undefined ? {} : { recordedFromMicros: microsOf("from", from) }),
    ...(until === undefined ? {} : { recordedToMicros: microsOf("until", until) }),
  };
}

function microsOf(option: "from" | "until", value: unknown): bigint {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return BigInt(value.getTime()) * 1000n;
  if (typeof value === "string") return parseInstant(value, `audit option ${option}`).micros;
  const shown = value instanceof Date ? "an invalid Date" : `a ${typeof value}`;
  throw new LedgerError(
    "invalid-argument",
    `audit option ${option} is ${shown}: give a Date, or a time with an offset`,
    {
      values: { option },
    },
  );
}

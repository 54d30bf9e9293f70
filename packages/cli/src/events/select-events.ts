import { type Ledger, type LedgerEvent, parseInstant, stateAt } from "@eventchain/ledger";
import type { EventFilter, Watermarks } from "@eventchain/store";
import type { Command } from "commander";
import { collect, count, decimal } from "../frame/arguments.ts";

/** Which events, as the options of `addEventOptions` say it. */
export interface EventArguments {
  readonly stream?: readonly string[];
  readonly type?: readonly string[];
  readonly tag?: readonly string[];
  readonly actor?: string;
  readonly ip?: string;
  readonly correlation?: string;
  readonly from?: string;
  readonly to?: string;
  readonly after?: bigint;
  readonly limit?: number;
}

/** Adds the options that choose events, the same for each command that lists some. */
export function addEventOptions(command: Command): Command {
  return command
    .option("--stream <stream>", "of this stream; several: of any of them", collect)
    .option("--type <type>", "of this type; several: of any of them", collect)
    .option("--tag <tag>", "with this tag; several: with all of them", collect)
    .option("--actor <actor>", "done by")
    .option("--ip <ip>", "done from")
    .option("--correlation <id>", "with this correlation id")
    .option("--from <time>", "recorded at or after, such as 2026-01-31T09:30:00Z")
    .option("--to <time>", "recorded before")
    .option("--after <n>", "past this position", decimal)
    .option("--limit <n>", "at most so many", count);
}

/**
 * The events that the options choose, oldest first.
 * Errors: LedgerError `invalid-argument` for a time that is none, at the call.
 */
export function selectEvents(
  options: EventArguments,
): (ledger: Pick<Ledger, "readStream" | "readAll">, signal: AbortSignal) => AsyncIterable<LedgerEvent> {
  const filter = toFilter(options);
  const { after, limit, stream = [] } = options;
  const [only] = stream;
  // A stream has an index of its own; conditions beside it are met by walking the ledger.
  const isOneStream = stream.length === 1 && after === undefined && Object.keys(filter).length === 1;
  return (ledger, signal) =>
    isOneStream && only !== undefined
      ? ledger.readStream(only, { limit, signal })
      : ledger.readAll({ after, limit, filter, signal });
}

/** An event as a JSON line. */
export function toEventLine(event: LedgerEvent, watermarks: Watermarks): object {
  const { position, version, stream, id, type, schema, tags, recordedAtMicros, data, metadata, hash } = event;
  const state = stateAt(position, watermarks);
  return { position, version, stream, id, type, schema, tags, recordedAtMicros, data, metadata, hash, state };
}

function toFilter({ stream, type, tag, actor, ip, correlation, from, to }: EventArguments): EventFilter {
  return {
    ...(stream === undefined ? {} : { streams: stream }),
    ...(type === undefined ? {} : { types: type }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(actor === undefined ? {} : { actor }),
    ...(ip === undefined ? {} : { ip }),
    ...(correlation === undefined ? {} : { correlationId: correlation }),
    ...(from === undefined ? {} : { recordedFromMicros: parseInstant(from, "--from").micros }),
    ...(to === undefined ? {} : { recordedToMicros: parseInstant(to, "--to").micros }),
  };
}

import { formatInstant, type LedgerEvent, parseInstant, stateAt } from "@eventchain/ledger";
import type { EventFilter, Watermarks } from "@eventchain/store";
import { collect, count, decimal } from "../frame/arguments.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";

interface LogArguments {
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

/** `log`: events, oldest first. */
export const registerLog: RegisterCommand = (program, run) => {
  program
    .command("log")
    .description("list events, oldest first; conditions are joined by and")
    .option("--stream <stream>", "of this stream; several: of any of them", collect)
    .option("--type <type>", "of this type; several: of any of them", collect)
    .option("--tag <tag>", "with this tag; several: with all of them", collect)
    .option("--actor <actor>", "done by")
    .option("--ip <ip>", "done from")
    .option("--correlation <id>", "with this correlation id")
    .option("--from <time>", "recorded at or after, such as 2026-01-31T09:30:00Z")
    .option("--to <time>", "recorded before")
    .option("--after <n>", "past this position", decimal)
    .option("--limit <n>", "at most so many", count)
    .action(run((context, options: LogArguments) => listEvents(context, options)));
};

async function listEvents(context: CommandContext, options: LogArguments): Promise<ExitCode> {
  const filter = toFilter(options);
  const ledger = await context.ledger();
  // Read once, before the events: no event is called further than it is.
  const watermarks = await ledger.watermarks();
  const { signal } = context;
  const { after, limit, stream = [] } = options;
  const [only] = stream;
  // A stream has an index of its own; conditions beside it are met by walking the ledger.
  const isOneStream = stream.length === 1 && after === undefined && Object.keys(filter).length === 1;
  const events =
    isOneStream && only !== undefined
      ? ledger.readStream(only, { limit, signal })
      : ledger.readAll({ after, limit, filter, signal });
  for await (const event of events) {
    await context.output.line(toJson(event, watermarks), toWords(event, watermarks));
  }
  return 0;
}

function toFilter({ stream, type, tag, actor, ip, correlation, from, to }: LogArguments): EventFilter {
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

function toJson(event: LedgerEvent, watermarks: Watermarks): object {
  const { position, version, stream, id, type, schema, tags, recordedAtMicros, data, metadata, hash } = event;
  const state = stateAt(position, watermarks);
  return { position, version, stream, id, type, schema, tags, recordedAtMicros, data, metadata, hash, state };
}

function toWords(event: LedgerEvent, watermarks: Watermarks): string {
  const { position, version, stream, type, recordedAtMicros, data, metadata } = event;
  const actor = typeof metadata?.actor === "string" ? `by ${metadata.actor}` : "";
  const content = data === null ? "(erased)" : JSON.stringify(data);
  const state = stateAt(position, watermarks).padEnd(8);
  const place = `${position}`.padStart(7);
  const parts = [place, formatInstant(recordedAtMicros), state, `${stream} v${version}`, type, actor, content];
  return showText(parts.filter((part) => part !== "").join("  "));
}

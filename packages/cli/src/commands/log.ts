import { formatInstant, type LedgerEvent, stateAt } from "@eventchain/ledger";
import type { Watermarks } from "@eventchain/store";
import { addEventOptions, type EventArguments, selectEvents, toEventLine } from "../events/select-events.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";

/** `log`: events, oldest first. */
export const registerLog: RegisterCommand = (program, run) => {
  addEventOptions(program.command("log").description("list events, oldest first; conditions are joined by and")).action(
    run((context, options: EventArguments) => listEvents(context, options)),
  );
};

async function listEvents(context: CommandContext, options: EventArguments): Promise<ExitCode> {
  const read = selectEvents(options);
  const ledger = await context.ledger();
  // Read once, before the events: no event is called further than it is.
  const watermarks = await ledger.watermarks();
  for await (const event of read(ledger, context.signal)) {
    await context.output.line(toEventLine(event, watermarks), toWords(event, watermarks));
  }
  return 0;
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

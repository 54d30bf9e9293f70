import type { LedgerEvent } from "@eventchain/ledger";
import { toCloudEvent } from "@eventchain/routes";
import type { Watermarks } from "@eventchain/store";
import { toEventLine } from "../events/select-events.ts";
import { toJsonText } from "../frame/output.ts";
import { csvHeader, csvLine } from "./format-csv.ts";

export const EXPORT_FORMATS = ["jsonl", "csv", "cloudevents"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How much is written at a time, in UTF-16 units. */
const CHUNK_LENGTH = 65_536;

interface ExportInput {
  readonly format: ExportFormat;
  readonly origin: string;
  readonly watermarks: Watermarks;
}

/** The text of an export, piece by piece: an event is read when the pieces before it were taken. */
export async function* exportEvents(
  events: AsyncIterable<LedgerEvent>,
  { format, origin, watermarks }: ExportInput,
): AsyncGenerator<string, void, undefined> {
  const lineOf: Record<ExportFormat, (event: LedgerEvent) => string> = {
    jsonl: (event) => `${toJsonText(toEventLine(event, watermarks))}\n`,
    csv: (event) => csvLine(event, watermarks),
    cloudevents: (event) => `${JSON.stringify(toCloudEvent(event, { origin }))}\n`,
  };
  let chunk = format === "csv" ? csvHeader() : "";
  for await (const event of events) {
    chunk += lineOf[format](event);
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

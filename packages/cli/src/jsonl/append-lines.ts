import { type DescribedError, describeError } from "../frame/describe-error.ts";
import type { OwnLedger } from "../frame/open-own-ledger.ts";
import { keepInFlight } from "./keep-in-flight.ts";
import { MAX_LINE_BYTES, parseAppendLine } from "./parse-append-line.ts";
import { type ShownReceipt, showReceipt } from "./show-receipt.ts";
import { type Line, splitLines } from "./split-lines.ts";

/** Enough to fill the groups that are sent together while their predecessors commit. */
const MAX_APPENDS_IN_FLIGHT = 1_200;
const MAX_BYTES_IN_FLIGHT = 16 * 2 ** 20;

/** What became of a line. */
export type LineResult = { readonly line: number } & (
  | { readonly shown: ShownReceipt }
  | { readonly failed: DescribedError }
);

/**
 * Appends each line of a stream by itself, many at a time, and yields what became of each, in the order of the lines. A
 * line that cannot be done does not keep the others from it. Blank lines are passed over. When the source fails, what is
 * under way is done first; also when `stop` says that no more is to be sent, which ends the results.
 */
export function appendLines(
  { ledger, make }: OwnLedger,
  source: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<LineResult> {
  const append = async (line: Line): Promise<LineResult> => {
    try {
      if ("error" in line) throw line.error;
      const { stream, event, options } = parseAppendLine(line.text);
      const receipt = await ledger.append(stream, make(event), options);
      return { line: line.number, shown: showReceipt(receipt) };
    } catch (error) {
      const described = describeError(error);
      return { line: line.number, failed: { ...described, json: { ...described.json, line: line.number } } };
    }
  };
  return keepInFlight(filled(splitLines(source, MAX_LINE_BYTES), stop), append, {
    maxItems: MAX_APPENDS_IN_FLIGHT,
    maxBytes: MAX_BYTES_IN_FLIGHT,
    bytesOf: (line) => line.bytes,
  });
}

async function* filled(lines: AsyncIterable<Line>, stop: AbortSignal): AsyncGenerator<Line> {
  try {
    for await (const line of lines) {
      if (stop.aborted) return;
      if ("error" in line || line.text.trim() !== "") yield line;
    }
  } catch (error) {
    // The source may have been let go by the same signal.
    if (!stop.aborted) throw error;
  }
}

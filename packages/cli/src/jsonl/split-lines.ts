import { isUtf8 } from "node:buffer";
import { LedgerError } from "@eventchain/core";

/** One line of a stream. `text` has no line feed; `error`: why it is no text. */
export type Line = { readonly number: number; readonly bytes: number } & (
  | { readonly text: string }
  | { readonly error: LedgerError }
);

const LINE_FEED = 0x0a;

/**
 * Cuts a stream of bytes into lines, counted from 1; the last one may lack its line feed. A line that is longer than
 * `maxBytes`, or not UTF-8, comes out as an error and the next one is read as usual: no more than one line is held.
 */
export async function* splitLines(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;

  const hold = (part: Uint8Array): void => {
    heldBytes += part.length;
    if (heldBytes <= maxBytes) held.push(part);
    else held = [];
  };
  const take = (): Line => {
    number += 1;
    const bytes = heldBytes;
    const line = bytes > maxBytes ? tooLong(number, bytes, maxBytes) : decode(number, Buffer.concat(held));
    held = [];
    heldBytes = 0;
    return line;
  };

  for await (const given of source) {
    const chunk = typeof given === "string" ? Buffer.from(given) : given;
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      hold(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) hold(chunk.subarray(start));
  }
  if (heldBytes > 0) yield take();
}

function decode(number: number, bytes: Buffer): Line {
  if (!isUtf8(bytes)) {
    const error = new LedgerError("invalid-json", `line ${number} is not UTF-8`, { values: { line: number } });
    return { number, bytes: bytes.length, error };
  }
  return { number, bytes: bytes.length, text: bytes.toString("utf8") };
}

function tooLong(number: number, bytes: number, maxBytes: number): Line {
  const error = new LedgerError("too-large", `line ${number} is longer than ${maxBytes} bytes`, {
    values: { line: number, maxBytes },
  });
  return { number, bytes, error };
}

import { isUtf8 } from "node:buffer";
import { Transform } from "node:stream";
import { LedgerError } from "@eventchain/core";

const LINE_FEED = 0x0a;

/** Passes bytes on as they are, and fails at the first line that is not UTF-8: LedgerError `invalid-argument`. */
export function checkUtf8(): Transform {
  let held: Buffer = Buffer.alloc(0);
  let line = 1;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const cut = bytes.length - unfinished(bytes);
      const whole = bytes.subarray(0, cut);
      held = bytes.subarray(cut);
      if (!isUtf8(whole)) return done(notUtf8(line + firstBadLine(whole)));
      line += countLines(whole);
      done(null, whole);
    },
    flush(done) {
      done(held.length === 0 ? null : notUtf8(line));
    },
  });
}

/** How many bytes at the end begin a character that goes on in the next chunk. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}

function firstBadLine(bytes: Buffer): number {
  let lines = 0;
  let start = 0;
  for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return lines;
    lines += 1;
    start = end + 1;
  }
  return lines;
}

function notUtf8(line: number): LedgerError {
  return new LedgerError("invalid-argument", `line ${line} is not UTF-8: convert the file first`, { values: { line } });
}

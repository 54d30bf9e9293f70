import { LedgerError } from "../errors.ts";
import { formatPath } from "./format-path.ts";
import { exceedsBytes, type JsonLimits, resolveLimits } from "./limits.ts";
import { isWhitespace, readString, type Scan, scanError } from "./scan-string.ts";

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const WORD = /[a-z]+/y;

/**
 * Parses JSON text that comes from outside (RFC 8259), more strictly than `JSON.parse`: refuses repeated keys, integers beyond
 * ±(2^53 − 1), numbers that overflow, lone surrogates, U+0000, and nesting over `maxDepth`, with `invalid-json`; a text over
 * `maxBytes` with `too-large`. The error's values are `path`, `offset` (UTF-16 units), `line` and `column` (from 1).
 * A key `__proto__` becomes a property like any other.
 */
export function parseJson(text: string, options?: JsonLimits): unknown {
  const limits = resolveLimits(options);
  if (typeof text !== "string") throw new LedgerError("invalid-argument", "JSON text must be a string");
  if (exceedsBytes(text, limits.maxBytes)) {
    throw new LedgerError("too-large", `the JSON text is longer than ${limits.maxBytes} bytes`, {
      values: { maxBytes: limits.maxBytes },
    });
  }
  const scan: Scan = { text, at: 0, path: [] };
  const value = readValue(scan, limits.maxDepth);
  skipWhitespace(scan);
  if (scan.at < text.length) throw fail(scan, "something follows after the end of the value");
  return value;
}

function readValue(scan: Scan, depthLeft: number): unknown {
  skipWhitespace(scan);
  switch (scan.text[scan.at]) {
    case "{":
    case "[": {
      if (depthLeft === 0) throw fail(scan, "is nested too deep");
      return scan.text[scan.at] === "{" ? readObject(scan, depthLeft - 1) : readArray(scan, depthLeft - 1);
    }
    case '"':
      return readString(scan);
    case undefined:
      throw fail(scan, "the text ends where a value is due");
    default:
      return readNumber(scan);
  }
}

function readObject(scan: Scan, depthLeft: number): object {
  const object: Record<string, unknown> = {};
  scan.at++;
  skipWhitespace(scan);
  if (take(scan, "}")) return object;
  do {
    skipWhitespace(scan);
    const start = scan.at;
    if (scan.text[start] !== '"') throw fail(scan, "a key in double quotes is due");
    const key = readString(scan);
    scan.path.push(key);
    if (Object.hasOwn(object, key)) throw fail(scan, "is given twice", start);
    skipWhitespace(scan);
    if (!take(scan, ":")) throw fail(scan, "a colon is due");
    setMember(object, key, readValue(scan, depthLeft));
    scan.path.pop();
    skipWhitespace(scan);
  } while (take(scan, ","));
  if (!take(scan, "}")) throw fail(scan, "a comma or } is due");
  return object;
}

function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  // An assignment would set the prototype instead.
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function readArray(scan: Scan, depthLeft: number): unknown[] {
  const items: unknown[] = [];
  scan.at++;
  skipWhitespace(scan);
  if (take(scan, "]")) return items;
  do {
    scan.path.push(items.length);
    items.push(readValue(scan, depthLeft));
    scan.path.pop();
    skipWhitespace(scan);
  } while (take(scan, ","));
  if (!take(scan, "]")) throw fail(scan, "a comma or ] is due");
  return items;
}

function readNumber(scan: Scan): number | boolean | null {
  NUMBER.lastIndex = scan.at;
  const match = NUMBER.exec(scan.text);
  if (match === null) return readWord(scan);
  const value = Number(match[0]);
  const isInteger = match[1] === undefined && match[2] === undefined;
  if (isInteger && !Number.isSafeInteger(value))
    throw fail(scan, "is an integer beyond ±(2^53 − 1): write it as a string");
  if (!Number.isFinite(value)) throw fail(scan, "is a number that does not fit a double");
  scan.at += match[0].length;
  return value;
}

function readWord(scan: Scan): boolean | null {
  WORD.lastIndex = scan.at;
  const word = WORD.exec(scan.text)?.[0];
  if (word !== "true" && word !== "false" && word !== "null") throw fail(scan, "is not a JSON value");
  scan.at += word.length;
  return word === "null" ? null : word === "true";
}

function take(scan: Scan, character: string): boolean {
  if (scan.text[scan.at] !== character) return false;
  scan.at++;
  return true;
}

function skipWhitespace(scan: Scan): void {
  while (isWhitespace(scan.text.charCodeAt(scan.at))) scan.at++;
}

function fail(scan: Scan, problem: string, at: number = scan.at): LedgerError {
  return scanError(scan, `${formatPath(scan.path)}: ${problem}`, at);
}

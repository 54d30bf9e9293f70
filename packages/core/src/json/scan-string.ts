import { LedgerError } from "../errors.ts";
import { formatPath } from "./format-path.ts";

/** A scanner's state: the text, the offset of the next UTF-16 unit, and the JSON path that this is at. */
export interface Scan {
  readonly text: string;
  at: number;
  readonly path: (string | number)[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Reads the string whose opening quote the scanner stands at, and leaves it after the closing one. Throws `invalid-json`. */
export function readString(scan: Scan): string {
  const start = scan.at;
  let string = "";
  let from = ++scan.at;
  for (;;) {
    const unit = scan.text.charCodeAt(scan.at);
    if (unit === QUOTE) break;
    if (unit === BACKSLASH) {
      string += scan.text.slice(from, scan.at) + readEscape(scan);
      from = scan.at;
    } else if (unit >= 0x20) {
      scan.at++;
    } else {
      const problem = Number.isNaN(unit)
        ? "a string has no end"
        : "a string holds a control character that is not escaped";
      throw stringError(scan, problem, Number.isNaN(unit) ? start : scan.at);
    }
  }
  string += scan.text.slice(from, scan.at);
  scan.at++;
  if (!string.isWellFormed()) throw stringError(scan, "a string holds a lone surrogate", start);
  if (string.includes("\0")) throw stringError(scan, "a string holds the character U+0000", start);
  return string;
}

function readEscape(scan: Scan): string {
  const letter = scan.text[scan.at + 1] ?? "";
  if (letter === "u") {
    const digits = scan.text.slice(scan.at + 2, scan.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw stringError(scan, "\\u is not followed by four hex digits", scan.at);
    scan.at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  const character = ESCAPES[letter];
  if (character === undefined) throw stringError(scan, "a string holds an unknown escape", scan.at);
  scan.at += 2;
  return character;
}

/** Space, tab, line feed or carriage return: all that JSON calls white space. */
export function isWhitespace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** An `invalid-json` error that says where: line and column from 1, offset and path among the values. */
export function scanError(scan: Scan, problem: string, at: number): LedgerError {
  const before = scan.text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  return new LedgerError("invalid-json", `JSON, line ${line}, column ${column}: ${problem}`, {
    values: { path: formatPath(scan.path), offset: at, line, column },
  });
}

function stringError(scan: Scan, problem: string, at: number): LedgerError {
  return scanError(scan, `${formatPath(scan.path)}: ${problem}`, at);
}

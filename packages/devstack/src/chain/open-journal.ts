import { closeSync, existsSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { LedgerError } from "@eventchain/core";
import { syncFolder } from "../files/prepare-folder.ts";

// The journal is one JSON object a line: what the chain began with, then each block, and each call that changed the state
// between two blocks, in their order. A line counts once its line feed is written. It is cut back, never edited, when the
// chain itself goes back.

/** What the first block depends on. */
export interface ChainOrigin {
  readonly format: 1;
  readonly chainId: number;
  readonly hardfork: string;
  /** Seconds since 1970. */
  readonly timeSeconds: number;
  /** The first block's hash, 0x and 64 hex digits. */
  readonly genesis: string;
}

/** A transaction as it was signed, or the request of one that nobody signed (an impersonated sender's). */
export type KeptTransaction = string | Readonly<Record<string, string>>;

export interface KeptBlock {
  readonly block: number;
  readonly hash: string;
  readonly timeSeconds: number;
  /** Left out of an empty block. */
  readonly transactions?: readonly KeptTransaction[];
}

/** A development node's method that changes the state without a block. */
interface KeptCall {
  readonly call: string;
  readonly params: readonly unknown[];
}

export type JournalEntry = KeptBlock | KeptCall;

export interface Journal {
  readonly origin: ChainOrigin | undefined;
  readonly entries: readonly JournalEntry[];
  /** Writes the first line of a new journal. */
  begin(origin: ChainOrigin): void;
  /** Adds a line; durable on return. */
  append(entry: JournalEntry): void;
  /** Keeps the first `count` entries; durable on return. */
  cut(count: number): void;
  close(): void;
}

/**
 * Opens a journal, or makes an empty one. A last line torn by a crash is dropped.
 *
 * @throws LedgerError `stack-failed` if any other line cannot be read
 */
export function openJournal(path: string): Journal {
  const isNew = !existsSync(path);
  const handle = openSync(path, isNew ? "w+" : "r+", 0o600);
  if (isNew) syncFolder(dirname(path));
  const lines = wholeLines(isNew ? Buffer.alloc(0) : readFileSync(path));
  if (lines.length > 0 && parseLine(lines.at(-1)?.text ?? "") === undefined) lines.pop();
  ftruncateSync(handle, lines.at(-1)?.end ?? 0);
  const values = lines.map((line, index) => parseLine(line.text) ?? unreadable(path, index + 1));
  const ends = lines.slice(1).map((line) => line.end);
  const entries = values.slice(1) as unknown as JournalEntry[];
  let origin = values[0] as unknown as ChainOrigin | undefined;
  let firstEnd = lines[0]?.end ?? 0;
  const write = (value: object): number => {
    const start = ends.at(-1) ?? firstEnd;
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    let written = 0;
    while (written < bytes.length)
      written += writeSync(handle, bytes, written, bytes.length - written, start + written);
    fdatasyncSync(handle);
    return start + bytes.length;
  };
  return {
    get origin() {
      return origin;
    },
    entries,
    begin(value) {
      firstEnd = write(value);
      origin = value;
    },
    append(entry) {
      ends.push(write(entry));
      entries.push(entry);
    },
    cut(count) {
      ends.length = Math.min(ends.length, count);
      entries.length = ends.length;
      ftruncateSync(handle, ends.at(-1) ?? firstEnd);
      fdatasyncSync(handle);
    },
    close: () => closeSync(handle),
  };
}

function wholeLines(bytes: Buffer): { text: string; end: number }[] {
  const lines: { text: string; end: number }[] = [];
  let start = 0;
  for (let feed = bytes.indexOf(10); feed !== -1; feed = bytes.indexOf(10, start)) {
    lines.push({ text: bytes.toString("utf8", start, feed), end: feed + 1 });
    start = feed + 1;
  }
  return lines;
}

function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(path: string, line: number): never {
  throw new LedgerError(
    "stack-failed",
    `line ${line} of ${path} cannot be read: start with --fresh, which makes a new chain`,
    {
      values: { path, line },
    },
  );
}

import {
  type Bytes,
  equalBytes,
  LedgerError,
  openNote,
  originLine,
  parseCheckpoint,
  parseOriginLine,
} from "@eventchain/core";
import { bytesAt, integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Row, Snapshot } from "../database/open-snapshot.ts";

const checkpointScan = statement("checkpoint-scan");

/** A row of `checkpoints`, judged by itself. `problem` undefined: signed by a known key, and the row says what the note says. */
export interface StoredCheckpoint {
  epoch: bigint;
  size: bigint;
  root: Bytes;
  problem: string | undefined;
}

/** Reads and judges the checkpoints of the database, those of each epoch in the order of their sizes. */
export async function* readCheckpoints(
  snapshot: Snapshot,
  ledgerId: bigint,
  origin: string,
  vkeys: readonly string[],
): AsyncGenerator<StoredCheckpoint> {
  for await (const page of snapshot.pages(checkpointScan, [ledgerId])) {
    for (const row of page) yield judgeRow(row, origin, vkeys);
  }
}

function judgeRow(row: Row, origin: string, vkeys: readonly string[]): StoredCheckpoint {
  const stored = { epoch: integerAt(row, 0), size: integerAt(row, 1), root: bytesAt(row, 2) };
  return { ...stored, problem: problemOf(stored, textAt(row, 3), origin, vkeys) };
}

function problemOf(
  stored: { epoch: bigint; size: bigint; root: Bytes },
  note: string,
  origin: string,
  vkeys: readonly string[],
): string | undefined {
  try {
    const signed = parseCheckpoint(openNote(note, vkeys).text);
    if (signed.origin !== originLine(origin, stored.epoch)) return `the note is of ${signed.origin}`;
    if (signed.size !== stored.size) return `the note is of size ${signed.size}`;
    if (!equalBytes(signed.root, stored.root)) return "the note has another root than its row";
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error.message;
    throw error;
  }
}

/** A checkpoint given from outside. */
export interface OutsideCheckpoint {
  size: bigint;
  root: Bytes;
  epoch: bigint;
  /** Why it is not believed: its signature fails, or no known key made it. */
  problem: string | undefined;
}

/**
 * Reads a note given from outside. Throws `bad-note` or `bad-checkpoint` for what is no signed checkpoint at all, and
 * `invalid-argument` for one of another ledger.
 */
export function readOutsideCheckpoint(note: string, origin: string, vkeys: readonly string[]): OutsideCheckpoint {
  const end = note.lastIndexOf("\n\n");
  const { origin: line, size, root } = parseCheckpoint(note.slice(0, end + 1));
  const named = parseOriginLine(line);
  if (named.origin !== origin) {
    throw new LedgerError("invalid-argument", `the checkpoint given is of ${named.origin}, not of ${origin}`, {
      values: { origin: named.origin },
    });
  }
  try {
    openNote(note, vkeys);
    return { size, root, epoch: named.epoch, problem: undefined };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { size, root, epoch: named.epoch, problem: error.message };
  }
}

import { isOrigin } from "../check-name.ts";
import { base64ToBytes } from "../decode-bytes.ts";
import { type Bytes, bytesToBase64 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { parseDecimal } from "../integers.ts";

/** The greatest epoch, as the contract counts them: 2^32 − 1. */
const MAX_EPOCH = 2n ** 32n - 1n;

/** A log's head as a checkpoint states it. */
export interface Checkpoint {
  /** The origin line: `origin`, or `origin~<epoch>` after a supersession. */
  origin: string;
  size: bigint;
  /** 32 bytes. */
  root: Bytes;
}

/** The three lines of a checkpoint (C2SP tlog-checkpoint), the text that is signed. Throws `bad-checkpoint`. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const text = `${checkpoint.origin}\n${checkpoint.size}\n${bytesToBase64(checkpoint.root)}\n`;
  parseCheckpoint(text);
  return text;
}

/** Reads a checkpoint of exactly three lines: origin, canonical decimal size, canonical base64 root. Throws `bad-checkpoint`. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = typeof text === "string" ? text.split("\n") : [];
  const [origin, size, root, end] = lines;
  if (origin === undefined || size === undefined || root === undefined || end !== "" || lines.length !== 4) {
    throw badCheckpoint("not exactly three lines");
  }
  parseOriginLine(origin);
  try {
    return { origin, size: parseDecimal(size, "size"), root: base64ToBytes(root, 32) };
  } catch (error) {
    throw badCheckpoint((error as Error).message, error);
  }
}

/** The origin line and key name of an epoch: `origin` in epoch 0, `origin~<epoch>` after it. Throws `invalid-argument`. */
export function originLine(origin: string, epoch: bigint | number): string {
  const value = BigInt(epoch);
  if (!isOrigin(origin) || value < 0n || value > MAX_EPOCH) {
    throw new LedgerError("invalid-argument", "not an origin, or not an epoch of 32 bits", {
      values: { origin, epoch: value },
    });
  }
  return value === 0n ? origin : `${origin}~${value}`;
}

/** The ledger's origin and the epoch of an origin line. Throws `bad-checkpoint`. */
export function parseOriginLine(line: string): { origin: string; epoch: bigint } {
  const [, origin = "", , epoch] = /^([^~]*)(~([1-9][0-9]{0,9}))?$/.exec(line) ?? [];
  if (!isOrigin(origin) || BigInt(epoch ?? 0) > MAX_EPOCH) throw badCheckpoint("the first line is not an origin");
  return { origin, epoch: BigInt(epoch ?? 0) };
}

function badCheckpoint(problem: string, cause?: unknown): LedgerError {
  return new LedgerError("bad-checkpoint", `checkpoint: ${problem}`, { cause });
}

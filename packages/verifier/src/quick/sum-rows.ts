import { utf8 } from "@eventchain/core";
import { commandRowImage, recordedImage } from "./command-image.ts";
import { addImage, emptySum, MultisetKey, type MultisetSum, TAG_ITEM } from "./multiset-key.ts";
import { RowFields, wideAt } from "./row-fields.ts";

const RECORDED = utf8("recorded");
const REJECTED = utf8("rejected");

/** The sum over a batch of rows of `event_tags`, from a COPY of `tag-copy.sql`. `undefined`: a null, or not to be judged here. */
export function sumTagRows(bytes: Buffer, secret: Uint8Array): MultisetSum | undefined {
  const key = new MultisetKey(secret);
  const fields = new RowFields(3);
  const view = fields.open(bytes);
  const sum = emptySum();
  while (fields.next()) {
    const { at, length } = fields;
    const position = wideAt(view, at[0] as number);
    if (length[0] !== 8 || (length[1] as number) < 0 || (length[2] as number) < 0) return undefined;
    if (!Number.isSafeInteger(position) || position < 1) return undefined;
    key.begin(TAG_ITEM);
    key.integer(position);
    key.bytes(view, at[1] as number, length[1] as number);
    key.bytes(view, at[2] as number, length[2] as number);
    key.end();
    addImage(sum, key);
  }
  return sum;
}

/** Which events `commands` is compared with. */
export interface CommandRange {
  from: number;
  head: number;
  /** Positions of events that nothing says the command of, in order. */
  unnamed: Float64Array;
}

export interface CommandSum extends MultisetSum {
  /** Those of the unnamed events' positions that a command has. */
  covered: number[];
  /** How many events were counted. */
  events: number;
}

/** The sum over a batch of rows of `commands`, from a COPY of `command-copy.sql`, each counted for every event that it has. */
export function sumCommandRows(bytes: Buffer, secret: Uint8Array, range: CommandRange): CommandSum | undefined {
  const key = new MultisetKey(secret);
  const fields = new RowFields(7);
  const view = fields.open(bytes);
  const sum: CommandSum = { ...emptySum(), covered: [], events: 0 };
  const unnamed = new Set(range.unnamed);
  while (fields.next()) {
    const { at, length } = fields;
    if ((length[0] as number) < 0 || length[1] !== 8 || length[2] !== 8) return undefined;
    const [first, last] = [wideAt(view, at[1] as number), wideAt(view, at[2] as number)];
    const [idAt, idLength] = [at[0] as number, length[0] as number];
    if (!(first >= 1 && first <= last && last <= range.head)) return undefined;
    const isRecorded = isWord(bytes, at[3] as number, length[3] as number, RECORDED);
    // What is recorded has no code.
    if (isRecorded && (length[4] as number) >= 0) return undefined;
    if (!isRecorded && !isWord(bytes, at[3] as number, length[3] as number, REJECTED)) return undefined;
    sum.events += last - Math.max(first, range.from) + 1;
    // No event has two commands.
    if (sum.events > range.head - range.from + 1) return undefined;
    for (let position = Math.max(first, range.from); position <= last; position++) {
      if (unnamed.size > 0 && unnamed.has(position)) {
        sum.covered.push(position);
        continue;
      }
      if (isRecorded) recordedImage(key, position, view, idAt, idLength);
      else commandRowImage(key, position, view, fields);
      addImage(sum, key);
    }
  }
  return sum;
}

function isWord(bytes: Uint8Array, at: number, length: number, word: Uint8Array): boolean {
  if (length !== word.length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

import { utf8 } from "@eventchain/core";
import type { RejectionData } from "../events/read-rejection.ts";
import { COMMAND_ITEM, type MultisetKey } from "./multiset-key.ts";
import type { RowFields } from "./row-fields.ts";

/** That the event at a position was recorded by a command: its id stands in `bytes`. The image is the key's `low` and `high`. */
export function recordedImage(key: MultisetKey, position: number, bytes: DataView, at: number, length: number): void {
  key.begin(COMMAND_ITEM);
  key.integer(position);
  key.bytes(bytes, at, length);
  key.end();
}

/** The same of a decoded event; with `rejection` it is what the command was refused by. */
export function commandImage(
  key: MultisetKey,
  position: number,
  id: string,
  rejection: RejectionData | undefined,
): void {
  const text = viewOf(id);
  if (rejection === undefined) {
    recordedImage(key, position, text, 0, text.byteLength);
    return;
  }
  key.begin(COMMAND_ITEM);
  key.integer(position);
  key.bytes(text, 0, text.byteLength);
  for (const part of [rejection.code, rejection.type, rejection.actor]) {
    const bytes = viewOf(part ?? "");
    key.word(part === null ? 0 : 1);
    key.bytes(bytes, 0, bytes.byteLength);
  }
  key.end();
}

/** The same of a rejection's row of `commands`: its id, and in the fields 4 to 6 its code, type and actor. */
export function commandRowImage(key: MultisetKey, position: number, bytes: DataView, fields: RowFields): void {
  const { at, length } = fields;
  key.begin(COMMAND_ITEM);
  key.integer(position);
  key.bytes(bytes, at[0] as number, length[0] as number);
  for (const field of [4, 5, 6]) {
    const size = length[field] as number;
    key.word(size < 0 ? 0 : 1);
    key.bytes(bytes, at[field] as number, Math.max(size, 0));
  }
  key.end();
}

function viewOf(text: string): DataView {
  const bytes = utf8(text);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

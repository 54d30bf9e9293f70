import { platform } from "#crypto";
import type { Bytes } from "../encode-bytes.ts";
import { assembleLanes, CONSTANTS, INPUT, LANE_LENGTHS, laneConstants, OUTPUT } from "./sha256-lanes.ts";

// What is used of the WebAssembly JavaScript interface; the libraries of a browser's types and of Node's both have more.
declare const WebAssembly:
  | undefined
  | {
      Module: new (bytes: Bytes) => object;
      Instance: new (module: object) => { exports: Record<string, unknown> };
    };

/** SHA-256 of each message after a tag of one byte: 32 bytes each, one after the other, as the messages are. */
export type HashBatch = (tag: number, messages: Bytes, length: number) => Bytes;
type HashLanes = (tag: number, input: number, end: number, output: number) => void;

/** After so many short messages the batch is worth a program of its own, which takes as long to assemble as they took. */
const LANES_FROM = 16_384;
/** Messages for one call: few enough that the engine soon has a call to do the next of with optimised code. */
const CALL_MESSAGES = 1_024;

let plainCount = 0;
let lanes: HashBatch | undefined;

/**
 * SHA-256 of `tag || message` for each of `messages`, which are `length` bytes each: 32 bytes each. Batches of the lengths
 * 32, 64 and 88 go through four lanes at a time once there were enough of them, where the engine can do it.
 */
export function hashBatch(tag: number, messages: Bytes, length: number): Bytes {
  if (lanes !== undefined && messages.length >= 2 * length) return lanes(tag, messages, length);
  plainCount += messages.length / length;
  if (plainCount > LANES_FROM) lanes ??= openLanes() ?? hashOneByOne;
  return hashOneByOne(tag, messages, length);
}

/** The plain way. */
export function hashOneByOne(tag: number, messages: Bytes, length: number): Bytes {
  const hashes = new Uint8Array((messages.length / length) * 32);
  const input = new Uint8Array(1 + length);
  input[0] = tag;
  for (let from = 0, to = 0; from < messages.length; from += length, to += 32) {
    input.set(messages.subarray(from, from + length), 1);
    hashes.set(platform.sha256(input), to);
  }
  return hashes;
}

/** Four lanes of WebAssembly's SIMD; undefined where the engine has none, or is not allowed to compile. */
export function openLanes(): HashBatch | undefined {
  if (typeof WebAssembly === "undefined") return undefined;
  let exports: Record<string, unknown>;
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(assembleLanes())).exports;
  } catch {
    return undefined;
  }
  const memory = new Uint8Array((exports.memory as { buffer: ArrayBuffer }).buffer);
  const view = new DataView(memory.buffer);
  for (const [i, word] of laneConstants().entries()) view.setUint32(CONSTANTS + 4 * i, word, true);
  const byLength = new Map(LANE_LENGTHS.map((length) => [length, exports[`hash${length}`] as HashLanes]));
  return (tag, messages, length) => {
    const run = byLength.get(length);
    if (run === undefined) return hashOneByOne(tag, messages, length);
    const hashes = new Uint8Array((messages.length / length) * 32);
    for (let from = 0, to = 0; from < messages.length; from += CALL_MESSAGES * length, to += CALL_MESSAGES * 32) {
      const part = messages.subarray(from, from + CALL_MESSAGES * length);
      memory.set(part, INPUT);
      // The tag's place is the byte before a message. A last group that is not full takes what else is there, unread.
      run(tag, INPUT - 1, INPUT - 1 + part.length, OUTPUT);
      hashes.set(memory.subarray(OUTPUT, OUTPUT + (part.length / length) * 32), to);
    }
    return hashes;
  };
}

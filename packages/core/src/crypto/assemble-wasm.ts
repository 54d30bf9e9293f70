import type { Bytes } from "../encode-bytes.ts";

/** Instructions as bytes (WebAssembly core specification, chapter 5). An expression leaves one value on the stack. */
export type Code = readonly (number | Code)[];

export interface WasmFunction {
  name: string;
  /** How many `i32` it takes: locals 0 and up. */
  params: number;
  /** How many `v128` are its locals, after them. */
  vectors: number;
  body: Code;
}

const [I32, V128] = [0x7f, 0x7b];
const simd = (opcode: number): Code => [0xfd, leb(opcode)];
/** An address `offset` bytes on; that it is aligned is not promised. */
const on = (offset: number): Code => [0, leb(offset)];
const joined = (terms: readonly Code[], operation: Code): Code =>
  terms.map((term, i) => (i === 0 ? term : [term, operation]));

export const get = (local: number): Code => [0x20, leb(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, leb(local)];
export const call = (index: number): Code => [0x10, leb(index)];
export const i32 = (value: number): Code => [0x41, signedLeb(value)];
export const i32Add = (a: Code, b: Code): Code => [a, b, 0x6a];
/** Unsigned. */
export const i32Below = (a: Code, b: Code): Code => [a, b, 0x49];
/** Runs the body, and again while the condition after it holds. */
export const doWhile = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];

export const load = (address: Code, offset: number): Code => [address, simd(0x00), on(offset)];
export const store = (address: Code, offset: number, value: Code): Code => [address, value, simd(0x0b), on(offset)];
/** 32 bits of memory into all lanes. */
export const loadSplat = (address: Code, offset: number): Code => [address, simd(0x09), on(offset)];
/** 32 bits of memory into lane 0, the others 0. */
export const loadFirst = (address: Code, offset: number): Code => [address, simd(0x5c), on(offset)];
/** The vector with 32 bits of memory in one lane. */
export const loadLane = (address: Code, offset: number, vector: Code, lane: number): Code => [
  [address, vector, simd(0x56)],
  [on(offset), lane],
];
export const storeLane = (address: Code, offset: number, vector: Code, lane: number): Code => [
  [address, vector, simd(0x5a)],
  [on(offset), lane],
];
export const splat = (value: Code): Code => [value, simd(0x11)];
/** Sixteen bytes of a local, each named by its place. */
export const shuffle = (local: number, order: readonly number[]): Code => [
  [get(local), get(local)],
  [simd(0x0d), order],
];
export const and = (...terms: readonly Code[]): Code => joined(terms, simd(0x4e));
export const or = (...terms: readonly Code[]): Code => joined(terms, simd(0x50));
export const xor = (...terms: readonly Code[]): Code => joined(terms, simd(0x51));
/** Each lane modulo 2^32. */
export const add = (...terms: readonly Code[]): Code => joined(terms, simd(0xae));
export const shl = (vector: Code, bits: number): Code => [vector, i32(bits), simd(0xab)];
/** Zeros come in from the left. */
export const shr = (vector: Code, bits: number): Code => [vector, i32(bits), simd(0xad)];

/**
 * A module that exports its functions by name, and its memory of `pages` times 64 KiB as `memory`. Functions return
 * nothing; they call each other by their place in the list.
 */
export function assembleWasm(functions: readonly WasmFunction[], pages: number): Bytes {
  const types = functions.map(({ params }) => [0x60, list(new Array<Code>(params).fill([I32])), list([])]);
  const bodies = functions.map(({ vectors, body }) => sized([list([[leb(vectors), V128]]), body, 0x0b]));
  const exports = functions.map(({ name }, i) => [text(name), 0x00, leb(i)]);
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      [1, sized(list(types))],
      [3, sized(list(functions.map((_, i) => leb(i))))],
      [5, sized(list([[0x00, leb(pages)]]))],
      [7, sized(list([[text("memory"), 0x02, 0], ...exports]))],
      [10, sized(list(bodies))],
    ]),
  );
}

const list = (items: readonly Code[]): Code => [leb(items.length), items];
const text = (name: string): Code => list([...name].map((character) => [character.charCodeAt(0)]));

function sized(content: Code): Code {
  const bytes = flatten(content);
  return [leb(bytes.length), bytes];
}

function flatten(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === "number") into.push(part);
    else flatten(part, into);
  }
  return into;
}

/** Unsigned LEB128. */
function leb(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, leb(value >>> 7)];
}

/** Signed LEB128, of 32 bits. */
function signedLeb(value: number): Code {
  const low = value & 127;
  const rest = value >> 7;
  return rest === ((low & 64) === 0 ? 0 : -1) ? [low] : [low | 128, signedLeb(rest)];
}

import type { Bytes } from "../encode-bytes.ts";
import {
  add,
  and,
  assembleWasm,
  type Code,
  call,
  doWhile,
  get,
  i32,
  i32Add,
  i32Below,
  load,
  loadFirst,
  loadLane,
  loadSplat,
  or,
  set,
  shl,
  shr,
  shuffle,
  splat,
  store,
  storeLane,
  type WasmFunction,
  xor,
} from "./assemble-wasm.ts";

/** Messages that are hashed at a time. Every vector of the program holds one 32-bit word of each. */
const LANES = 4;

// Where things are in the module's memory, in bytes.
/** The 64 constants of the rounds, then the 8 words of the first state: 32 bits each, little-endian. */
export const CONSTANTS = 0;
const FIRST_STATE = 256;
/** 8 and 16 vectors. */
const STATE = 512;
const BLOCK = 640;
/** Messages, one after the other. The byte before the first one is read too, and ignored. */
export const INPUT = 1024;
export const OUTPUT = 98_304;
const PAGES = 2;

const memory = i32(0);
/** 32 bits of each lane, from the order of bytes in memory to that of numbers and back. */
const SWAP = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

const rotr = (x: Code, bits: number): Code => xor(shr(x, bits), shl(x, 32 - bits));
// The functions of FIPS 180-4 section 4.1.2.
const upperSigma0 = (x: Code): Code => xor(rotr(x, 2), rotr(x, 13), rotr(x, 22));
const upperSigma1 = (x: Code): Code => xor(rotr(x, 6), rotr(x, 11), rotr(x, 25));
const lowerSigma0 = (x: Code): Code => xor(rotr(x, 7), rotr(x, 18), shr(x, 3));
const lowerSigma1 = (x: Code): Code => xor(rotr(x, 17), rotr(x, 19), shr(x, 10));
const choice = (x: Code, y: Code, z: Code): Code => xor(z, and(x, xor(y, z)));

/** One block of FIPS 180-4 section 6.2.2: from BLOCK into STATE. */
function compressBlock(): WasmFunction {
  const [WORDS, T1, A_XOR_B, B_XOR_C, VECTORS] = [8, 24, 25, 26, 27];
  const code: Code[] = [];
  for (let i = 0; i < 8; i++) code.push(set(i, load(memory, STATE + 16 * i)));
  for (let i = 0; i < 16; i++) code.push(set(WORDS + i, load(memory, BLOCK + 16 * i)));
  code.push(set(B_XOR_C, xor(get(1), get(2))));
  for (let t = 0; t < 64; t++) {
    // The letters move by one place in each round; here the places stay, and the letters' names move.
    const place = (letter: number): number => (letter - t + 64) % 8;
    const [a, b] = [get(place(0)), get(place(1))];
    const [e, f, g] = [get(place(4)), get(place(5)), get(place(6))];
    const [d, h] = [place(3), place(7)];
    const word = (back: number): number => WORDS + ((t - back + 16) % 16);
    if (t >= 16) {
      const terms = [get(word(16)), lowerSigma0(get(word(15))), get(word(7)), lowerSigma1(get(word(2)))];
      code.push(set(word(0), add(...terms)));
    }
    const constant = loadSplat(memory, CONSTANTS + 4 * t);
    code.push(set(T1, add(get(h), get(word(0)), constant, choice(e, f, g), upperSigma1(e))));
    code.push(set(d, add(get(d), get(T1))));
    // The majority of a, b and c is b ^ ((a ^ b) & (b ^ c)); what is b ^ c here was a ^ b in the round before.
    code.push(set(A_XOR_B, xor(a, b)));
    code.push(set(h, add(get(T1), xor(b, and(get(A_XOR_B), get(B_XOR_C))), upperSigma0(a))));
    code.push(set(B_XOR_C, get(A_XOR_B)));
  }
  for (let i = 0; i < 8; i++) code.push(store(memory, STATE + 16 * i, add(get(i), load(memory, STATE + 16 * i))));
  return { name: "compressBlock", params: 0, vectors: VECTORS, body: code };
}

/** `(tag, input, end, output)`: the hashes of `tag || message` for the messages of `length` bytes from input + 1 to end + 1. */
function hashMessages(length: number, compress: number): WasmFunction {
  const [TAG, FROM, END, TO, WORD] = [0, 1, 2, 3, 4];
  const paddedLength = Math.ceil((1 + length + 9) / 64) * 64;
  const code: Code[] = [];
  for (let i = 0; i < 8; i++) code.push(store(memory, STATE + 16 * i, loadSplat(memory, FIRST_STATE + 4 * i)));
  for (let at = 0; at < paddedLength; at += 4) {
    // After the message: one bit, zeros, and the length in bits.
    let word = splat(i32(at === paddedLength - 4 ? 8 * (1 + length) : 0));
    if (at <= length) {
      let bytes = loadFirst(get(FROM), at);
      for (let lane = 1; lane < LANES; lane++) bytes = loadLane(get(FROM), at + lane * length, bytes, lane);
      code.push(set(WORD, bytes));
      word = shuffle(WORD, SWAP);
    }
    if (at === 0) word = or(shr(shl(word, 8), 8), shl(splat(get(TAG)), 24));
    if (at === length) word = or(shl(shr(word, 24), 24), splat(i32(0x80_00_00)));
    code.push(store(memory, BLOCK + 4 * (at % 64), word));
    if (at % 64 === 60) code.push(call(compress));
  }
  for (let i = 0; i < 8; i++) {
    code.push(set(WORD, load(memory, STATE + 16 * i)), set(WORD, shuffle(WORD, SWAP)));
    for (let lane = 0; lane < LANES; lane++) code.push(storeLane(get(TO), 32 * lane + 4 * i, get(WORD), lane));
  }
  code.push(set(FROM, i32Add(get(FROM), i32(LANES * length))), set(TO, i32Add(get(TO), i32(LANES * 32))));
  const body = doWhile(code, i32Below(get(FROM), get(END)));
  return { name: `hash${length}`, params: 4, vectors: 1, body };
}

/** Lengths of the messages, without their tags, that there is a function for: multiples of 4. */
export const LANE_LENGTHS: readonly number[] = [32, 64, 88];

/**
 * A WebAssembly module for SHA-256 of many short messages of one length, each after a tag of one byte: exports `memory`
 * and, for each of LANE_LENGTHS, `hash<length>`.
 */
export function assembleLanes(): Bytes {
  return assembleWasm([compressBlock(), ...LANE_LENGTHS.map((length) => hashMessages(length, 0))], PAGES);
}

/** What belongs at CONSTANTS. Derived: FIPS 180-4 sections 4.2.2 and 5.3.3. */
export function laneConstants(): Uint32Array {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  const words = [
    ...primes.map((prime) => fractionOfRoot(prime, 3n)),
    ...primes.slice(0, 8).map((prime) => fractionOfRoot(prime, 2n)),
  ];
  return Uint32Array.from(words, Number);
}

/** The first 32 bits after the point of the number's second or third root. */
function fractionOfRoot(number: bigint, degree: bigint): bigint {
  const target = number << (32n * degree);
  let root = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((root + bit) ** degree <= target) root += bit;
  return root & 0xffff_ffffn;
}

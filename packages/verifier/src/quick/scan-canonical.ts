import { isUtf8 } from "node:buffer";

/** So deep it looks; what nests deeper is left to the plain check. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const OBJECT = 0x7d;
/** `commandId`, as metadata names the command. */
const COMMAND_ID = Uint8Array.from("commandId", (letter) => letter.charCodeAt(0));

/** Where the value of a top-level `commandId` stands, without its quotes; −1 where there is none that is a string. */
export interface CommandIdSpot {
  from: number;
  to: number;
  /** It is written with an escape: another text than the bytes say. */
  isEscaped: boolean;
}

/** What every object that is open ends with, and where its last key stands. */
const closers = new Uint8Array(MAX_DEPTH);
const keyFrom = new Int32Array(MAX_DEPTH);
const keyTo = new Int32Array(MAX_DEPTH);
/** All bytes of strings so far, or-ed: whether there was one beyond ASCII. */
let seenBytes = 0;
/** Escapes in strings so far. */
let escapes = 0;

/**
 * Whether the bytes from … to are surely the canonical JSON (RFC 8785) of an object. False is no verdict: keys beyond ASCII, rare
 * escapes and deep nesting are left to `isCanonicalObject`, which this agrees with wherever it says true.
 */
export function scanCanonical(bytes: Uint8Array, from: number, to: number, spot?: CommandIdSpot): boolean {
  if (spot !== undefined) spot.from = -1;
  if (bytes[from] !== 0x7b) return false;
  seenBytes = 0;
  escapes = 0;
  let depth = 0;
  let at = from;
  for (;;) {
    // At a value.
    const first = bytes[at] as number;
    const start = at;
    const escapesBefore = escapes;
    if (first === QUOTE) at = skipString(bytes, at + 1, to);
    else if (first === 0x7b || first === 0x5b) {
      const closer = first + 2;
      at += 1;
      if (bytes[at] === closer) at += 1;
      else {
        if (depth === MAX_DEPTH) return false;
        closers[depth] = closer;
        keyTo[depth] = -1;
        depth += 1;
        if (closer === OBJECT) at = readKey(bytes, at, to, depth - 1);
        if (at < 0) return false;
        continue;
      }
    } else if (first === MINUS || (first >= ZERO && first <= NINE)) at = skipNumber(bytes, at, to);
    else at = skipWord(bytes, at, first);
    if (at < 0) return false;
    if (depth === 1 && first === QUOTE && spot !== undefined && isCommandId(bytes)) {
      spot.from = start + 1;
      spot.to = at - 1;
      spot.isEscaped = escapes > escapesBefore;
    }
    // After a value.
    for (;;) {
      if (depth === 0) return at === to && (seenBytes < 0x80 || isUtf8(bytes.subarray(from, to)));
      const next = bytes[at] as number;
      const closer = closers[depth - 1] as number;
      at += 1;
      if (next === closer) {
        depth -= 1;
        continue;
      }
      if (next !== COMMA) return false;
      if (closer === OBJECT) at = readKey(bytes, at, to, depth - 1);
      if (at < 0) return false;
      break;
    }
  }
}

/** To the place after a string's closing quote; −1 for what is not canonical, or not looked into. */
function skipString(bytes: Uint8Array, start: number, to: number): number {
  let at = start;
  let seen = 0;
  while (at < to) {
    const byte = bytes[at] as number;
    at += 1;
    if (byte === QUOTE) {
      seenBytes |= seen;
      return at;
    }
    if (byte < 0x20) return -1;
    if (byte === BACKSLASH) {
      if (!isShortEscape(bytes[at] as number)) return -1;
      at += 1;
      escapes += 1;
    }
    seen |= byte;
  }
  return -1;
}

/** One of `" \ b f n r t`; the others are four hex digits, or another spelling of a character that needs no escape. */
function isShortEscape(byte: number): boolean {
  return (
    byte === QUOTE ||
    byte === BACKSLASH ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x72 ||
    byte === 0x74
  );
}

/** To the value of a key that comes after the one before it; −1 for any other, and for keys beyond plain ASCII. */
function readKey(bytes: Uint8Array, start: number, to: number, level: number): number {
  if (bytes[start] !== QUOTE) return -1;
  let at = start + 1;
  for (; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) break;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return -1;
  }
  if (bytes[at + 1] !== COLON) return -1;
  if ((keyTo[level] as number) >= 0 && !isAfter(bytes, start + 1, at, level)) return -1;
  keyFrom[level] = start + 1;
  keyTo[level] = at;
  return at + 2;
}

/** Whether a key is greater than the level's last one, by its bytes: for ASCII that is the order of UTF-16 code units. */
function isAfter(bytes: Uint8Array, from: number, to: number, level: number): boolean {
  const before = keyFrom[level] as number;
  const beforeLength = (keyTo[level] as number) - before;
  const length = Math.min(beforeLength, to - from);
  for (let i = 0; i < length; i++) {
    const difference = (bytes[from + i] as number) - (bytes[before + i] as number);
    if (difference !== 0) return difference > 0;
  }
  return to - from > beforeLength;
}

/** A number is canonical if it is what JavaScript writes for it. Integers of up to 15 digits are, as they stand. */
function skipNumber(bytes: Uint8Array, start: number, to: number): number {
  let at = start;
  if (bytes[at] === MINUS) at += 1;
  const first = bytes[at] as number;
  const digits = at;
  while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
  const next = bytes[at] as number;
  const isInteger = next !== 0x2e && next !== 0x65 && next !== 0x45;
  if (isInteger && at > digits && at - digits <= 15 && (first !== ZERO || (at === start + 1 && digits === start)))
    return at;
  while (at < to && isOfNumber(bytes[at] as number)) at += 1;
  let text = "";
  for (let i = start; i < at; i++) text += String.fromCharCode(bytes[i] as number);
  return String(Number(text)) === text ? at : -1;
}

function isOfNumber(byte: number): boolean {
  return (
    (byte >= ZERO && byte <= NINE) || byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === MINUS
  );
}

/** To the place after `true`, `false` or `null`. */
function skipWord(bytes: Uint8Array, at: number, first: number): number {
  if (first === 0x74) return isWord(bytes, at, "true") ? at + 4 : -1;
  if (first === 0x66) return isWord(bytes, at, "false") ? at + 5 : -1;
  return isWord(bytes, at, "null") ? at + 4 : -1;
}

function isWord(bytes: Uint8Array, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

/** Whether the outermost object's last key is `commandId`. */
function isCommandId(bytes: Uint8Array): boolean {
  const from = keyFrom[0] as number;
  if ((keyTo[0] as number) - from !== COMMAND_ID.length) return false;
  for (let i = 0; i < COMMAND_ID.length; i++) if (bytes[from + i] !== COMMAND_ID[i]) return false;
  return true;
}

import { utf8 } from "@eventchain/core";
import type { RefusalCode } from "../port.ts";

const maxBytes = 16_777_216;
const maxDepth = 1_000;

/** A JSON object, or why the text is none that an event may have. */
export type ObjectText = { value: Record<string, unknown> } | { code: RefusalCode; message: string };

/**
 * Reads an event's data or metadata as the ledger takes it: at most 16,777,216 bytes, a JSON object with unique keys, no
 * U+0000 and no lone surrogate in it, at most 1,000 levels deep. Numbers of any size: what is stored is the text.
 */
export function readObject(what: "data" | "metadata", text: string): ObjectText {
  if (text.length > maxBytes || (text.length * 3 > maxBytes && utf8(text).length > maxBytes))
    return { code: "too-large", message: `${what} has at most 16,777,216 bytes` };
  const notObject = { code: "invalid-json", message: `${what} is not a JSON object with unique keys` } as const;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return notObject;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notObject;
  const found = walk(value);
  // A key that comes twice is once in the value.
  if (!found.sound || found.keys !== countKeys(text)) return notObject;
  if (found.depth > maxDepth) return { code: "too-large", message: `${what} is nested deeper than 1,000 levels` };
  return { value: value as Record<string, unknown> };
}

/** Counts keys and levels, and looks at every text. By a stack of its own: a value may be deeper than the caller's. */
function walk(root: object): { keys: number; depth: number; sound: boolean } {
  let keys = 0;
  let depth = 0;
  let level: object[] = [root];
  for (; level.length > 0; depth += 1) {
    const next: object[] = [];
    for (const container of level) {
      const isArray = Array.isArray(container);
      for (const [key, item] of isArray ? container.entries() : Object.entries(container)) {
        if (!isArray) keys += 1;
        if (typeof key === "string" && !isStorable(key)) return { keys, depth, sound: false };
        if (typeof item === "string" && !isStorable(item)) return { keys, depth, sound: false };
        if (typeof item === "object" && item !== null) next.push(item);
      }
    }
    level = next;
  }
  return { keys, depth, sound: true };
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** How many keys stand in a text that is known to be JSON: strings that a colon follows. */
function countKeys(text: string): number {
  let keys = 0;
  for (let start = text.indexOf('"'); start !== -1; ) {
    let end = text.indexOf('"', start + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    let next = end + 1;
    while (" \t\n\r".includes(text.charAt(next)) && next < text.length) next += 1;
    if (text.charAt(next) === ":") keys += 1;
    start = text.indexOf('"', next);
  }
  return keys;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charAt(at - 1 - backslashes) === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}

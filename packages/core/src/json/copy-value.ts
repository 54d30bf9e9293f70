import { LedgerError } from "../errors.ts";
import { formatPath } from "./format-path.ts";

/** What a copy keeps track of: where it is, what it is inside of, and how much text it makes at least. */
interface Copying {
  readonly path: (string | number)[];
  readonly inside: object[];
  readonly maxDepth: number;
  readonly maxBytes: number;
  leastBytes: number;
  isOrdered: boolean;
}

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * What a copied object is made by: of a prototype that has nothing, so that no key means anything ("__proto__") and no
 * toJSON is inherited. (An object of no prototype at all does the same, and is twice as slow to fill and to write.)
 */
const Members = function Members() {} as unknown as new () => Record<string, unknown>;
Members.prototype = Object.freeze(Object.create(null));

/**
 * A plain copy of a value that has exactly one JSON text: null, booleans, finite numbers, well-formed strings, arrays and
 * objects that inherit nothing. `toJSON` is called once, as JSON does, and a property that is undefined is dropped.
 * `isOrdered`: each object of it has its keys in the order of their UTF-16 units. Where that is false, some key begins with
 * a digit: JavaScript has an order of its own for those.
 * Throws `invalid-value` naming the path for everything that JSON would drop, bend or not end with; `too-large` as soon as
 * the text is bound to exceed `maxBytes`, so that a value that repeats itself without end costs nothing.
 */
export function copyValue(
  value: unknown,
  { maxDepth, maxBytes }: { maxDepth: number; maxBytes: number },
): { copy: unknown; isOrdered: boolean } {
  const copying: Copying = { path: [], inside: [], maxDepth, maxBytes, leastBytes: 0, isOrdered: true };
  try {
    const copy = copyOne(value, copying);
    return { copy, isOrdered: copying.isOrdered };
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw refuse(copying, "cannot be read: its getter or toJSON threw", error);
  }
}

function copyOne(value: unknown, copying: Copying): unknown {
  switch (typeof value) {
    case "string":
      checkText(value, copying);
      count(copying, value.length + 2);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw refuse(copying, `is ${value}`);
      count(copying, 1);
      return value;
    case "boolean":
      count(copying, 4);
      return value;
    case "object":
      if (value === null) {
        count(copying, 4);
        return null;
      }
      return copyObject(value, copying);
    default:
      throw refuse(copying, `is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}`);
  }
}

function copyObject(given: object, copying: Copying): unknown {
  const toJSON = (given as { toJSON?: unknown }).toJSON;
  if (typeof toJSON === "function") {
    const key = copying.path.at(-1) ?? "";
    const result: unknown = toJSON.call(given, String(key));
    if (typeof result !== "object" || result === null) return copyOne(result, copying);
    return copyContainer(result, copying);
  }
  return copyContainer(given, copying);
}

function copyContainer(value: object, copying: Copying): unknown {
  if (copying.inside.includes(value)) throw refuse(copying, "contains itself");
  if (copying.inside.length >= copying.maxDepth)
    throw refuse(copying, `is nested deeper than ${copying.maxDepth} levels`);
  copying.inside.push(value);
  count(copying, 2);
  const copy = Array.isArray(value) ? copyArray(value, copying) : copyMembers(value, copying);
  copying.inside.pop();
  return copy;
}

function copyArray(items: readonly unknown[], copying: Copying): unknown[] {
  const { path } = copying;
  const last = path.length;
  const copy: unknown[] = [];
  // By index: a hole is undefined, and refused, where forEach would pass over it.
  for (let i = 0; i < items.length; i++) {
    path[last] = i;
    copy.push(copyOne(items[i], copying));
  }
  if (path.length > last) path.pop();
  return copy;
}

function copyMembers(value: object, copying: Copying): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && !isObjectPrototype(prototype)) {
    throw refuse(copying, `is a ${className(value)}, which has no JSON form`);
  }
  const { path } = copying;
  const last = path.length;
  const copy = new Members();
  let previous = "";
  let inOrder = true;
  for (const key of Object.keys(value)) {
    path[last] = key;
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    checkText(key, copying);
    count(copying, key.length + 3);
    copy[key] = copyOne(member, copying);
    if (key < previous) inOrder = false;
    const first = key.charCodeAt(0);
    if (first >= DIGIT_0 && first <= DIGIT_9) copying.isOrdered = false;
    previous = key;
  }
  if (path.length > last) path.pop();
  return inOrder ? copy : sortMembers(copy);
}

function sortMembers(members: Readonly<Record<string, unknown>>): object {
  const sorted = new Members();
  for (const key of Object.keys(members).sort()) sorted[key] = members[key];
  return sorted;
}

/** Object.prototype of this realm or of another one (a frame, a vm context, a test runner). */
function isObjectPrototype(prototype: unknown): boolean {
  return (
    prototype === Object.prototype ||
    (typeof prototype === "object" &&
      prototype !== null &&
      Object.getPrototypeOf(prototype) === null &&
      Object.hasOwn(prototype, "isPrototypeOf"))
  );
}

function className(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" && name !== "" ? name.slice(0, 64) : "class instance";
}

function checkText(text: string, copying: Copying): void {
  if (!text.isWellFormed()) throw refuse(copying, "holds a lone surrogate");
  if (text.includes("\0")) throw refuse(copying, "holds the character U+0000");
}

function count(copying: Copying, bytes: number): void {
  copying.leastBytes += bytes;
  if (copying.leastBytes > copying.maxBytes) {
    throw new LedgerError("too-large", `the JSON text is longer than ${copying.maxBytes} bytes`, {
      values: { maxBytes: copying.maxBytes, path: formatPath(copying.path) },
    });
  }
}

function refuse(copying: Copying, problem: string, cause?: unknown): LedgerError {
  const path = formatPath(copying.path);
  return new LedgerError("invalid-value", `${path} ${problem}`, { values: { path }, cause });
}

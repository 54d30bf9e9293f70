import { Buffer } from "node:buffer";

/** What an array's elements are, by the name of Postgres's type. */
type ElementKind = "int4" | "int8" | "text" | "uuid" | "bytea";

/** What an element is given as. */
interface Elements {
  int4: number;
  int8: bigint;
  /** Well-formed and without U+0000. */
  text: string;
  /** 36 characters, lower-case. */
  uuid: string;
  bytea: Uint8Array;
}

/** Of pg_type. */
const OIDS: Readonly<Record<ElementKind, number>> = { int4: 23, int8: 20, text: 25, uuid: 2950, bytea: 17 };
const HEADER_BYTES = 20;
/** Of the space that is kept between calls. */
const KEPT_BYTES = 1 << 20;

let space = Buffer.allocUnsafeSlow(1 << 16);

/** Room for `more` bytes at an offset: what was written before it stays. */
function grow(at: number, more: number): void {
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * space.length, at + more));
  space.copy(larger, 0, 0, at);
  space = larger;
}

/** Writes an element behind its length, and gives the offset past it. */
function writeElement(kind: ElementKind, value: Elements[ElementKind], at: number): number {
  switch (kind) {
    case "int4":
      space.writeInt32BE(4, at);
      return space.writeInt32BE(value as number, at + 4);
    case "int8":
      space.writeInt32BE(8, at);
      return space.writeBigInt64BE(value as bigint, at + 4);
    case "uuid":
      space.writeInt32BE(16, at);
      return at + 4 + space.write((value as string).replaceAll("-", ""), at + 4, 16, "hex");
    case "bytea":
      space.set(value as Uint8Array, at + 4);
      return space.writeInt32BE((value as Uint8Array).length, at) + (value as Uint8Array).length;
    default: {
      const length = space.write(value as string, at + 4, "utf8");
      return space.writeInt32BE(length, at) + length;
    }
  }
}

function lengthBound(value: Elements[ElementKind]): number {
  if (typeof value === "string") return 3 * value.length;
  return typeof value === "object" ? value.length : 8;
}

/**
 * A one-dimensional array in Postgres's binary format (array_send): what the driver sends as it is, and the server takes
 * without reading texts. Null where no element has a value, so that the server can tell so at a glance.
 */
export function encodeArray<Kind extends ElementKind>(
  kind: Kind,
  values: readonly (Elements[Kind] | null)[],
): Buffer | null {
  let at = HEADER_BYTES;
  let nulls = 0;
  for (const value of values) {
    const bytes = value === null ? 4 : 4 + lengthBound(value);
    if (at + bytes > space.length) grow(at, bytes);
    if (value === null) {
      at = space.writeInt32BE(-1, at);
      nulls += 1;
    } else at = writeElement(kind, value, at);
  }
  if (values.length > 0 && nulls === values.length) return null;
  space.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  space.writeInt32BE(nulls === 0 ? 0 : 1, 4);
  space.writeInt32BE(OIDS[kind], 8);
  space.writeInt32BE(values.length, 12);
  space.writeInt32BE(1, 16);
  const encoded = Buffer.from(space.subarray(0, values.length === 0 ? 12 : at));
  if (space.length > KEPT_BYTES) space = Buffer.allocUnsafeSlow(KEPT_BYTES);
  return encoded;
}

/** A number of a `numeric` column of Postgres, with the scale that it is written in: "1.50" is not "1.5". */
export interface Numeric {
  readonly kind: "numeric";
  readonly text: string;
}

/** Text that JSON cannot hold: not well formed, or with U+0000. Its bytes as the source has them. */
export interface RawText {
  readonly kind: "text";
  readonly encoding: "utf-8" | "utf-16le";
  readonly bytes: Uint8Array;
}

/** What stands for a value that the map keeps the SHA-256 of only. */
export interface Digest {
  readonly kind: "digest";
  readonly of: "blob" | "text";
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * A value of a table with its storage class: null, an integer (bigint), a real (number), text (string, well formed and
 * without U+0000), a blob (bytes), a boolean, or one of the kinds above. A value of any other type of Postgres is the text that Postgres writes for it.
 */
export type SqlValue = null | bigint | number | string | boolean | Uint8Array | Numeric | RawText | Digest;

/** A row: a value for each column. A column that is not there is not NULL. */
export type SqlRow = ReadonlyMap<string, SqlValue>;

/** How a storage class is called in messages. */
export function classOf(value: SqlValue): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return "real";
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "boolean";
  if (value instanceof Uint8Array) return "blob";
  return value.kind;
}

/** Whether two values are the same value of the same storage class. NaN is NaN, and -0 is not 0. */
export function sameValue(one: SqlValue, other: SqlValue): boolean {
  if (classOf(one) !== classOf(other)) return false;
  if (typeof one !== "object" || one === null || typeof other !== "object" || other === null)
    return Object.is(one, other);
  if (one instanceof Uint8Array) return other instanceof Uint8Array && sameBytes(one, other);
  if (other instanceof Uint8Array || one.kind !== other.kind) return false;
  if (one.kind === "numeric") return one.text === (other as Numeric).text;
  if (one.kind === "digest") return sameDigest(one, other as Digest);
  const raw = other as RawText;
  return one.encoding === raw.encoding && sameBytes(one.bytes, raw.bytes);
}

function sameDigest(one: Digest, other: Digest): boolean {
  return one.of === other.of && one.sha256 === other.sha256 && one.bytes === other.bytes;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}

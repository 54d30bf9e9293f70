import { LedgerError } from "@eventchain/core";

// What a node answers is checked before it is used: a wrong shape is an answer of no use, not a value.

export type Fields = Readonly<Record<string, unknown>>;

export function badAnswer(what: string): LedgerError {
  return new LedgerError("chain-unavailable", `the node's answer is malformed: ${what}`, {
    values: { what, answered: true },
  });
}

export function asFields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badAnswer(what);
  return value as Fields;
}

export function asList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw badAnswer(what);
  return value;
}

/** A quantity: 0x and hex digits. */
export function asBigint(value: unknown, what: string): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw badAnswer(what);
  return BigInt(value);
}

/** 0x and whole bytes, in lower case. */
export function asHex(value: unknown, what: string): string {
  if (typeof value !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw badAnswer(what);
  return value.toLowerCase();
}

/** 32 bytes, 0x and lower case. */
export function asHash(value: unknown, what: string): string {
  const hex = asHex(value, what);
  if (hex.length !== 66) throw badAnswer(what);
  return hex;
}

/** A quantity as JSON-RPC wants it. */
export function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

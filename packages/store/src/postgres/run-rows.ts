import { Buffer } from "node:buffer";
import type pg from "pg";
import { mapDatabaseError } from "./map-database-error.ts";

/** A pool, or one connection of it. */
export type Queryable = Pick<pg.Pool, "query">;

/** Of Postgres's text of a bytea. */
export function decodeBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asText(text: string): string {
  return text;
}

/**
 * How columns become values, whatever the application has set for its own queries: int8 is a bigint, int4 a number,
 * bool a boolean, bytea a Uint8Array, json parsed (statements send `data::text` where the text counts), all else text.
 */
const decoders: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === "t",
  17: decodeBytes,
  20: BigInt,
  23: Number,
  114: JSON.parse,
};

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => decoders[oid] ?? asText,
} as pg.CustomTypesConfig;

const texts: pg.CustomTypesConfig = { getTypeParser: () => asText } as pg.CustomTypesConfig;

/** One statement's rows, each a list of its columns in Postgres's own text. Throws what the driver throws. */
export async function queryTexts(
  database: Queryable,
  text: string,
  values: readonly unknown[],
): Promise<(string | null)[][]> {
  const query = { text, values: values as unknown[], types: texts, rowMode: "array" as const };
  return (await database.query<(string | null)[]>(query)).rows;
}

/**
 * One statement's rows, each column decoded by its type. Throws what the driver throws.
 * @param name by which the statement is prepared once for the connection. Default: it is prepared for each call.
 */
export async function queryRows<Row>(
  database: Queryable,
  text: string,
  values: readonly unknown[],
  name?: string,
): Promise<Row[]> {
  const query = { text, values: values as unknown[], types };
  const { rows } = await database.query(name === undefined ? query : { ...query, name });
  return rows as Row[];
}

/** One statement's rows; a failure is a LedgerError, as `mapDatabaseError` names them. */
export async function runRows<Row>(database: Queryable, text: string, values: readonly unknown[]): Promise<Row[]> {
  try {
    return await queryRows(database, text, values);
  } catch (error) {
    throw mapDatabaseError(error);
  }
}

import pg from "pg";
import type { Queryable } from "../run-rows.ts";

const { types: driverTypes } = pg;

/** Lists of texts and of whole numbers, as the driver decodes them. */
const LISTS: readonly number[] = [1000, 1005, 1007, 1009, 1015];
const INT8_LIST = 1016;

const decoders: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === "t",
  20: BigInt,
  21: Number,
  23: Number,
  114: JSON.parse,
  700: Number,
  701: Number,
  3802: JSON.parse,
};

const asText = (text: string): string => text;

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) =>
    decoders[oid] ?? (LISTS.includes(oid) || oid === 17 ? parserOf(oid) : listOfBigints(oid)),
} as pg.CustomTypesConfig;

function parserOf(oid: number): (text: string) => unknown {
  return driverTypes.getTypeParser(oid) as (text: string) => unknown;
}

function listOfBigints(oid: number): (text: string) => unknown {
  if (oid !== INT8_LIST) return asText;
  const parse = parserOf(1009);
  return (text) => (parse(text) as (string | null)[]).map((one) => (one === null ? null : BigInt(one)));
}

/**
 * One statement of an application's own: int8 is a bigint, int2, int4 and floats numbers, bool a boolean, json and jsonb
 * parsed, bytea a Buffer, lists of texts, booleans and whole numbers arrays; all else text. Several statements in one text
 * are refused. Throws what the driver throws.
 */
export async function runOwn<Row extends object>(
  connection: Queryable,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  // The extended protocol takes one statement only, with parameters or without.
  const query = { text, values: values as unknown[], types, queryMode: "extended" };
  return (await connection.query(query)).rows as Row[];
}

import type pg from "pg";
import { statement } from "../postgres/load-statement.ts";

const describeSchemaSql = statement("describe-schema");

/**
 * The schema `eventchain` of a database as text: tables with their columns, constraints and indexes, views, functions,
 * triggers and grants, in a fixed order; equal text means an equal schema. Made from the catalogs: no pg_dump needed.
 */
export async function describeSchema(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ text: string }>(describeSchemaSql);
  return `${rows.map(({ text }) => text).join("\n\n")}\n`;
}

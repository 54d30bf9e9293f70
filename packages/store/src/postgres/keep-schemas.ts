import { LedgerError } from "@eventchain/core";
import type pg from "pg";
import { checkKeptSchemas } from "../check-kept-schemas.ts";
import type { KeptSchema } from "../port.ts";
import { statement } from "./load-statement.ts";
import { runRows } from "./run-rows.ts";

const findSchemasSql = statement("find-schemas");
const listSchemasSql = statement("list-schemas");
const keepSchemasSql = statement("keep-schemas");

/** Every schema that a ledger keeps, or those of these types and versions, by type (bytewise) and version. */
export function keptSchemas(
  pool: pg.Pool,
  ledgerId: bigint,
  of?: readonly Pick<KeptSchema, "type" | "version">[],
): Promise<KeptSchema[]> {
  if (of === undefined) return runRows<KeptSchema>(pool, listSchemasSql, [ledgerId]);
  return runRows<KeptSchema>(pool, findSchemasSql, [
    ledgerId,
    of.map(({ type }) => type),
    of.map(({ version }) => version),
  ]);
}

/**
 * Keeps those schemas that are not kept yet; gives what is kept now for each, in order.
 *
 * 1. the server's commit: all of them are kept. Racers wait for each other, and see what the first one kept.
 *
 * Errors: those of `checkKeptSchemas`, `ledger-not-found`, and those of the database.
 */
export async function keepSchemas(
  pool: pg.Pool,
  ledgerId: bigint,
  schemas: readonly KeptSchema[],
): Promise<KeptSchema[]> {
  checkKeptSchemas(schemas);
  if (schemas.length === 0) return [];
  const kept = await runRows<KeptSchema>(pool, keepSchemasSql, [
    ledgerId,
    schemas.map(({ type }) => type),
    schemas.map(({ version }) => version),
    schemas.map(({ schema }) => schema),
  ]);
  if (kept.length === 0) throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  return schemas.map(({ type, version }) => {
    const found = kept.find((one) => one.type === type && one.version === version);
    if (found === undefined) throw new Error("each schema that was asked for is kept");
    return found;
  });
}

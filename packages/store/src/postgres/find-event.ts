import { MAX_INT63 } from "@eventchain/core";
import type pg from "pg";
import type { AccessScope, StoredEvent } from "../port.ts";
import { statement } from "./load-statement.ts";
import { accessJson, runScoped } from "./run-scoped.ts";

const findByPositionSql = statement("find-event-by-position");
const findByIdSql = statement("find-event-by-id");

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One event by its position or id; undefined where there is none, or the scope hides it. */
export async function findEvent(
  pool: pg.Pool,
  ledgerId: bigint,
  by: { position: bigint } | { id: string },
  scope: AccessScope,
): Promise<StoredEvent | undefined> {
  const access = accessJson(scope);
  if ("id" in by ? !uuid.test(by.id) : by.position < 1n || by.position > MAX_INT63) return undefined;
  const [sql, key] = "id" in by ? [findByIdSql, by.id] : [findByPositionSql, by.position];
  return (await runScoped<StoredEvent>(pool, ledgerId, scope, sql, [ledgerId, key, access]))[0];
}

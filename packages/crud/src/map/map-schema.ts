import { LedgerError } from "@eventchain/core";
import { z } from "zod";
import { joinWords } from "./join-words.ts";
import { checkZone } from "./read-time.ts";
import type { CrudMap, CrudTable, RowEventTypes } from "./types.ts";

const name = z.string().min(1);
const names = z.array(name).min(1);
const marks = z.union([z.string(), z.array(z.string()).min(1)]);
const time = z.union([
  name,
  z.strictObject({ column: name, unit: z.enum(["seconds", "milliseconds", "microseconds"]).optional() }),
]);

const mapSchema: z.ZodType<CrudMap> = z.strictObject({
  timeZone: z.string().optional(),
  tables: z
    .array(
      z.strictObject({
        name,
        key: z.array(name).optional(),
        stream: name.optional(),
        entity: name.optional(),
        types: z
          .strictObject({ created: name.optional(), changed: name.optional(), deleted: name.optional() })
          .optional(),
        tags: z.array(name).optional(),
        leaveOut: z.array(name).optional(),
        digest: z.array(name).optional(),
        time: time.optional(),
        actor: name.optional(),
        deleted: z.enum(["record", "ignore"]).optional(),
        null: z.string().optional(),
        history: z
          .strictObject({
            table: name.optional(),
            order: names.optional(),
            at: time,
            actor: name.optional(),
            operation: z.strictObject({ column: name, insert: marks, update: marks, delete: marks }).optional(),
          })
          .optional(),
      }),
    )
    .min(1),
});

/** Whether a map is of this kind: it has `tables`. */
export function isCrudMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "tables");
}

/** Errors: LedgerError `config-invalid`, which names each path at fault. */
export function parseCrudMap(value: unknown): CrudMap {
  const parsed = mapSchema.safeParse(value);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the map"}: ${message}`);
    throw new LedgerError("config-invalid", issues.join("; "));
  }
  const map = parsed.data;
  if (map.timeZone !== undefined) checkZone(map.timeZone);
  const uses = new Map<string, string>();
  for (const [index, each] of map.tables.entries()) {
    checkTable(each, `tables.${index}`);
    claim(uses, `table ${each.name}`, `tables.${index}.name`);
    for (const type of Object.values(eventTypes(each))) claim(uses, `event type ${type}`, `tables.${index}`);
  }
  return map;
}

/**
 * `OrdersImported`, `OrdersChanged`, `OrdersDeleted` for a table "orders"; with history, `OrdersCreated`: the import of a
 * row with no history says that the row was found, not that it was made then.
 */
export function eventTypes(table: CrudTable): RowEventTypes {
  const entity = table.entity ?? joinWords(table.name);
  const { created, changed, deleted } = table.types ?? {};
  return {
    created: created ?? `${entity}${table.history === undefined ? "Imported" : "Created"}`,
    changed: changed ?? `${entity}Changed`,
    deleted: deleted ?? `${entity}Deleted`,
  };
}

function checkTable(table: CrudTable, path: string): void {
  const { created } = eventTypes(table);
  if (table.entity === undefined && joinWords(table.name) === "")
    throw invalid(`${path}.entity`, `is missing, and ${JSON.stringify(table.name)} has no letters to make types of`);
  if (table.key?.length === 0)
    throw invalid(
      `${path}.key`,
      `is empty: table ${JSON.stringify(table.name)} has no primary key: name columns that tell its rows apart, or take it out of the map`,
    );
  if (created.startsWith("$")) throw invalid(`${path}.types`, "begin with $, which is kept for the ledger's own");
  if (table.history === undefined) return;
  if (table.time !== undefined) throw invalid(`${path}.time`, "is not for a table with history: history.at says it");
  if (table.actor !== undefined)
    throw invalid(`${path}.actor`, "is not for a table with history: give history.actor instead");
  if (table.deleted === "record")
    throw invalid(
      `${path}.deleted`,
      'is "record", but a history says itself what was deleted: leave it out or "ignore"',
    );
}

function claim(uses: Map<string, string>, what: string, path: string): void {
  const other = uses.get(what);
  if (other !== undefined) throw invalid(path, `has ${what}, as ${other} has: each needs its own (entity, types)`);
  uses.set(what, path);
}

function invalid(path: string, problem: string): LedgerError {
  return new LedgerError("config-invalid", `${path} ${problem}`, { values: { path } });
}

import { LedgerError } from "@eventchain/core";
import type { ClientBase, FieldDef } from "pg";
import { readText } from "../values/read-text.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { quoteName } from "./load-sqlite.ts";
import type { ForeignKey, SourceTable, TableSource } from "./types.ts";

/** Rows may be large, and a batch is held whole. */
const ROWS_PER_BATCH = 200;

/** Types by their oids, which are the same in every Postgres. */
const OID = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, float4: 700, float8: 701, numeric: 1700 } as const;

/** In these settings the text of each value is exact, and the same whatever the database's own settings are. */
const SETTINGS = `
  set local search_path = pg_catalog;
  set local timezone = 'UTC';
  set local datestyle = 'ISO, YMD';
  set local intervalstyle = 'postgres';
  set local extra_float_digits = 1;
  set local bytea_output = 'hex';
  set local lc_monetary = 'C';
  set local row_security = off;
  set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0`;

/** Tables that hold rows of their own, without those of Postgres and of EventChain. */
const LIST_TABLES = `
  with tables as (
    select c.oid, case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as name,
      format(case when c.relkind = 'p' then '%I.%I' else 'only %I.%I' end, n.nspname, c.relname) as source
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|information_schema$|eventchain$)'
  )
  select t.name, t.source,
    (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
      where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select coalesce(json_agg(a.attname order by k.place), '[]') from pg_constraint p
      cross join unnest(p.conkey) with ordinality k(attnum, place)
      join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
      where p.conrelid = t.oid and p.contype = 'p') as key,
    (select coalesce(json_agg(f.facts order by f.facts ->> 'name'), '[]') from (
      select json_build_object('name', p.conname, 'table', o.name, 'columns', json_agg(a.attname order by k.place)) as facts
      from pg_constraint p join tables o on o.oid = p.confrelid
        cross join unnest(p.conkey) with ordinality k(attnum, place)
        join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
      where p.conrelid = t.oid and p.contype = 'f' and p.conparentid = 0 group by p.oid, p.conname, o.name) f) as foreign_keys
  from tables t order by t.name`;

/**
 * Opens a database of Postgres, in one read-only transaction that sees it as it is now. Tables outside of the schema
 * "public" are called "schema.table". The transaction stays open until the source is closed.
 * Errors: LedgerError `database-unavailable`, `database-failed`, also while it is read: none tells the URL.
 */
export async function openPostgresSource(url: string): Promise<TableSource> {
  const { default: pg } = await import("pg");
  const asText = { getTypeParser: () => (text: string) => text };
  const client = new pg.Client({ connectionString: url, types: asText as never });
  // A connection that is lost in between is told by the next query.
  client.on("error", () => undefined);
  try {
    await attempt("database-unavailable", () => client.connect());
    await attempt("database-failed", () => client.query("begin isolation level repeatable read, read only"));
    await attempt("database-failed", () => client.query(SETTINGS));
    const facts = await attempt("database-failed", () =>
      client.query("select current_database() as name, current_setting('server_encoding') as encoding"),
    );
    const { name, encoding } = facts.rows[0] as { name: string; encoding: string };
    if (encoding === "SQL_ASCII")
      throw new LedgerError("not-supported", `database ${name} is SQL_ASCII: nobody knows which letters its bytes are`);
    const listed = await listTables(client);
    return {
      identity: { kind: "postgres", database: name },
      ordered: false,
      tables: async () => listed.map(({ source: _, ...table }) => table),
      rows: async function* (table, columns, { key, within }) {
        const source = listed.find((each) => each.name === table)?.source ?? quoteName(table);
        const order = [...key, ...within].map(quoteName).join(", ");
        yield* readRows(client, `select ${columns.map(quoteName).join(", ")} from ${source} order by ${order}`);
      },
      [Symbol.asyncDispose]: async () => client.end(),
    };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function listTables(client: ClientBase): Promise<(SourceTable & { source: string })[]> {
  const { rows } = await attempt("database-failed", () => client.query(LIST_TABLES));
  const tables: (SourceTable & { source: string })[] = [];
  for (const row of rows as Record<"name" | "source" | "columns" | "key" | "foreign_keys", string>[]) {
    const { name, source } = row;
    const counted = await attempt("database-failed", () => client.query(`select count(*) as rows from ${source}`));
    tables.push({
      name,
      source,
      columns: JSON.parse(row.columns) as string[],
      key: JSON.parse(row.key) as string[],
      foreignKeys: (JSON.parse(row.foreign_keys) as ForeignKey[]).map(({ table, columns }) => ({ table, columns })),
      rows: BigInt((counted.rows[0] as { rows: string }).rows),
    });
  }
  return tables;
}

async function* readRows(client: ClientBase, select: string): AsyncGenerator<readonly SqlValue[]> {
  await attempt("database-failed", () => client.query(`declare eventchain_rows no scroll cursor for ${select}`));
  const fetch = { text: `fetch ${ROWS_PER_BATCH} from eventchain_rows`, rowMode: "array" as const };
  try {
    for (;;) {
      const { rows, fields } = await attempt("database-failed", () => client.query<(string | null)[]>(fetch));
      for (const row of rows) yield row.map((text, at) => toValue(text, fields[at]));
      if (rows.length < ROWS_PER_BATCH) return;
    }
  } finally {
    // After an error the transaction is over, and the cursor with it.
    await client.query("close eventchain_rows").catch(() => undefined);
  }
}

function toValue(text: string | null, field: FieldDef | undefined): SqlValue {
  if (text === null) return null;
  switch (field?.dataTypeID) {
    case OID.bool:
      return text === "t";
    case OID.int2:
    case OID.int4:
    case OID.int8:
      return BigInt(text);
    case OID.float4:
    case OID.float8:
      return Number(text);
    case OID.numeric:
      return { kind: "numeric", text };
    case OID.bytea:
      return Uint8Array.from(Buffer.from(text.slice(2), "hex"));
    default:
      return readText(Buffer.from(text), "utf-8");
  }
}

async function attempt<T>(code: "database-unavailable" | "database-failed", run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new LedgerError(code, `the source database: ${message}`, { cause: error });
  }
}

import { LedgerError } from "@eventchain/core";
import pg from "pg";
import { CopyOut, type CopySink, canCopyOut } from "./copy-out.ts";
import { statement } from "./load-statement.ts";
import { mapError } from "./map-error.ts";

const hiddenTables = statement("hidden-tables");

/** A row as Postgres writes it: the text of each column, bytea as `\x` and hex. */
export type Row = readonly (string | null)[];

/** One moment of a database, however long it is looked at. */
export interface Snapshot {
  rows(sql: string, values: readonly unknown[]): Promise<Row[]>;
  /** The rows of a large answer, page by page in their order; the next page is on its way while one is read. */
  pages(sql: string, values: readonly unknown[]): AsyncGenerator<Row[], void, void>;
  /** The rows of a `COPY … TO STDOUT (FORMAT binary)`, as their bytes; undefined where the connection cannot give them. */
  copy: ((sql: string, sink: CopySink) => Promise<void>) | undefined;
}

/** Columns are read as their text: what a driver makes of a time or a number is not what is hashed. */
const asText = { getTypeParser: () => (value: unknown) => value } as unknown as pg.CustomTypesConfig;

/** A page is made to hold about so many characters, and at most so many rows. */
const PAGE_CHARACTERS = 2_000_000;
const MAX_PAGE_ROWS = 2048;
const FIRST_PAGE_ROWS = 128;

/**
 * Nothing of the role's, the database's or the session's settings may change what is read: the names mean Postgres' own
 * operators, and bytes and times are written in one way. Row security, which would leave rows out, is looked at before
 * anything is read: it is in force here, but lets those who read for the ledger see every row.
 */
const SETTINGS = [
  "begin transaction isolation level repeatable read, read only",
  "set local search_path = pg_catalog, pg_temp",
  "set local row_security = on",
  "set local bytea_output = 'hex'",
  "set local statement_timeout = 0",
  "set local idle_in_transaction_session_timeout = 0",
  "set local jit = off",
  // Tables are compared by sorting and hashing them.
  "set local work_mem = '64MB'",
  // A cursor is read to its end.
  "set local cursor_tuple_fraction = 1",
].join("; ");

/** Runs `work` on one snapshot of the database, read only. Throws what `mapError` makes of a driver's errors. */
export async function withSnapshot<T>(pool: pg.Pool, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw mapError(error);
  });
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  try {
    await client.query(SETTINGS);
    const snapshot = readFrom(client);
    await refuseHidden(snapshot);
    return await work(snapshot);
  } catch (error) {
    throw error instanceof LedgerError ? error : mapError(error);
  } finally {
    // Nothing was written; a connection that cannot even roll back is thrown away.
    await client.query("rollback").catch((error: Error) => {
      broken = error;
    });
    client.removeListener("error", onError);
    client.release(broken);
  }
}

/** A table that is read in part would be taken for a ledger that lacks the rest. */
async function refuseHidden(snapshot: Snapshot): Promise<void> {
  const tables = (await snapshot.rows(hiddenTables, [])).map(([name]) => name);
  if (tables.length === 0) return;
  throw new LedgerError(
    "database-refused",
    `row-level security may hide rows of ${tables.join(", ")} from this user: verify as a member of eventchain_reader`,
    { values: { tables } },
  );
}

function readFrom(client: pg.ClientBase): Snapshot {
  let cursors = 0;
  let before: Promise<unknown> = Promise.resolve();
  /** One query after the other: a page asked for ahead is one of them. */
  const rows = async (text: string, values: readonly unknown[]): Promise<Row[]> => {
    const answer = before.then(() => client.query({ text, values: [...values], rowMode: "array", types: asText }));
    before = answer.catch(() => undefined);
    return (
      await answer.catch((error: unknown) => {
        throw mapError(error);
      })
    ).rows;
  };
  const copy = async (sql: string, sink: CopySink): Promise<void> => {
    const answer = before.then(() => client.query(new CopyOut(sql, sink)).done);
    before = answer.catch(() => undefined);
    await answer.catch((error: unknown) => {
      throw mapError(error);
    });
  };
  return {
    rows,
    copy: canCopyOut(client) ? copy : undefined,
    async *pages(sql, values) {
      cursors += 1;
      const name = `verify_${cursors}`;
      await rows(`declare ${name} no scroll cursor without hold for ${sql}`, values);
      let size = FIRST_PAGE_ROWS;
      const fetch = async (): Promise<Row[]> => await rows(`fetch forward ${size} from ${name}`, []);
      let next = fetch();
      while (true) {
        const page = await next;
        if (page.length === 0) break;
        size = Math.max(
          1,
          Math.min(MAX_PAGE_ROWS, size * 4, Math.floor((PAGE_CHARACTERS * page.length) / weigh(page))),
        );
        next = fetch();
        // A failure shows when the page is awaited; until then nobody else listens.
        next.catch(() => undefined);
        yield page;
      }
      await rows(`close ${name}`, []);
    },
  };
}

function weigh(page: readonly Row[]): number {
  let characters = 1;
  for (const row of page) for (const column of row) characters += column?.length ?? 0;
  return characters;
}

/** The caller's pool as it is, or one made for this call. */
export function usePool(database: pg.Pool | string): { pool: pg.Pool; end(): Promise<void> } {
  if (typeof database !== "string") return { pool: database, end: async () => undefined };
  let pool: pg.Pool;
  try {
    pool = new pg.Pool({ connectionString: database, max: 2 });
  } catch (error) {
    throw mapError(error);
  }
  // A connection that breaks while idle is replaced by the pool.
  pool.on("error", () => undefined);
  return { pool, end: async () => await pool.end() };
}

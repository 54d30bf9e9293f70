import type { Bytes } from "@eventchain/core";
import pg from "pg";
import { statement } from "../load-statement.ts";
import type { RunSql, ScratchTransaction } from "./port.ts";
import { scratch } from "./scratch.ts";

const { escapeIdentifier: id } = pg;
const liveFindSql = statement("projection-live-find");
const tablesSql = statement("projection-tables");

/** Rows that differ, fetched of each table at most. */
const MAX_ROWS = 1_000;

/** The build that people read, as it stands. */
export interface LiveBuild {
  buildId: bigint;
  version: number;
  position: bigint;
  /** See `BuildDraft.definition`. */
  definition: Bytes | null;
  /** Positions of the events that it passed over. */
  deadLetters: readonly bigint[];
}

/** A row of a table by its columns, as JSON; without those that the database numbers by itself. */
export type TableRow = Readonly<Record<string, unknown>>;

/** What of a live table is not what was made anew. */
export interface TableComparison {
  table: string;
  /** The primary key's columns; none where it has none, or only one that the database numbers. */
  key: readonly string[];
  /** Rows that there should be. */
  rows: bigint;
  /** `live`: how often the row is in the view that people read, `built`: in the tables made anew. The first 1,000. */
  differing: readonly { row: TableRow; live: bigint; built: bigint }[];
  /** Of all rows. */
  differences: bigint;
  /** Why the view that people read cannot be compared at all. */
  problem: string | undefined;
}

/** What a comparison came to; `live` undefined: the projection has no live build. */
export interface LiveComparison<Skip> {
  live: LiveBuild | undefined;
  outcome: { kind: "compared"; tables: TableComparison[] } | { kind: "skipped"; skip: Skip };
}

/**
 * Makes a projection's tables anew beside the live ones and compares what people read, the views `ledger_<id>.<table>`, with
 * them row by row: all of it on one snapshot, in a transaction that is rolled back. `rebuild` applies the events up to the live
 * build's position, or says why not.
 * Errors: LedgerError `projection-failed` where the tables cannot be made; what `rebuild` throws; `database-…`.
 */
export async function compareWithLive<Skip>(
  pool: pg.Pool,
  ledgerId: bigint,
  { name, schema }: { name: string; schema: string },
  rebuild: (transaction: ScratchTransaction, live: LiveBuild | undefined) => Promise<Skip | undefined>,
): Promise<LiveComparison<Skip>> {
  return scratch(pool, ledgerId, schema, async (transaction) => {
    const live = await findLive(transaction.run, ledgerId, name);
    const skip = await rebuild(transaction, live);
    if (skip !== undefined) return { live, outcome: { kind: "skipped", skip } };
    const tables: TableComparison[] = [];
    const found = await transaction.run<FoundTable>(tablesSql, [transaction.schemaName]);
    for (const table of found) tables.push(await compareTable(transaction, `ledger_${ledgerId}`, table));
    return { live, outcome: { kind: "compared", tables } };
  });
}

interface FoundTable {
  name: string;
  numbered: string[];
  key: string[];
}

async function findLive(run: RunSql, ledgerId: bigint, name: string): Promise<LiveBuild | undefined> {
  const [row] = await run<Omit<LiveBuild, "deadLetters"> & { deadLetters: string[] }>(liveFindSql, [ledgerId, name]);
  return row === undefined ? undefined : { ...row, deadLetters: row.deadLetters.map(BigInt) };
}

async function compareTable(
  { run, schemaName }: ScratchTransaction,
  views: string,
  { name, numbered, key }: FoundTable,
): Promise<TableComparison> {
  const built = `${id(schemaName)}.${id(name)}`;
  const live = `${id(views)}.${id(name)}`;
  const own = key.filter((column) => !numbered.includes(column));
  const [{ rows, there } = { rows: 0n, there: false }] = await run<{ rows: bigint; there: boolean }>(
    `select count(*) as rows, to_regclass($1::text) is not null as there from ${built}`,
    [live],
  );
  const facts = { table: name, key: own, rows };
  if (!there) return { ...facts, differing: [], differences: 0n, problem: "people cannot read it: its view is gone" };
  type Row = { row: TableRow; live: bigint; built: bigint; differences: bigint };
  const differing = await run<Row>(
    `with built as (select to_jsonb(t) - $1::text[] as row, count(*) as n from ${built} t group by 1),
          live as (select to_jsonb(t) - $1::text[] as row, count(*) as n from ${live} t group by 1)
     select coalesce(b.row, l.row)::json as row, coalesce(l.n, 0) as live, coalesce(b.n, 0) as built,
            count(*) over () as differences
       from built b full join live l on b.row = l.row
      where b.n is distinct from l.n
      order by coalesce(b.row, l.row)
      limit $2::int`,
    [numbered, MAX_ROWS],
  );
  return { ...facts, differing, differences: differing[0]?.differences ?? 0n, problem: undefined };
}

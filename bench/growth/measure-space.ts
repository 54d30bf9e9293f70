import type pg from "pg";
import { formatFigure, formatTable } from "../harness/format-figures.ts";

/** What a database takes for each of its events, all ledgers together. */
export interface Space {
  events: number;
  bytesPerEvent: number;
  /** By table and index, the biggest first. */
  table: string;
}

interface Row {
  name: string;
  kind: string;
  bytes: string;
}

const RELATIONS = `select c.relname as name, case c.relkind when 'i' then 'index' else 'table' end as kind,
    case c.relkind when 'i' then pg_relation_size(c.oid) else pg_table_size(c.oid) end::text as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'eventchain' and c.relkind in ('r', 'i')
  order by 3::bigint desc`;

export async function measureSpace(pool: pg.Pool): Promise<Space> {
  const { rows: counted } = await pool.query<{ events: string }>(
    "select count(*)::text as events from eventchain.events",
  );
  const events = Number(counted[0]?.events);
  const { rows } = await pool.query<Row>(RELATIONS);
  const bytes = rows.reduce((sum, row) => sum + Number(row.bytes), 0);
  const shown = rows.filter((row) => Number(row.bytes) / events >= 1);
  const table = formatTable(
    [`bytes an event, ${events.toLocaleString("en-US")} events in the database`, "kind", "bytes"],
    [
      ["all", "", formatFigure(bytes / events)],
      ...shown.map((row) => [row.name, row.kind, formatFigure(Number(row.bytes) / events)]),
    ],
    2,
  );
  return { events, bytesPerEvent: bytes / events, table };
}

import { randomUUID } from "node:crypto";
import pg from "pg";
import { benchEvent } from "../harness/events.ts";
import { createLedgers, fillLedger } from "../harness/fill-ledger.ts";
import { countVersions } from "./bare.ts";
import type { BareAppender } from "./bare-groups.ts";
import { groupRows } from "./group-rows.ts";

const MAX_ROWS = 1_024;
const LANES = 2;
const ORIGIN = "same-rows.bench";
const TABLES = ["events", "event_tags", "commands"] as const;
type Table = (typeof TABLES)[number];

/** Each value is its text, as PostgreSQL writes it. */
type TextRow = Record<string, string | null>;

/** One append's rows as ours wrote them, to be written again at another place. */
interface Template {
  stream: string;
  event: TextRow;
  tags: readonly TextRow[];
  command: TextRow;
}

/** Where one template's event goes, and of how many events from there on it is the command (0: it has none). */
interface Placement {
  template: Template;
  stream: string;
  commandOf: number;
}

/**
 * A bare INSERT of the rows that ours writes into the tables and indexes that ours has: events, tags and commands, one
 * statement and one commit for a group. Its rows are those of a ledger that ours has filled, hashes and all, each with a
 * new position, version and id from the memory of this process: nothing is computed, checked or locked.
 *
 * @param prefill events that ours fills the ledger with first; they are the templates
 */
export async function openSameRows(databaseUrl: string, prefill: number): Promise<BareAppender> {
  const [ledgerId] = await createLedgers(databaseUrl, ORIGIN);
  await fillLedger(databaseUrl, ORIGIN, prefill, (number) => benchEvent("append", number));
  const pool = new pg.Pool({ connectionString: databaseUrl, max: LANES });
  const templates = await readTemplates(pool, ledgerId as bigint);
  const statement = await buildStatement(pool);
  const clients = await Promise.all(Array.from({ length: LANES }, () => pool.connect()));
  const versions = countVersions();
  let position = BigInt(prefill);
  for (const { event, stream } of templates)
    if (BigInt(event.version as string) > versions.last(stream))
      versions.next(stream, Number(BigInt(event.version as string) - versions.last(stream)));
  let next = 0;
  const take = (): Template => {
    next += 1;
    return templates[next % templates.length] as Template;
  };

  const add = groupRows<Placement>(LANES, MAX_ROWS, async (rows, lane) => {
    const written = rows.map((row) => {
      position += 1n;
      return place(row, position, versions.next(row.stream));
    });
    const values = TABLES.flatMap((table) => {
      const all = written.flatMap((each) => each[table]);
      return statement.columns[table].map((column) => all.map((row) => row[column]));
    });
    await (clients[lane] as pg.PoolClient).query({ name: "same rows", text: statement.text, values });
  });

  return {
    async append() {
      const template = take();
      await add([{ template, stream: template.stream, commandOf: 1 }]);
    },
    async appendMany(stream, events) {
      await add(events.map((_, i) => ({ template: take(), stream, commandOf: i === 0 ? events.length : 0 })));
    },
    fill: async () => undefined,
    async close() {
      for (const client of clients) client.release();
      await pool.end();
    },
  };
}

function place(
  { template, stream, commandOf }: Placement,
  position: bigint,
  version: bigint,
): Record<Table, readonly TextRow[]> {
  const at = String(position);
  const last = String(position + BigInt(commandOf - 1));
  const command = { ...template.command, command_id: randomUUID(), first_position: at, last_position: last };
  return {
    events: [{ ...template.event, stream, position: at, version: String(version), id: randomUUID() }],
    event_tags: template.tags.map((tag) => ({ ...tag, position: at })),
    commands: commandOf === 0 ? [] : [command],
  };
}

async function readTemplates(pool: pg.Pool, ledgerId: bigint): Promise<Template[]> {
  const read = async (table: Table, order: string): Promise<TextRow[]> => {
    const columns = await columnsOf(pool, table);
    const list = columns.map(({ name }) => `${name}::text as ${name}`).join(", ");
    const text = `select ${list} from eventchain.${table} where ledger_id = $1 order by ${order}`;
    return (await pool.query<TextRow>(text, [ledgerId])).rows;
  };
  const tags = Map.groupBy(await read("event_tags", "event_tags.position"), (row) => row.position);
  const commands = new Map((await read("commands", "first_position")).map((row) => [row.first_position, row]));
  return (await read("events", "events.position")).flatMap((event) => {
    const command = commands.get(event.position as string);
    // The ledger's own events have none.
    if (command === undefined) return [];
    return [{ stream: event.stream as string, event, tags: tags.get(event.position as string) ?? [], command }];
  });
}

interface Column {
  name: string;
  type: string;
}

async function columnsOf(pool: pg.Pool, table: Table): Promise<Column[]> {
  const { rows } = await pool.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [`eventchain.${table}`],
  );
  return rows;
}

/** One statement that inserts columns of texts into all three tables. */
async function buildStatement(pool: pg.Pool): Promise<{ text: string; columns: Record<Table, string[]> }> {
  let parameter = 0;
  const columns: Record<Table, string[]> = { events: [], event_tags: [], commands: [] };
  const inserts: string[] = [];
  for (const table of TABLES) {
    const all = await columnsOf(pool, table);
    columns[table] = all.map(({ name }) => name);
    const arrays = all.map(() => {
      parameter += 1;
      return `$${parameter}::text[]`;
    });
    const names = columns[table].join(", ");
    inserts.push(`insert into eventchain.${table} (${names})
      select ${all.map(({ name, type }) => `r.${name}::${type}`).join(", ")}
        from unnest(${arrays.join(", ")}) as r(${names})`);
  }
  const [events, tags, commands] = inserts;
  return { text: `with e as (${events}), t as (${tags}) ${commands}`, columns };
}

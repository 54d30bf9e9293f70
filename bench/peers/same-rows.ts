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

/** Each value as an element of an array's text: quoted once, not again for each group. */
type ElementRow = Record<string, string>;

/** One append's rows as ours wrote them, to be written again at another place. */
interface Template {
  stream: string;
  version: bigint;
  event: ElementRow;
  tags: readonly ElementRow[];
  command: ElementRow;
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
export async function openSameRows(databaseUrl: string, prefill: number, lanes: number = LANES): Promise<BareAppender> {
  const [ledgerId] = await createLedgers(databaseUrl, ORIGIN);
  await fillLedger(databaseUrl, ORIGIN, prefill, (number) => benchEvent("append", number));
  // The arrays are the parameters, whose contents no plan can be better for.
  const options = "-c plan_cache_mode=force_generic_plan";
  const pool = new pg.Pool({ connectionString: databaseUrl, max: lanes, options });
  const templates = await readTemplates(pool, ledgerId as bigint);
  const statement = await buildStatement(pool);
  const clients = await Promise.all(Array.from({ length: lanes }, () => pool.connect()));
  const versions = countVersions();
  let position = BigInt(prefill);
  for (const { stream, version } of templates) versions.raise(stream, version);
  let next = 0;
  const take = (): Template => {
    next += 1;
    return templates[next % templates.length] as Template;
  };

  const add = groupRows<Placement>(lanes, MAX_ROWS, async (rows, lane) => {
    const written = rows.map((row) => {
      position += 1n;
      return place(row, position, versions.next(row.stream));
    });
    const values = TABLES.flatMap((table) => {
      const all = written.flatMap((each) => each[table]);
      return statement.columns[table].map((column) => `{${all.map((row) => row[column]).join(",")}}`);
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
): Record<Table, readonly ElementRow[]> {
  const at = String(position);
  const last = String(position + BigInt(commandOf - 1));
  const command = { ...template.command, command_id: randomUUID(), first_position: at, last_position: last };
  return {
    events: [{ ...template.event, stream: quote(stream), position: at, version: String(version), id: randomUUID() }],
    event_tags: template.tags.map((tag) => ({ ...tag, position: at })),
    commands: commandOf === 0 ? [] : [command],
  };
}

async function readTemplates(pool: pg.Pool, ledgerId: bigint): Promise<Template[]> {
  async function read(table: Table, by: string): Promise<Map<string, ElementRow[]>> {
    const list = (await columnsOf(pool, table)).map(({ name }) => `${name}::text as ${name}`).join(", ");
    const text = `select ${list} from eventchain.${table} where ledger_id = $1 order by ${table}.${by}`;
    const { rows } = await pool.query<Record<string, string | null>>(text, [ledgerId]);
    const elements = (row: Record<string, string | null>): ElementRow =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? "NULL" : quote(value)]));
    const groups = Map.groupBy(rows, (row) => row[by] ?? "");
    return new Map([...groups].map(([key, group]) => [key, group.map(elements)]));
  }
  const [tags, commands] = [await read("event_tags", "position"), await read("commands", "first_position")];
  const { rows } = await pool.query<{ position: string; stream: string; version: string }>(
    "select position, stream, version from eventchain.events where ledger_id = $1",
    [ledgerId],
  );
  const places = new Map(rows.map((row) => [row.position, row]));
  return [...(await read("events", "position"))].flatMap(([position, [event]]) => {
    const [place, [command]] = [places.get(position), commands.get(position) ?? []];
    // The ledger's own events have no command.
    if (event === undefined || place === undefined || command === undefined) return [];
    const { stream, version } = place;
    return [{ stream, version: BigInt(version), event, tags: tags.get(position) ?? [], command }];
  });
}

/** An element of an array's text. */
function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
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

/** One statement that inserts columns, each an array, into all three tables. An array of arrays is one of their texts. */
async function buildStatement(pool: pg.Pool): Promise<{ text: string; columns: Record<Table, string[]> }> {
  let parameter = 0;
  const columns: Record<Table, string[]> = { events: [], event_tags: [], commands: [] };
  const inserts: string[] = [];
  for (const table of TABLES) {
    const all = await columnsOf(pool, table);
    columns[table] = all.map(({ name }) => name);
    const arrays = all.map(({ type }) => {
      parameter += 1;
      return `$${parameter}::${type.endsWith("[]") ? "text" : type}[]`;
    });
    const names = columns[table].join(", ");
    inserts.push(`insert into eventchain.${table} (${names})
      select ${all.map(({ name, type }) => `r.${name}::${type}`).join(", ")}
        from unnest(${arrays.join(", ")}) as r(${names})`);
  }
  const [events, tags, commands] = inserts;
  return { text: `with e as (${events}), t as (${tags}) ${commands}`, columns };
}

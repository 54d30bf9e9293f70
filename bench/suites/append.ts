import { randomUUID } from "node:crypto";
import { connect } from "@eventchain/ledger";
import pg from "pg";
import { caseName, OURS, SAME_ROWS, TARGETS, UNTAGGED } from "../append/targets.ts";
import { type BenchEvent, benchEvent } from "../harness/events.ts";
import { appendEvent, createLedgers, fillLedger } from "../harness/fill-ledger.ts";
import { measureCallers } from "../harness/measure-callers.ts";
import { readNumbers } from "../harness/read-numbers.ts";
import type { BenchCase, BenchContext, Contender, OpenSuite } from "../harness/types.ts";
import { bare } from "../peers/bare.ts";
import { type BareAppender, openCopy, openUnnest } from "../peers/bare-groups.ts";
import { castore } from "../peers/castore.ts";
import { dcbEs, dcbEsConditional } from "../peers/dcb-es.ts";
import { emmett } from "../peers/emmett.ts";
import { skipWithout } from "../peers/load-peer.ts";
import { messageDb, messageDbSpread } from "../peers/message-db.ts";
import { openSameRows } from "../peers/same-rows.ts";
import type { Peer } from "../peers/types.ts";

const ORIGIN = "append.bench";
const SEED = "append";
/** What callers draw from; ids are drawn anew for each append. */
const POOL_EVENTS = 40_000;
const BATCH = 100;
const BATCH_CALLERS = 32;

const BATCH_CASE = "100 events to one stream for each append";

interface Settings {
  prefill: number;
  seconds: number;
  warmUpSeconds: number;
}

interface Entrant {
  name: string;
  kind: Contender["kind"];
  version?: string | undefined;
  skip?: string | undefined;
  /** In a database of its own, with the same number of events in it. */
  open(databaseUrl: string, prefill: readonly BenchEvent[]): Promise<BareAppender>;
}

async function openOurs(
  databaseUrl: string,
  prefill: readonly BenchEvent[],
  append: (ledger: Awaited<ReturnType<typeof openLedger>>["ledger"], event: BenchEvent) => Promise<unknown>,
): Promise<BareAppender> {
  await createLedgers(databaseUrl, ORIGIN);
  await fillLedger(databaseUrl, ORIGIN, prefill.length, (number) => prefill[number] as BenchEvent);
  const { ledger, close } = await openLedger(databaseUrl);
  return {
    append: (event) => append(ledger, event),
    async appendMany(stream, events) {
      const [{ actor, ip, correlationId, commandId }] = events as [BenchEvent];
      await ledger.append(
        stream,
        events.map(({ type, tags, data }) => ({ type, tags: [...tags], data })),
        { actor, ip, correlationId, commandId },
      );
    },
    fill: async () => undefined,
    close,
  };
}

async function openLedger(databaseUrl: string) {
  const connection = await connect({ database: databaseUrl });
  return { ledger: await connection.ledger(ORIGIN), close: () => connection.close() };
}

const OURS_ENTRANTS: readonly Entrant[] = [
  { name: OURS, kind: "ours", open: (url, prefill) => openOurs(url, prefill, appendEvent) },
  {
    name: UNTAGGED,
    kind: "ours",
    open: (url, prefill) =>
      openOurs(url, prefill, (ledger, { stream, type, data, actor, ip, correlationId }) =>
        ledger.append(stream, { type, data }, { actor, ip, correlationId }),
      ),
  },
];

const bareEntrant = (name: string, open: Entrant["open"], skip?: string): Entrant => ({
  name,
  kind: "bare",
  skip,
  open,
});

const openFilled = async (store: BareAppender, prefill: readonly BenchEvent[]): Promise<BareAppender> => {
  await store.fill(prefill);
  return store;
};

function peerEntrant(peer: Peer): Entrant {
  return {
    name: peer.name,
    kind: peer === bare ? "bare" : "peer",
    version: peer.version,
    skip: peer.skip,
    open: async (url, prefill) => openFilled(await peer.open(url), prefill),
  };
}

/** In the order of the tables. */
function listEntrants(): Entrant[] {
  return [
    ...OURS_ENTRANTS,
    bareEntrant(SAME_ROWS, (url, prefill) => openSameRows(url, prefill.length)),
    bareEntrant("insert, plain rows in groups", async (url, prefill) => openFilled(await openUnnest(url), prefill)),
    bareEntrant(
      "copy, plain rows in groups",
      async (url, prefill) => openFilled(await openCopy(url), prefill),
      skipWithout("pg-copy-streams"),
    ),
    ...[bare, emmett, castore, messageDb, messageDbSpread, dcbEs, dcbEsConditional].map(peerEntrant),
  ];
}

/** One entrant with so many callers, on a new database that is dropped after it. */
function makeContender(
  entrant: Entrant,
  callers: number,
  batch: number,
  pool: readonly BenchEvent[],
  { prefill, seconds, warmUpSeconds }: Settings,
  context: BenchContext,
): Contender {
  const { name, kind, version, skip } = entrant;
  let url: string;
  let store: BareAppender;
  let stored = prefill;
  let drawn = 0;
  const draw = (): BenchEvent => {
    drawn += 1;
    const event = pool[drawn % pool.length] as BenchEvent;
    return { ...event, commandId: randomUUID(), correlationId: randomUUID() };
  };
  async function act(): Promise<number> {
    const first = draw();
    if (batch === 1) await store.append(first);
    else await store.appendMany(first.stream, [first, ...Array.from({ length: batch - 1 }, draw)]);
    return batch;
  }
  return {
    name,
    kind,
    ...(version === undefined ? {} : { version }),
    ...(skip === undefined ? {} : { skip }),
    async prepare() {
      url = await context.createDatabase(`${callers}_${batch}_${name}`);
      store = await entrant.open(url, pool.slice(0, prefill));
      stored += (await measureCallers(callers, warmUpSeconds, act)).count;
    },
    async run() {
      const sample = await measureCallers(callers, seconds, act);
      stored += sample.count;
      return { ...sample, values: { "bytes/event": (await usedBytes(url)) / stored } };
    },
    async close() {
      await store?.close();
      // Without force it waits for the pool's last connections, whose ends `close` does not wait for.
      if (url !== undefined) await onDatabase(context.serverUrl, `drop database ${new URL(url).pathname.slice(1)}`);
    },
  };
}

async function onDatabase<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** All tables of the database with their indexes. */
async function usedBytes(url: string): Promise<number> {
  const [row] = await onDatabase<{ bytes: string }>(
    url,
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')`,
  );
  return Number(row?.bytes);
}

/** The entrants whose names begin with one of `--contenders`, or all. */
function chooseEntrants({ options }: BenchContext): Entrant[] {
  const all = listEntrants();
  const wanted = options.get("contenders")?.split(",");
  const chosen = all.filter(({ name }) => wanted?.some((part) => name.startsWith(part)) ?? true);
  if (chosen.length > 0) return chosen;
  const names = all.map(({ name }) => name).join("; ");
  throw new Error(`--contenders ${wanted?.join(",")} names nobody: give beginnings of ${names}`);
}

/**
 * Options: `--callers 1,32,128,0` (0: the case of a hundred events), `--seconds 3` of a run, `--prefill 20000` events that
 * are there before, `--contenders eventchain,emmett`.
 */
export const suite: OpenSuite = async (context) => {
  const { isQuick } = context;
  const [seconds = 0] = readNumbers(context, "seconds", isQuick ? "0.3" : "3");
  const [prefill = 0] = readNumbers(context, "prefill", isQuick ? "500" : "20000");
  const settings: Settings = { prefill, seconds, warmUpSeconds: isQuick ? 0.1 : 0.5 };
  const callers = readNumbers(context, "callers", "1,32,128,0");
  const entrants = chooseEntrants(context);
  const pool = Array.from({ length: POOL_EVENTS }, (_, number) => benchEvent(SEED, number));
  const makeCase = (name: string, count: number, batch: number, list: readonly Entrant[]): BenchCase => ({
    name,
    contenders: list.map((entrant) => makeContender(entrant, count, batch, pool, settings, context)),
  });
  return {
    name: "append",
    title: "Append: one event for each append, streams at random of 10,000",
    unit: "events/s",
    cases: callers.map((count) =>
      count > 0
        ? makeCase(caseName(count), count, 1, entrants)
        : makeCase(
            BATCH_CASE,
            BATCH_CALLERS,
            BATCH,
            entrants.filter(({ name }) => name !== UNTAGGED),
          ),
    ),
    targets: TARGETS,
    notes: [
      `Closed loop: each caller has one append under way; ${settings.seconds} s a run, ${settings.prefill} events there before; one Node process.`,
      "eventchain: chain, salts, two tags and a command row for each append, metadata of actor, ip and correlation id.",
      `${SAME_ROWS}: rows that eventchain wrote, hashes and all, written again into its own tables; nothing is computed or checked.`,
      `${BATCH_CASE}: ${BATCH_CALLERS} callers.`,
    ],
  };
};

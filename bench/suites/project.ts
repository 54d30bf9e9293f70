import { connect, type Ledger } from "@eventchain/ledger";
import pg from "pg";
import { benchEvent } from "../harness/events.ts";
import { createLedgers, fillLedger } from "../harness/fill-ledger.ts";
import type { BenchCase, BenchContext, Contender, OpenSuite, Sample, Suite } from "../harness/types.ts";
import { dcbEs } from "../peers/dcb-es.ts";
import { emmett } from "../peers/emmett.ts";
import type { Peer } from "../peers/types.ts";
import { measureLive } from "../project/measure-live.ts";
import {
  BY_BATCH,
  BY_STREAM,
  BY_TYPE,
  buildFirst,
  type Counter,
  countOf,
  dropBuilds,
  openSetting,
  type Setting,
} from "../project/open-setting.ts";
import { rebuildLive } from "../project/rebuild-live.ts";

const ORIGIN = "project.bench";
const LIVE_ORIGIN = "live.bench";
const EVENTS = 300_000;
const QUICK_EVENTS = 4_000;
/** At a thousand events a second and less, more would take minutes a round. */
const PEER_EVENTS = 10_000;
const QUICK_PEER_EVENTS = 1_000;
const FETCH = 10_000;
/** Events a second while somebody subscribes. */
const RATES = [1, 200, 2_000] as const;

const OURS = "eventchain, a model's row for each stream";
const FROM_ZERO = "from zero";
const LIVE = "eventchain, subscriber";
const liveCase = (rate: number): string => `live, ${rate.toLocaleString("en-US")} events/s`;

type Open<T> = () => Promise<T>;

/** Made once, by whoever asks first. */
function once<T>(make: Open<T>): Open<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function timed(work: () => Promise<number | bigint>): Promise<Sample> {
  const startMs = performance.now();
  const count = Number(await work());
  return { count, seconds: (performance.now() - startMs) / 1_000 };
}

function openHistory(context: BenchContext, events: number): Open<{ on: Setting; databaseUrl: string }> {
  return once(async () => {
    const databaseUrl = await context.createDatabase("ours");
    const [ledgerId] = await createLedgers(databaseUrl, ORIGIN);
    if (ledgerId === undefined) throw new Error("a ledger was made");
    context.log(`filling a ledger with ${events} events …`);
    await fillLedger(databaseUrl, ORIGIN, events);
    const on = await openSetting(databaseUrl, ORIGIN, ledgerId);
    await on.pool.query("vacuum analyze");
    return { on, databaseUrl };
  });
}

async function expectAll(on: Setting, counter: Counter, events: bigint): Promise<bigint> {
  const counted = await countOf(on, counter);
  if (counted !== events) throw new Error(`${counter.projection.name} counted ${counted} of ${events} events`);
  return events;
}

function fromZero(name: string, counter: Counter, open: ReturnType<typeof openHistory>): Contender {
  return {
    name,
    kind: "ours",
    async run() {
      const { on } = await open();
      await dropBuilds(on, counter);
      const sample = await timed(() => buildFirst(on, counter));
      await expectAll(on, counter, BigInt(sample.count));
      return sample;
    },
    prepare: async () => void (await open()),
  };
}

function whileLive(name: string, counter: Counter, open: ReturnType<typeof openHistory>): Contender {
  return {
    name,
    kind: "ours",
    async prepare() {
      const { on } = await open();
      await dropBuilds(on, counter);
      await buildFirst(on, counter);
    },
    async run() {
      const { on } = await open();
      return timed(() => rebuildLive(on, counter));
    },
    close: async () => dropBuilds((await open()).on, counter),
  };
}

const UPSERT = `insert into counted as t select u.stream, u.events from unnest($1::text[], $2::bigint[]) u (stream, events)
  on conflict (stream) do update set events = t.events + excluded.events`;

/** What is left of it without a library: a cursor, a count in memory for each fetch, and an upsert. */
function bareCounter(open: ReturnType<typeof openHistory>): Contender {
  async function count(client: pg.Client): Promise<number> {
    let events = 0;
    await client.query("begin");
    await client.query("create temp table counted (stream text primary key, events bigint not null) on commit drop");
    await client.query(`declare reading no scroll cursor for
      select position, stream, version, id, type, schema, tags, recorded_at, data, metadata from eventchain.events order by position`);
    for (;;) {
      const { rows } = await client.query<{ stream: string }>(`fetch ${FETCH} from reading`);
      const counts = new Map<string, number>();
      for (const { stream } of rows) counts.set(stream, (counts.get(stream) ?? 0) + 1);
      await client.query(UPSERT, [[...counts.keys()], [...counts.values()]]);
      events += rows.length;
      if (rows.length < FETCH) break;
    }
    await client.query("commit");
    return events;
  }
  return {
    name: "cursor and upsert, one transaction",
    kind: "bare",
    prepare: async () => void (await open()),
    async run() {
      const client = new pg.Client({ connectionString: (await open()).databaseUrl });
      await client.connect();
      try {
        return await timed(() => count(client));
      } finally {
        await client.end();
      }
    },
  };
}

function peerContender(context: BenchContext, peer: Peer, events: number): Contender {
  const { name, version, skip } = peer;
  const open = once(async () => {
    const store = await peer.open(await context.createDatabase(name));
    await store.fill(Array.from({ length: events }, (_, number) => benchEvent(ORIGIN, number)));
    return store;
  });
  return {
    name,
    kind: "peer",
    ...(version === undefined ? {} : { version }),
    ...(skip === undefined ? {} : { skip }),
    prepare: async () => void (await open()),
    async run() {
      const store = await open();
      return timed(async () => {
        await store.consume?.(events);
        return events;
      });
    },
    close: async () => (await open()).close(),
  };
}

function openLive(context: BenchContext): Open<{ writer: Ledger; reader: Ledger; close(): Promise<void> }> {
  return once(async () => {
    const database = await context.createDatabase("live");
    await createLedgers(database, LIVE_ORIGIN);
    const [writing, reading] = [await connect({ database }), await connect({ database })];
    return {
      writer: await writing.ledger(LIVE_ORIGIN),
      reader: await reading.ledger(LIVE_ORIGIN),
      close: async () => void (await Promise.all([writing.close(), reading.close()])),
    };
  });
}

function liveCases({ isQuick }: BenchContext, open: ReturnType<typeof openLive>, seconds: number): BenchCase[] {
  return RATES.map((rate) => ({
    name: liveCase(rate),
    contenders: [
      {
        name: LIVE,
        kind: "ours",
        prepare: async () => void (await open()),
        async run() {
          const { writer, reader } = await open();
          return measureLive(writer, reader, rate, isQuick ? Math.max(1 / rate, 0.3) : seconds);
        },
        close: async () => {
          if (rate === RATES.at(-1)) await (await open()).close();
        },
      },
    ],
  }));
}

/** Options: `--events 300000` that are projected, `--seconds 10` of each rate. */
export const suite: OpenSuite = async (context) => {
  const { isQuick, options } = context;
  const events = Number(options.get("events") ?? (isQuick ? QUICK_EVENTS : EVENTS));
  const seconds = Number(options.get("seconds") ?? 10);
  const open = openHistory(context, events);
  const peerEvents = Math.min(events, isQuick ? QUICK_PEER_EVENTS : PEER_EVENTS);
  return {
    name: "project",
    title: "Projecting: a counting model of all events, and how soon a subscriber hears",
    unit: "events/s",
    cases: [
      {
        name: FROM_ZERO,
        contenders: [
          fromZero(OURS, BY_STREAM, open),
          fromZero("eventchain, a model's row for each type", BY_TYPE, open),
          fromZero("eventchain, SQL for batches by stream", BY_BATCH, open),
          bareCounter(open),
          ...[emmett, dcbEs].map((peer) => peerContender(context, peer, peerEvents)),
        ],
      },
      {
        name: "built anew while it is live",
        contenders: [
          whileLive(OURS, BY_STREAM, open),
          whileLive("eventchain, SQL for batches by stream", BY_BATCH, open),
        ],
      },
      ...liveCases(context, openLive(context), seconds),
    ],
    targets: [
      {
        id: "project.model",
        text: "async projection of a counting model, a row for each of 10,000 streams",
        unit: "events/s",
        atLeast: 50_000,
        measure: (results) => results.find(FROM_ZERO, OURS)?.rate.median,
      },
      {
        id: "project.best-peer",
        text: "the same: of the best peer's counting consumer",
        unit: "x",
        atLeast: 20,
        measure: (results) => results.ratio(FROM_ZERO, OURS, results.bestPeer(FROM_ZERO)?.name ?? ""),
      },
      ...RATES.map((rate) => ({
        id: `project.live.${rate}`,
        text: `p50 from commit to a live subscriber, at ${rate.toLocaleString("en-US")} events/s`,
        unit: "ms",
        atMost: 25,
        measure: (results: Parameters<Suite["targets"][number]["measure"]>[0]) =>
          results.find(liveCase(rate), LIVE)?.latencyMs?.p50,
      })),
    ],
    notes: [
      `Peers count ${peerEvents.toLocaleString("en-US")} events by their five types, each in batches of up to 1,000; ours count by stream where nothing else is said.`,
      "Built anew while it is live: 100 events a second arrive, the live tables are kept up, and their view is read.",
      "A live latency is from when append's promise resolves to when the subscriber has the event; 0 or less where it hears first.",
    ],
  };
};

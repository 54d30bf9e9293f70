import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import pg from "pg";
import { type BenchEvent, benchEvent, benchMetadata } from "../harness/events.ts";
import { createLedgers } from "../harness/fill-ledger.ts";
import { readNumbers } from "../harness/read-numbers.ts";
import type { BenchCase, BenchContext, Contender, OpenSuite, Sample } from "../harness/types.ts";
import { OrderPlaced, placeOne, total } from "../hot/hot-command.ts";
import { castore } from "../peers/castore.ts";
import { dcbEsConditional } from "../peers/dcb-es.ts";
import { emmett } from "../peers/emmett.ts";
import { messageDb } from "../peers/message-db.ts";
import type { Peer, PeerStore } from "../peers/types.ts";

const ORIGIN = "hot.bench";
const CALLERS = "1,8,32";
const SECONDS = "3";
const QUICK_SECONDS = "0.5";
/** Streams beyond those of the benchmark's events, one for each contender's round. */
const FIRST_STREAM = 100_000;

/** How one store takes commits of many callers to one stream. */
interface HotStore {
  /** Reads the state, decides, and commits, again until it is through or `isOver`; false where it was over before. */
  commit(event: BenchEvent, isOver: () => boolean): Promise<boolean>;
  /** How often it was tried, all in all. */
  tries(): number;
  /** Commits that are there. */
  count(stream: string): Promise<number>;
  close(): Promise<void>;
}

/** The events of one round: all of one stream. */
function* hotEvents(round: string, stream: string): Generator<BenchEvent, never> {
  const order = stream.replace("-", ":");
  for (let number = 0; ; number += 1) {
    const event = benchEvent(round, number);
    const data = { ...event.data, orderId: stream };
    yield { ...event, stream, tags: [event.tags[0], order], data };
  }
}

async function runCommits(store: HotStore, callers: number, seconds: number, round: string): Promise<Sample> {
  const stream = `order-${FIRST_STREAM + Number(round.split("/").at(-1))}`;
  const events = hotEvents(round, stream);
  const latenciesMs: number[] = [];
  const before = store.tries();
  const start = performance.now();
  const isOver = (): boolean => performance.now() - start >= seconds * 1_000;
  const call = async (): Promise<void> => {
    while (!isOver()) {
      const sent = performance.now();
      if (await store.commit(events.next().value, isOver)) latenciesMs.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const taken = (performance.now() - start) / 1_000;
  const tries = (store.tries() - before) / latenciesMs.length;
  const count = await store.count(stream);
  if (count !== latenciesMs.length) throw new Error(`${count} events of ${latenciesMs.length} commits are there`);
  return { count, seconds: taken, latenciesMs, values: { triesPerCommit: tries } };
}

async function openOurs(databaseUrl: string): Promise<HotStore> {
  await createLedgers(databaseUrl, ORIGIN);
  const connection: Connection = await connect({ database: databaseUrl });
  const ledger: Ledger = await connection.ledger(ORIGIN, { events: [OrderPlaced] });
  let tries = 0;
  return {
    async commit(event) {
      tries += 1;
      await placeOne(ledger, event);
      return true;
    },
    tries: () => tries,
    count: async (stream) => (await ledger.state(total, stream)).orders,
    close: () => connection.close(),
  };
}

/** Where it says how many it has of a stream: its version; dcb, which marks a position, reads them. */
async function openPeer(peer: Peer, databaseUrl: string): Promise<HotStore> {
  const store: PeerStore = await peer.open(databaseUrl);
  let tries = 0;
  return {
    async commit(event, isOver) {
      while (!isOver()) {
        tries += 1;
        if ((await store.append(event, await store.mark(event.stream))) !== undefined) return true;
      }
      return false;
    },
    tries: () => tries,
    count: async (stream) => (await store.readStream(stream)).length,
    close: () => store.close(),
  };
}

const BARE_TABLE = `create table events (
  position bigint generated always as identity primary key, stream text not null, version bigint not null,
  type text not null, tags text[] not null, data json not null, metadata json not null, unique (stream, version)
)`;
const BARE_READ = "select coalesce(max(version), 0)::text as version from events where stream = $1";
const BARE_INSERT = `insert into events (stream, version, type, tags, data, metadata)
  values ($1, $2, $3, $4, $5, $6) on conflict do nothing`;

async function openBare(databaseUrl: string, callers: number): Promise<HotStore> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: callers });
  await pool.query(BARE_TABLE);
  let tries = 0;
  const versionOf = async (stream: string): Promise<bigint> => {
    const { rows } = await pool.query<{ version: string }>({ name: "version", text: BARE_READ, values: [stream] });
    return BigInt(rows[0]?.version ?? 0);
  };
  return {
    async commit(event, isOver) {
      const { stream, type, tags, data } = event;
      const [dataText, metadataText] = [JSON.stringify(data), JSON.stringify(benchMetadata(event))];
      while (!isOver()) {
        tries += 1;
        const version = (await versionOf(stream)) + 1n;
        const values = [stream, version, type, tags, dataText, metadataText];
        if ((await pool.query({ name: "insert", text: BARE_INSERT, values })).rowCount === 1) return true;
      }
      return false;
    },
    tries: () => tries,
    count: async (stream) => Number(await versionOf(stream)),
    close: () => pool.end(),
  };
}

function contender(
  head: Pick<Contender, "name" | "kind" | "version" | "skip">,
  open: () => Promise<HotStore>,
  callers: number,
  seconds: number,
): Contender {
  let store: HotStore | undefined;
  let warm = 1_000_000;
  return {
    ...head,
    async prepare() {
      store = await open();
      await runCommits(store, callers, seconds, `${head.name}/warm/${warm++}`);
    },
    async run(round) {
      if (store === undefined) throw new Error("it is prepared first");
      return runCommits(store, callers, seconds, `${head.name}/${callers}/${round}`);
    },
    close: async () => store?.close(),
  };
}

const PEERS: readonly Peer[] = [castore, dcbEsConditional, emmett, messageDb];
const caseName = (callers: number): string => (callers === 1 ? "1 caller" : `${callers} callers`);

function hotCase(context: BenchContext, callers: number): BenchCase {
  const [seconds = 0] = readNumbers(context, "seconds", context.isQuick ? QUICK_SECONDS : SECONDS);
  const database = (name: string): Promise<string> =>
    context.createDatabase(`${name.replace(/[^a-z0-9]+/g, "_")}_${callers}`);
  const ours = contender(
    { name: "eventchain", kind: "ours" },
    async () => openOurs(await database("ours")),
    callers,
    seconds,
  );
  const peers = PEERS.map((peer) => {
    const { name, version, skip } = peer;
    const head = { name, kind: "peer" as const, ...(version && { version }), ...(skip && { skip }) };
    return contender(head, async () => openPeer(peer, await database(name)), callers, seconds);
  });
  const bare = contender(
    { name: "select, insert, again", kind: "bare" },
    async () => openBare(await database("bare"), callers),
    callers,
    seconds,
  );
  return { name: caseName(callers), x: callers, contenders: [ours, ...peers, bare] };
}

/** All callers commit to one stream, each on the state that it has read. Options: `--callers 1,8,32`, `--seconds 3` of a run. */
export const suite: OpenSuite = async (context) => ({
  name: "hot",
  title: "One hot stream",
  unit: "commits/s",
  xAxis: { label: "callers", log: true },
  cases: readNumbers(context, "callers", CALLERS).map((callers) => hotCase(context, callers)),
  targets: [
    {
      id: "hot.best-peer.32",
      text: "one hot stream, 32 callers: commits/s by the best peer's",
      unit: "x",
      atLeast: 30,
      measure(results) {
        const peer = results.bestPeer(caseName(32));
        return peer && results.ratio(caseName(32), "eventchain", peer.name);
      },
    },
  ],
  notes: [
    "Each caller reads the stream's state, decides one event on it and appends it under the condition that the stream stands where it was read; in conflict it reads again.",
    "Peers are asked for the stream's version by the cheapest read that they have. Ours is ledger.execute of a command with a model, a schema, two tags and a command id.",
  ],
});

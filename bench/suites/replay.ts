import pg from "pg";
import { type BenchEvent, benchEvent } from "../harness/events.ts";
import { createLedgers, fillLedger } from "../harness/fill-ledger.ts";
import { inChild } from "../harness/in-child.ts";
import type { BenchCase, BenchContext, Contender, OpenSuite } from "../harness/types.ts";
import type { Peer } from "../peers/types.ts";
import { PEERS, type ReplayTask } from "../replay/replay-child.ts";

const ORIGIN = "replay.bench";
const STREAM_ORIGIN = "replay-stream.bench";
const STREAM = "order-0";
/** A tenth of it is what the slowest peer gets, which would take minutes a round. */
const EVENTS = 1_000_000;
const QUICK_EVENTS = 5_000;
const STREAM_EVENTS = 100_000;
const QUICK_STREAM_EVENTS = 2_000;
const PEER_EVENTS = 100_000;
/** Of one call, where a peer is filled. */
const FILL_EVENTS = 10_000;

const OURS = "eventchain";
const CURSOR = "cursor, the driver's decoding";
const BY_HAND = "cursor, decoded by hand";
const child = new URL("../replay/replay-child.ts", import.meta.url);

type EventOf = (number: number) => BenchEvent;
const ofAll: EventOf = (number) => benchEvent(ORIGIN, number);
/** To a library without streams one is what has its order's tag. */
const ofStream: EventOf = (number) => {
  const event = benchEvent(STREAM_ORIGIN, number);
  return { ...event, stream: STREAM, tags: [event.tags[0], "order:0"] };
};

/** A ledger of so many events, with the tables as autovacuum leaves them; made once, by whoever asks first. */
function openHistory(
  context: BenchContext,
  origin: string,
  count: number,
  eventOf: EventOf,
): () => Promise<ReplayTask> {
  let made: Promise<ReplayTask> | undefined;
  async function make(): Promise<ReplayTask> {
    const databaseUrl = await context.createDatabase(origin.replaceAll(/\W/g, "_"));
    const [ledgerId] = await createLedgers(databaseUrl, origin);
    if (ledgerId === undefined) throw new Error("a ledger was made");
    context.log(`filling a ledger with ${count} events …`);
    await fillLedger(databaseUrl, origin, count, eventOf);
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      await client.query("vacuum analyze");
    } finally {
      await client.end();
    }
    return { databaseUrl, origin, ledgerId, count, amountCents: sumOf(count, eventOf) };
  }
  return () => {
    made ??= make();
    return made;
  };
}

function sumOf(count: number, eventOf: EventOf): number {
  let sum = 0;
  for (let number = 0; number < count; number += 1) sum += eventOf(number).data.amountCents as number;
  return sum;
}

function bareContender(
  name: string,
  exported: string,
  open: () => Promise<ReplayTask>,
  stream: string | undefined,
): Contender {
  let task: ReplayTask;
  return {
    name,
    kind: name === OURS ? "ours" : "bare",
    async prepare() {
      task = { ...(await open()), stream };
    },
    async run() {
      const { result, peakRssMiB } = await inChild<{ count: number; seconds: number }>(child, exported, task);
      return { ...result, peakRssMiB };
    },
  };
}

function peerContender(
  context: BenchContext,
  peer: Peer,
  count: number,
  eventOf: EventOf,
  stream: string | undefined,
): Contender {
  const { name, version, skip } = peer;
  let task: ReplayTask;
  return {
    name,
    kind: "peer",
    ...(version === undefined ? {} : { version }),
    ...(skip === undefined ? {} : { skip }),
    async prepare() {
      const databaseUrl = await context.createDatabase(`${stream === undefined ? "all" : "stream"}_${name}`);
      const store = await peer.open(databaseUrl);
      try {
        for (let first = 0; first < count; first += FILL_EVENTS) {
          const length = Math.min(FILL_EVENTS, count - first);
          await store.fill(Array.from({ length }, (_, index) => eventOf(first + index)));
        }
      } finally {
        await store.close();
      }
      task = { databaseUrl, origin: "", ledgerId: 0n, stream, count, amountCents: sumOf(count, eventOf), peer: name };
    },
    async run() {
      const { result, peakRssMiB } = await inChild<{ count: number; seconds: number }>(child, "replayPeer", task);
      return { ...result, peakRssMiB };
    },
  };
}

/** Options: `--events 1000000` of the ledger that is read whole. */
export const suite: OpenSuite = async (context) => {
  const { isQuick, options } = context;
  const events = Number(options.get("events") ?? (isQuick ? QUICK_EVENTS : EVENTS));
  const streamEvents = isQuick ? QUICK_STREAM_EVENTS : STREAM_EVENTS;
  const all = openHistory(context, ORIGIN, events, ofAll);
  const one = openHistory(context, STREAM_ORIGIN, streamEvents, ofStream);
  const allCase = `${events.toLocaleString("en-US")} events`;
  const streamCase = `one stream of ${streamEvents.toLocaleString("en-US")}`;
  const ofCase = (open: () => Promise<ReplayTask>, stream?: string): Contender[] => [
    bareContender(OURS, "replayOurs", open, stream),
    bareContender(BY_HAND, "replayCursorByHand", open, stream),
    bareContender(CURSOR, "replayCursor", open, stream),
    bareContender("copy, parsed", "replayCopy", open, stream),
  ];
  const cases: BenchCase[] = [
    {
      name: allCase,
      contenders: [
        ...ofCase(all),
        // It has no read over all streams.
        ...PEERS.filter(({ name }) => name !== "castore").map((peer) =>
          peerContender(context, peer, Math.min(events, PEER_EVENTS), ofAll, undefined),
        ),
      ],
    },
    {
      name: streamCase,
      contenders: [
        ...ofCase(one, STREAM),
        ...PEERS.map((peer) => peerContender(context, peer, streamEvents, ofStream, STREAM)),
      ],
    },
  ];
  return {
    name: "replay",
    title: "Replay: every event read and decoded, by the public API",
    unit: "events/s",
    cases,
    targets: [
      {
        id: "replay.all",
        text: "replay of all events: of a bare cursor with decoding, the faster one",
        unit: "x",
        atLeast: 0.8,
        measure(results) {
          const ratios = [CURSOR, BY_HAND].map((name) => results.ratio(allCase, OURS, name));
          return ratios.includes(undefined) ? undefined : Math.min(...(ratios as number[]));
        },
      },
      {
        id: "replay.memory",
        text: "peak memory of the process that replays all events",
        unit: "MiB",
        atMost: 400,
        measure: (results) => results.find(allCase, OURS)?.peakRssMiB?.median,
      },
    ],
    notes: [
      "Each run is a process of its own. A cursor fetches 10,000 rows at a time; COPY decodes data and metadata alone, and is no",
      `answer to any query. Peers read ${PEER_EVENTS.toLocaleString("en-US")} events at most, in batches of 10,000 where the library lets its caller say so.`,
    ],
  };
};

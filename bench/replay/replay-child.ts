// What one contender of the suite `replay` does, in a process of its own: see `inChild`.

import { connect } from "@eventchain/ledger";
import pg from "pg";
import { castore } from "../peers/castore.ts";
import { dcbEs } from "../peers/dcb-es.ts";
import { emmett } from "../peers/emmett.ts";
import { messageDb } from "../peers/message-db.ts";
import type { Peer } from "../peers/types.ts";

export const PEERS: readonly Peer[] = [emmett, castore, messageDb, dcbEs];

/** Events for a fetch or page, where the reader may say it. */
const BATCH = 10_000;

export interface ReplayTask {
  databaseUrl: string;
  origin: string;
  ledgerId: bigint;
  /** Read this stream alone. */
  stream?: string | undefined;
  /** What there is to be read. */
  count: number;
  /** The sum of all events' amountCents. */
  amountCents: number;
  /** Of the peer. */
  peer?: string;
}

interface Replayed {
  count: number;
  seconds: number;
}

/** Handles each event as a reader would that sums one number; what is not all of the history is an error. */
function openTally({ count, amountCents }: ReplayTask): { add(data: unknown): void; check(): void } {
  let [events, sum] = [0, 0];
  return {
    add(data) {
      events += 1;
      sum += (data as { amountCents: number }).amountCents;
    },
    check() {
      if (events !== count || sum !== amountCents)
        throw new Error(`read ${events} events of ${sum} cents, not ${count} of ${amountCents}`);
    },
  };
}

async function timed(task: ReplayTask, read: (add: (data: unknown) => void) => Promise<void>): Promise<Replayed> {
  const tally = openTally(task);
  const startMs = performance.now();
  await read(tally.add);
  const seconds = (performance.now() - startMs) / 1_000;
  tally.check();
  return { count: task.count, seconds };
}

export async function replayOurs(task: ReplayTask): Promise<Replayed> {
  const connection = await connect({ database: task.databaseUrl });
  try {
    const ledger = await connection.ledger(task.origin);
    return await timed(task, async (add) => {
      const events = task.stream === undefined ? ledger.readAll() : ledger.readStream(task.stream);
      for await (const event of events) add(event.data);
    });
  } finally {
    await connection.close();
  }
}

/** The columns of an event as readers get it. */
function selectEvents({ ledgerId, stream }: ReplayTask): string {
  const where = stream === undefined ? "" : ` and stream = ${pg.escapeLiteral(stream)}`;
  return `select position, stream, version, id, type, schema, tags, recorded_at, data, metadata, hash
    from eventchain.events where ledger_id = ${ledgerId}${where} order by ${stream === undefined ? "position" : "version"}`;
}

async function withClient<T>(task: ReplayTask, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: task.databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function fetchAll(
  client: pg.Client,
  task: ReplayTask,
  query: Omit<pg.QueryArrayConfig, "text" | "rowMode"> & { rowMode?: "array" },
  onRow: (row: never) => void,
): Promise<void> {
  await client.query("begin");
  await client.query(`declare reading no scroll cursor for ${selectEvents(task)}`);
  for (;;) {
    const { rows } = await client.query({ ...query, text: `fetch ${BATCH} from reading` });
    for (const row of rows) onRow(row as never);
    if (rows.length < BATCH) break;
  }
  await client.query("commit");
}

/** A cursor as the driver's own types decode it: rows as objects, lists, dates, bytes and JSON; bigint where there is int8. */
export function replayCursor(task: ReplayTask): Promise<Replayed> {
  const types = { getTypeParser: (oid: number) => (oid === 20 ? BigInt : pg.types.getTypeParser(oid, "text")) };
  return withClient(task, (client) =>
    timed(task, (add) =>
      fetchAll(client, task, { types: types as pg.CustomTypesConfig }, ({ data }: { data: unknown }) => add(data)),
    ),
  );
}

/** A cursor with as little as can be done by hand to have the same event in hand. */
export function replayCursorByHand(task: ReplayTask): Promise<Replayed> {
  const types = { getTypeParser: () => (text: string) => text } as pg.CustomTypesConfig;
  const decode = (row: readonly string[]) => {
    const [position, stream, version, id, type, schema, tags, recordedAt, data, metadata, hash] =
      row as never as string[];
    return {
      position: BigInt(position as string),
      stream,
      version: BigInt(version as string),
      id,
      type,
      schema: Number(schema),
      tags: (tags as string).slice(1, -1).split(","),
      recordedAt: new Date(recordedAt as string),
      data: JSON.parse(data as string),
      metadata: JSON.parse(metadata as string),
      hash: (hash as string).slice(2),
    };
  };
  return withClient(task, (client) =>
    timed(task, (add) =>
      fetchAll(client, task, { types, rowMode: "array" }, (row: readonly string[]) => add(decode(row).data)),
    ),
  );
}

/** COPY's text, of which data and metadata alone are decoded. */
export function replayCopy(task: ReplayTask): Promise<Replayed> {
  return withClient(task, (client) =>
    timed(task, (add) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const parse = (text: string): unknown => JSON.parse(text.includes("\\") ? text.replaceAll("\\\\", "\\") : text);
      const ignore = (): void => undefined;
      const copying = {
        submit: (connection: { query(text: string): void }) =>
          connection.query(`copy (${selectEvents(task)}) to stdout`),
        handleCopyData({ chunk }: { chunk: Buffer }) {
          const columns = chunk.toString("utf8", 0, chunk.length - 1).split("\t");
          parse(columns[9] as string);
          add(parse(columns[8] as string));
        },
        handleError: reject,
        handleReadyForQuery: () => resolve(),
        handleRowDescription: ignore,
        handleDataRow: ignore,
        handlePortalSuspended: ignore,
        handleEmptyQuery: ignore,
        handleCommandComplete: ignore,
        handleCopyInResponse: ignore,
      };
      client.query(copying as never);
      return promise;
    }),
  );
}

export async function replayPeer(task: ReplayTask): Promise<Replayed> {
  const peer = PEERS.find(({ name }) => name === task.peer);
  if (peer === undefined) throw new Error(`there is no peer ${task.peer}`);
  const store = await peer.open(task.databaseUrl, { isInstalled: true });
  const { stream } = task;
  try {
    return await timed(task, async (add) => {
      if (stream !== undefined) for (const { data } of await store.readStream(stream)) add(data);
      else
        await store.readAll?.(BATCH, (events) => {
          for (const { data } of events) add(data);
        });
    });
  } finally {
    await store.close();
  }
}

import {
  connect,
  defineEvent,
  defineModel,
  defineProjection,
  type Ledger,
  type Projection,
  projectOnce,
} from "@eventchain/ledger";
import { openPostgresProjections, type ProjectionRecord, type ProjectionStore } from "@eventchain/store";
import pg from "pg";
import { z } from "zod";

const TYPES = ["OrderPlaced", "OrderPacked", "OrderShipped", "OrderDelivered", "OrderReturned"] as const;

/** The benchmark's events, as an app defines them. */
const EVENTS = TYPES.map((type) => defineEvent(type, { schema: z.object({ amountCents: z.number() }).loose() }));

const counting = EVENTS.reduce(
  (model, event) => model.on(event, (state) => ({ events: state.events + 1 })),
  defineModel("counting", { initial: () => ({ events: 0 }) }),
);

/** What counts all events, and how to ask how many it has. */
export interface Counter {
  projection: Projection;
  /** $views is the schema of the ledger's views. */
  events: string;
}

export const BY_STREAM: Counter = {
  projection: defineProjection("by-stream", { model: counting, key: ({ stream }) => stream }),
  events: "select sum((state->>'events')::bigint)::text as events from $views.by_stream",
};

export const BY_TYPE: Counter = {
  projection: defineProjection("by-type", { model: counting, key: ({ type }) => type }),
  events: "select sum((state->>'events')::bigint)::text as events from $views.by_type",
};

export const BY_BATCH: Counter = {
  projection: defineProjection("by-batch", {
    schema: "create table by_batch (stream text primary key, events bigint not null)",
  }).onBatch(EVENTS, async (events, db) => {
    await db.query(
      `insert into by_batch as t select u.stream, count(*) from unnest($1::text[]) u (stream) group by u.stream
       on conflict (stream) do update set events = t.events + excluded.events`,
      [events.map(({ stream }) => stream)],
    );
  }),
  events: "select sum(events)::text as events from $views.by_batch",
};

/** One ledger of a database, and what a worker's projecting works with. */
export interface Setting extends AsyncDisposable {
  pool: pg.Pool;
  ledger: Ledger;
  ledgerId: bigint;
  projections: ProjectionStore;
}

export async function openSetting(databaseUrl: string, origin: string, ledgerId: bigint): Promise<Setting> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, allowExitOnIdle: true });
  // A connection that ends after its database is none of the figures' business.
  pool.on("error", () => undefined);
  const connection = await connect({ database: pool });
  return {
    pool,
    ledgerId,
    ledger: await connection.ledger(origin),
    projections: openPostgresProjections(pool),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await pool.end();
    },
  };
}

export async function recordOf(
  { projections, ledgerId }: Setting,
  { name }: Projection,
): Promise<{ record: ProjectionRecord | undefined; headPosition: bigint }> {
  const { projections: all, headPosition } = await projections.list(ledgerId);
  return { record: all.find((each) => each.name === name), headPosition };
}

/** A worker's rounds, until the first build is live: it has been from zero to the head. Gives the position. */
export async function buildFirst(on: Setting, { projection }: Counter): Promise<bigint> {
  for (;;) {
    const { record, headPosition } = await recordOf(on, projection);
    if (record?.live != null) return record.live.position;
    await projectOnce(on, projection, record, headPosition);
  }
}

/** How many events the live view has. */
export async function countOf({ pool, ledgerId }: Setting, { events }: Counter): Promise<bigint> {
  const { rows } = await pool.query<{ events: string }>(events.replace("$views", `ledger_${ledgerId}`));
  return BigInt(rows[0]?.events ?? -1);
}

/** Takes a projection away, so that the next build begins at zero. */
export async function dropBuilds(on: Setting, { projection }: Counter): Promise<void> {
  const { record } = await recordOf(on, projection);
  if (record === undefined) return;
  for (const build of [record.live, record.building, ...record.retired])
    if (build !== null) await on.projections.dropBuild(build.buildId);
}

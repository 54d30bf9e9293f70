import { type AnyReaction, type Connection, connect, type Ledger, type LedgerOptions } from "@eventchain/ledger";
import { openPostgresHandlers, openPostgresReactions, openPostgresStore, type ReactionStore } from "@eventchain/store";
import { type AppLedger, drainReactions, type LogLevel, reactWith, type StageReport } from "@eventchain/workers";
import type pg from "pg";
import { createLedger } from "./ledger-workers.ts";

interface LogLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A ledger with reactions, whose rounds the test makes itself: what a worker process is to the stage. */
export interface ReactingApp extends AsyncDisposable {
  readonly ledgerId: bigint;
  readonly origin: string;
  readonly ledger: Ledger;
  readonly log: readonly LogLine[];
  /** The reactions from now on: what a deployment changes. */
  deploy(reactions: readonly AnyReaction[]): void;
  /** One round; runs that take longer go on. */
  turn(): Promise<StageReport>;
  /** One round, with the runs that it began waited for. */
  round(): Promise<StageReport>;
  /** Rounds until none has anything to do within the next second. */
  settle(): Promise<void>;
  /** Tells the runs that the worker stops, and waits for them. */
  stop(): Promise<void>;
}

export interface ReactingAppInput {
  readonly pool: pg.Pool;
  readonly reactions: readonly AnyReaction[];
  readonly options?: LedgerOptions;
  /** Default: a new ledger. */
  readonly origin?: string;
  /** Default: that of the database. */
  readonly store?: ReactionStore;
}

export async function openReactingApp({
  pool,
  reactions,
  options = {},
  origin: given,
  store: reactionStore = openPostgresReactions(pool),
}: ReactingAppInput): Promise<ReactingApp> {
  const store = openPostgresStore({ pool });
  const origin = given ?? (await createLedger(store)).origin;
  const ledgerId = (await store.findLedger(origin))?.ledgerId ?? 0n;
  const connection: Connection = await connect({ database: pool });
  const ledger = await connection.ledger(origin, options);
  const stopping = new AbortController();
  const log: LogLine[] = [];
  let deployed = reactions;

  async function turn(): Promise<StageReport> {
    const switches = await openPostgresHandlers(pool).list(ledgerId);
    const isOn = (handler: string): boolean => switches.find((each) => each.handler === handler)?.enabled !== false;
    const app: AppLedger = {
      ledgerId,
      origin,
      ledger,
      store,
      projections: [],
      reactions: deployed,
      snapshots: [],
      isOn,
    };
    const logger = (level: LogLevel, event: string, values: Readonly<Record<string, unknown>> = {}): void => {
      log.push({ level, event, values });
    };
    return reactWith(reactionStore)(app, { logger, clock: () => BigInt(Date.now()), signal: stopping.signal });
  }

  const app: ReactingApp = {
    ledgerId,
    origin,
    ledger,
    log,
    deploy: (next) => {
      deployed = next;
    },
    turn,
    async round() {
      const report = await turn();
      await drainReactions(stopping.signal);
      return report;
    },
    async settle() {
      for (;;) {
        const { more, nextAtMs } = await turn();
        const inMs = nextAtMs === undefined ? Number.POSITIVE_INFINITY : Number(nextAtMs) - Date.now();
        if (!more && inMs > 1_000) return;
        if (!more) await new Promise((resolve) => setTimeout(resolve, Math.max(inMs, 1)));
      }
    },
    async stop() {
      stopping.abort();
      await drainReactions(stopping.signal);
    },
    async [Symbol.asyncDispose]() {
      await app.stop();
      await connection.close();
    },
  };
  return app;
}

/** Moves a ledger's time-outs and pauses on: what is due in `ms` milliseconds is due now. */
export async function moveDueTimes(pool: pg.Pool, ledgerId: bigint, ms: number): Promise<void> {
  await pool.query(
    `update eventchain.reaction_tasks set due_at = due_at - $2::bigint * interval '1 millisecond'
      where ledger_id = $1 and state = 'waiting'`,
    [ledgerId, ms],
  );
}

/** Ends the leases of runs whose worker is gone. */
export async function endLeases(pool: pg.Pool, ledgerId: bigint): Promise<void> {
  await pool.query(
    "update eventchain.reaction_tasks set lease_until = clock_timestamp() where ledger_id = $1 and state = 'running'",
    [ledgerId],
  );
}

/** All that an iteration gives. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

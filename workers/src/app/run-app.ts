import {
  type AppConfig,
  type CollectedHandlers,
  type Connection,
  connect,
  type LedgerOptions,
} from "@eventchain/ledger";
import { type LedgerHead, openPostgresHandlers, openPostgresStore, readHeads } from "@eventchain/store";
import type pg from "pg";
import { drainReactions } from "../react.ts";
import { type Logger, Troubles } from "../run/logger.ts";
import { atWork } from "./at-work.ts";
import { type Rounds, runRounds } from "./run-rounds.ts";
import { stageOf } from "./stages.ts";
import type { AppLedger, AppRole } from "./types.ts";

/** The pause between two looks at the heads: short after something was appended, then longer. */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 250;
const GROWTH = 1.5;

/** How often each stage looks though nothing was appended: builds that others began, handlers that were set going again. */
const TICK_MS = 2_000;

export interface RunAppInput {
  /** What the ledgers are opened with. */
  readonly config: AppConfig;
  readonly handlers: CollectedHandlers;
  /** Which of the database's ledgers, asked at each look. */
  readonly serves: (origin: string) => boolean;
  readonly pool: pg.Pool;
  readonly logger: Logger;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly clock: () => bigint;
  readonly roles: readonly AppRole[];
}

export interface RunningApp {
  /** Finishes the rounds at hand. May be called twice. */
  close(): Promise<void>;
}

/**
 * Runs an app's projections, reactions and snapshots on ledgers, until closed. Any number of processes may do so on one
 * database: each round takes what it works on by a row's lock or a lease. Ledgers created later are taken up as well.
 *
 * Errors: LedgerError `database-…` where the start fails. What fails later is logged and tried again.
 */
export async function runApp(input: RunAppInput): Promise<RunningApp> {
  const runner = new AppRunner(input, await connect({ database: input.pool, clock: input.clock }));
  runner.start();
  return runner;
}

class AppRunner implements RunningApp {
  readonly #input: RunAppInput;
  readonly #connection: Connection;
  readonly #troubles: Troubles;
  readonly #stopping = new AbortController();
  readonly #opened = new Map<string, { ledger: Omit<AppLedger, "isOn">; seen: string }>();
  readonly #rounds: Rounds;
  #polling: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #closed: Promise<void> | undefined;

  constructor(input: RunAppInput, connection: Connection) {
    this.#input = input;
    this.#connection = connection;
    this.#troubles = new Troubles(input.logger, () => performance.now());
    this.#rounds = runRounds({ run: (key) => this.#round(key), clock: input.clock });
  }

  start(): void {
    this.#polling = this.#poll();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#polling;
    await this.#rounds.stop();
    await drainReactions(this.#stopping.signal);
    await this.#connection.close();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    let pauseMs = MIN_PAUSE_MS;
    let tickMs = -TICK_MS;
    while (!signal.aborted) {
      const isTick = performance.now() - tickMs >= TICK_MS;
      if (isTick) tickMs = performance.now();
      try {
        const moved = await this.#look(isTick);
        pauseMs = moved ? MIN_PAUSE_MS : Math.min(pauseMs * GROWTH, MAX_PAUSE_MS);
        this.#troubles.over("heads", "database-back");
      } catch (error) {
        this.#troubles.note("heads", "database-failed", error);
        pauseMs = MAX_PAUSE_MS;
      }
      if (!signal.aborted) await this.#pause(pauseMs);
    }
  }

  /** Asks for a round of each stage of each ledger that has moved; on a tick, of all. */
  async #look(isTick: boolean): Promise<boolean> {
    let hasMoved = false;
    for (const head of await readHeads(this.#input.pool)) {
      if (!this.#input.serves(head.origin)) continue;
      const known = this.#opened.get(head.origin) ?? (isTick ? await this.#open(head) : undefined);
      if (known === undefined) continue;
      const seen = `${head.position} ${head.sealedSize} ${head.finalSize}`;
      const moved = seen !== known.seen;
      known.seen = seen;
      hasMoved ||= moved;
      if (moved || isTick) for (const role of this.#input.roles) this.#rounds.ask(`${role} ${head.origin}`);
    }
    return hasMoved;
  }

  /** A ledger that cannot be opened, for a schema that was changed say, is tried again at the next tick. */
  async #open({ origin, ledgerId }: LedgerHead): Promise<{ seen: string } | undefined> {
    try {
      const ledger = await this.#connection.ledger(origin, ledgerOptions(this.#input.config, this.#input.handlers));
      const store = openPostgresStore({ pool: this.#input.pool });
      const opened = { ledger: { ledgerId, origin, ledger, store, ...this.#input.handlers }, seen: "" };
      this.#opened.set(origin, opened);
      this.#troubles.over(`open ${origin}`, "ledger-open", { origin });
      return opened;
    } catch (error) {
      this.#troubles.note(`open ${origin}`, "ledger-failed", error, { origin });
      return undefined;
    }
  }

  async #round(key: string): Promise<{ more: boolean; nextAtMs?: bigint | undefined }> {
    const [role = "", origin = ""] = key.split(" ");
    const found = this.#opened.get(origin);
    if (found === undefined || this.#stopping.signal.aborted) return { more: false };
    const { logger, clock, pool } = this.#input;
    try {
      const switches = await openPostgresHandlers(pool).list(found.ledger.ledgerId);
      const off = new Set(switches.filter(({ enabled }) => !enabled).map(({ handler }) => handler));
      const app: AppLedger = { ...found.ledger, isOn: (handler) => !off.has(handler) };
      const deps = { logger, clock, signal: this.#stopping.signal };
      const report = await atWork({ origin, role }, () => stageOf(role as AppRole)(app, deps));
      this.#troubles.over(key, `${role}-recovered`, { origin });
      return report;
    } catch (error) {
      this.#troubles.note(key, `${role}-failed`, error, { origin });
      return { more: false };
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** What the ledger itself is opened with. */
function ledgerOptions(config: AppConfig, handlers: CollectedHandlers): LedgerOptions {
  const { events, commands, recordRejections, require, models } = config;
  const { projections, snapshots } = handlers;
  return {
    ...(events === undefined ? {} : { events }),
    ...(commands === undefined ? {} : { commands }),
    ...(recordRejections === undefined ? {} : { recordRejections }),
    ...(require === undefined ? {} : { require }),
    ...(models === undefined ? {} : { models }),
    projections,
    snapshots,
  };
}

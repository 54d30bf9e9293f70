import type { Readable } from "node:stream";
import type { Chain } from "@eventchain/chain";
import { checkOrigin, LedgerError, parseAddress } from "@eventchain/core";
import type { Connection, Ledger } from "@eventchain/ledger";
import type { PostgresStore } from "@eventchain/store";
import type { ProgramIo } from "./io.ts";
import { openChain } from "./open-chain.ts";
import type { Output } from "./output.ts";
import { type Progress, startProgress } from "./progress.ts";
import { reachServer } from "./reach-server.ts";
import type { Settings } from "./settings.ts";

/** What a command works with. Whatever it opens here is opened at its first use, and closed when the command has ended. */
export interface CommandContext {
  /** The command line as it was given, for a command that starts itself again. */
  readonly args: readonly string[];
  readonly settings: Settings;
  readonly output: Output;
  readonly stdin: Readable;
  /** Aborted by Ctrl-C and SIGTERM: pass it on, or stop at it. */
  readonly signal: AbortSignal;
  /** One pool for the command; its server has been reached. */
  pool(): Promise<PostgresStore["pool"]>;
  /** The SDK, on the same pool. */
  connection(): Promise<Connection>;
  /** The node at `--rpc`, `RPC_URL` or `DIR/stack.json`. */
  chain(): Promise<Chain>;
  /**
   * `--ledger`, or the only ledger of the database.
   *
   * @throws LedgerError `ledger-not-found` when there is none, `invalid-argument` when there are several.
   */
  origin(): Promise<string>;
  /** The ledger that {@link origin} names. */
  ledger(): Promise<Ledger>;
  /** Starts a progress bar, where there is a terminal to show it; with the rate of a unit where one is named. */
  progress(total: bigint, label: string, unit?: string): Progress;
  /** Has something closed at the end, after what was added later. */
  onClose(close: () => Promise<void>): void;
  readonly tellParent: ProgramIo["tellParent"];
}

/** Makes a context, and what closes everything that was opened through it, the newest first; that never throws. */
export function createContext(
  io: ProgramIo,
  settings: Settings,
  output: Output,
): { context: CommandContext; close(): Promise<void> } {
  const closers: (() => Promise<void>)[] = [];
  const bars: Progress[] = [];

  // The packages are loaded when they are needed: `--help`, `check` and `down` need neither a database nor a chain client.
  const pool = once(async () => {
    const url = await settings.require("database");
    await reachServer("database", url);
    const { openPostgresStore } = await import("@eventchain/store");
    const store = openPostgresStore({ connectionString: url.text });
    closers.push(() => store.close());
    return store.pool;
  });
  const connection = once(async () => {
    const database = await pool();
    const { connect } = await import("@eventchain/ledger");
    const opened = await connect({ database });
    closers.push(() => opened.close());
    return opened;
  });
  const chain = once(async () => {
    const connected = await openChain(await settings.require("rpc"));
    closers.push(async () => connected.close());
    return connected;
  });
  const origin = once(async () => givenOrigin(settings) ?? onlyLedger(await (await connection()).ledgers()));
  const ledger = once(async () => {
    // A malformed --ledger is refused before anything is connected.
    givenOrigin(settings);
    const opened = await connection();
    return await opened.ledger(await origin());
  });

  const context: CommandContext = {
    args: io.args,
    settings,
    output,
    stdin: io.stdin,
    signal: io.signal,
    pool,
    connection,
    chain,
    origin,
    ledger,
    progress: (total, label, unit) => {
      const bar = startProgress(io.stderr, total, label, unit);
      bars.push(bar);
      return bar;
    },
    onClose: (close) => {
      closers.push(close);
    },
    tellParent: io.tellParent,
  };
  const close = async (): Promise<void> => {
    for (const bar of bars) bar.stop();
    // One that fails, such as a connection that was lost, must not keep the others open.
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop())
      await closer().catch(() => undefined);
  };
  return { context, close };
}

/** The one ledger of `--ledger`; undefined when it is not given. */
export function givenOrigin(settings: Settings): string | undefined {
  const [origin, ...others] = settings.options.ledger ?? [];
  if (others.length > 0)
    throw new LedgerError("invalid-argument", "--ledger was given more than once: this command takes one ledger");
  if (origin !== undefined) checkOrigin(origin);
  return origin;
}

/** The contract of `--contract`, 0x and lower case. */
export function givenContract(settings: Settings): string | undefined {
  const { contract } = settings.options;
  return contract === undefined ? undefined : parseAddress(contract);
}

function onlyLedger(origins: readonly string[]): string {
  const [origin, ...others] = origins;
  if (origin === undefined) {
    throw new LedgerError(
      "ledger-not-found",
      "this database has no ledger: `eventchain deploy --ledger ORIGIN` creates one",
    );
  }
  if (others.length > 0) throw severalLedgers(origins);
  return origin;
}

/** Says that `--ledger` is needed, and what it may be. */
export function severalLedgers(origins: readonly unknown[]): LedgerError {
  const message = `this database has ${origins.length} ledgers (${origins.slice(0, 10).join(", ")}): say which by --ledger ORIGIN`;
  return new LedgerError("invalid-argument", message, { values: { ledgers: origins } });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

import { checkOrigin, LedgerError } from "@eventchain/core";
import {
  groupAppends,
  openPostgresCheckpoints,
  openPostgresLog,
  openPostgresSnapshots,
  openPostgresStore,
  type PostgresStore,
} from "@eventchain/store";
import { checkKeys } from "./check-keys.ts";
import { checkLedgerOptions } from "./check-ledger-options.ts";
import { openCommands } from "./commands/open-commands.ts";
import { collectDefinitions } from "./events/collect-definitions.ts";
import { listDefinitions } from "./events/list-definitions.ts";
import { openSchemas } from "./events/schema-registry.ts";
import { openHandlerStores } from "./handlers/stores.ts";
import { openGate } from "./open-gate.ts";
import { openLedger } from "./open-ledger.ts";
import { type ProjectionWatch, watchProjections } from "./projections/await-projected.ts";
import { openInlineProjections } from "./projections/inline-projections.ts";
import type { Report } from "./snapshots/report.ts";
import { type HeadWatch, watchHead } from "./subscribe/watch-head.ts";
import type { Connection, Ledger, LedgerOptions } from "./types.ts";
import { type WatermarkWatch, watchWatermarks } from "./watch-watermarks.ts";

export interface ConnectOptions {
  /** A connection string, or a pool of `pg`'s that stays its caller's to end. */
  database: string | PostgresStore["pool"];
  /** Of the pool that a connection string makes. Default: the store's. */
  maxConnections?: number | undefined;
  /** Milliseconds since 1970-01-01 UTC, for the ids of events. Default: the host's clock. */
  clock?: (() => bigint) | undefined;
  /** Told of what is wrong with snapshots, which hinders nobody. Default: a warning of the process. */
  report?: Report | undefined;
}

/** Each shared by all that wait for the same of one ledger. */
interface Watches {
  watch: WatermarkWatch;
  heads: HeadWatch;
  projected: ProjectionWatch;
}

/**
 * Opens a database of ledgers. One pool and one grouping of appends serve all of them.
 * Errors: LedgerError `database-unavailable`, `not-migrated`, `database-refused`, `config-invalid`.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  checkKeys(options, ["database", "maxConnections", "clock", "report"], "connect options");
  const { database, maxConnections, clock = hostClock, report } = options;
  const own = typeof database === "string";
  // An environment variable that is not set must not end in whatever server happens to run here.
  if (own ? database === "" : typeof database !== "object" || database === null)
    throw new LedgerError("config-invalid", "no database is named: give a postgres:// URL or a pool of pg's");
  if (report !== undefined && typeof report !== "function")
    throw new LedgerError("config-invalid", "option report is no function", { values: { option: "report" } });
  const store = openPostgresStore(
    own
      ? { connectionString: database, ...(maxConnections === undefined ? {} : { maxConnections }) }
      : { pool: database },
  );
  try {
    // The first read finds out whether the server answers and its tables are there.
    await store.listLedgers();
  } catch (error) {
    await store.close();
    throw error;
  }
  const log = openPostgresLog(store.pool);
  const handlers = openHandlerStores(store.pool);
  const { projections } = handlers;
  const inline = openInlineProjections(store);
  const appends = groupAppends(inline, { isAlone: inline.runsWith });
  const commands = openCommands({ store, appends, clock });
  const checkpoints = openPostgresCheckpoints(store.pool);
  const snapshots = openPostgresSnapshots(store.pool);
  const watches = new Map<bigint, Watches>();
  const gate = openGate();
  let closing: Promise<void> | undefined;

  function watchesOf(ledgerId: bigint): Watches {
    const known = watches.get(ledgerId);
    if (known !== undefined) return known;
    const watch = watchWatermarks(() => store.watermarks(ledgerId));
    const heads = watchHead(() => store.head(ledgerId));
    const projected = watchProjections(projections.list, ledgerId);
    watches.set(ledgerId, { watch, heads, projected });
    return { watch, heads, projected };
  }

  async function ledger(origin: string, options: LedgerOptions = {}): Promise<Ledger> {
    checkOrigin(origin);
    checkLedgerOptions(options);
    const definitions = collectDefinitions(options);
    const record = await store.findLedger(origin);
    if (record !== undefined) {
      const { ledgerId } = record;
      const schemas = await openSchemas(store, ledgerId, definitions);
      inline.add(ledgerId, listDefinitions(options.projections, "projections", "projection"));
      const deps = {
        record,
        store,
        log,
        appends,
        commands,
        schemas,
        ...watchesOf(ledgerId),
        checkpoints,
        snapshots,
        report,
        handlers,
        clock,
        gate,
      };
      return openLedger(deps, options);
    }
    const known = (await store.listLedgers()).map((each) => each.origin);
    const others = known.length === 0 ? "it has none yet" : `it has ${known.slice(0, 10).join(", ")}`;
    throw new LedgerError("ledger-not-found", `this database has no ledger ${origin}: ${others}`, {
      values: { ledger: origin, ledgers: known },
    });
  }

  async function close(): Promise<void> {
    // First, so that what is on its way gets fewer and fewer.
    gate.close();
    for (const { watch, heads, projected } of watches.values()) {
      watch.close();
      heads.close();
      projected.close();
    }
    await gate.drain();
    // What its caller has given up may still be on its way. Commands before appends: they have appends to make.
    await commands.drain();
    await appends.drain();
    await store.close();
  }

  const connection: Connection = {
    ledger: (origin, options) => gate.run(() => ledger(origin, options)),
    ledgers: () => gate.run(async () => (await store.listLedgers()).map((record) => record.origin)),
    close: () => {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
  return connection;
}

/** The wall clock: a monotonic one would stand still while the host sleeps. */
function hostClock(): bigint {
  return BigInt(Date.now());
}

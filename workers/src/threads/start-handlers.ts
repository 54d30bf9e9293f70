import { basename } from "node:path";
import { LedgerError } from "@eventchain/core";
import { openPostgresTroubles, readHeads, type TroubleState } from "@eventchain/store";
import type pg from "pg";
import type { RunningApp } from "../app/run-app.ts";
import type { AppRole } from "../app/types.ts";
import { type Logger, Troubles } from "../run/logger.ts";
import { type Failure, type KeptThread, keepThread, THREAD_LIMITS, type ThreadLimits } from "./keep-thread.ts";
import type { OwnLedger } from "./messages.ts";

/** Of the common thread, which has many ledgers' work in hand at a time. */
const COMMON = { connections: 8, heapMb: 2_048 };

/** Few: there may be many customers. */
const CUSTOMER_CONNECTIONS = 3;

export interface StartHandlersInput {
  /** The config's absolute path. */
  readonly configPath: string;
  /** For what is said of threads in trouble; they have connections of their own. */
  readonly pool: pg.Pool;
  /** postgres:// URL, for the threads. */
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly roles: readonly AppRole[];
  /** The origins of the ledgers to serve. Default: all that there are, and those to come. */
  readonly ledgers?: readonly string[] | undefined;
  /** Of the threads. Default `THREAD_LIMITS`, with a larger heap for the common one. */
  readonly limits?: ThreadLimits | undefined;
}

/**
 * Runs an app's handlers on all ledgers of a database, until closed: the common ones in one thread, and those of each ledger
 * with a module in a thread of its own; nothing of the app's code runs in the caller's. What a thread is ended by stands in
 * the status of its ledgers until it has run well for a while.
 *
 * Errors: LedgerError `config-invalid`, `database-…` where the common thread's first start fails. What fails later is logged
 * and tried again, a module that cannot be loaded too.
 */
export async function startHandlers(input: StartHandlersInput): Promise<RunningApp> {
  const customers = new Map<string, KeptThread>();
  const common = keepCommon(input, customers);
  const failure = await common.begun;
  const close = async (): Promise<void> => {
    await Promise.all([common, ...customers.values()].map((thread) => thread.close()));
  };
  if (failure === undefined) return { close };
  await close();
  throw startError(failure, input.configPath);
}

function startError({ code, reason, retryable = false }: Failure, file: string): LedgerError {
  if (code !== undefined) return new LedgerError(code, reason, { values: { file }, retryable });
  const message = `the config ${JSON.stringify(file)} cannot be run: ${reason}`;
  return new LedgerError("config-invalid", message, { values: { file } });
}

/** Keeps the thread of the common handlers, and one of each ledger that the config names a module for. */
function keepCommon(input: StartHandlersInput, customers: Map<string, KeptThread>): KeptThread {
  const { configPath, databaseUrl, pool, logger, roles, ledgers, limits } = input;
  const isServed = (origin: string): boolean => ledgers?.includes(origin) !== false;
  const notes = openNotes(input, `module:${basename(configPath)}`, async () => {
    const heads = await readHeads(pool);
    return heads.map(({ origin }) => origin).filter((origin) => isServed(origin) && !customers.has(origin));
  });
  const thread = keepThread({
    data: { configPath, own: undefined, ledgers, databaseUrl, connections: COMMON.connections, roles },
    limits: limits ?? { ...THREAD_LIMITS, heapMb: COMMON.heapMb },
    mustStart: true,
    // The file may have changed since the last time.
    onStart(modules) {
      const own = modules.filter(({ origin }) => isServed(origin));
      for (const each of own) if (!customers.has(each.origin)) customers.set(each.origin, keepCustomer(input, each));
    },
    onLog: ({ level, event, values }) => logger(level, event, values),
    onTrouble(reason, ended, origin) {
      if (ended) logger("error", "handlers-ended", { reason });
      notes.note(ended ? "failed" : "failing", reason, origin);
    },
    onSound: () => notes.clear(),
  });
  return withNotes(thread, notes);
}

function keepCustomer(input: StartHandlersInput, own: OwnLedger): KeptThread {
  const { configPath, databaseUrl, logger, roles, ledgers, limits = THREAD_LIMITS } = input;
  const { origin, module } = own;
  const notes = openNotes(input, `module:${module.name}`, async () => [origin]);
  const thread = keepThread({
    data: { configPath, own, ledgers, databaseUrl, connections: CUSTOMER_CONNECTIONS, roles },
    limits,
    mustStart: false,
    onLog: ({ level, event, values }) => logger(level, event, { ...values, origin }),
    onTrouble(reason, ended) {
      if (ended) logger("error", "handlers-ended", { origin, module: module.name, reason });
      notes.note(ended ? "failed" : "failing", reason, origin);
    },
    onSound: () => notes.clear(),
  });
  return withNotes(thread, notes);
}

function withNotes(thread: KeptThread, notes: Notes): KeptThread {
  return {
    begun: thread.begun,
    async close() {
      await thread.close();
      await notes.written();
    },
  };
}

/** What ledgers' statuses say of a thread's trouble. */
interface Notes {
  /** Of one ledger, or of all that the thread serves. */
  note(state: TroubleState, reason: string, origin: string | undefined): void;
  clear(): void;
  /** Resolves when all of it is written, or could not be. */
  written(): Promise<void>;
}

/** The rows are hints for people: the log has said it already. One after the other, so that the last word stays. */
function openNotes({ pool, logger }: StartHandlersInput, name: string, served: () => Promise<string[]>): Notes {
  const kept = openPostgresTroubles(pool);
  const said = new Troubles(logger, () => performance.now());
  let writing: Promise<void> = Promise.resolve();
  const write = (work: () => Promise<unknown>): void => {
    writing = writing.then(work).then(
      () => said.over("note", "trouble-noted", { handler: name }),
      (error: unknown) => said.note("note", "trouble-not-noted", error, { handler: name }),
    );
  };
  return {
    note: (state, reason, origin) => write(async () => kept.note(origin ?? (await served()), name, state, reason)),
    // Of an earlier process, perhaps: it stood until this one had run well.
    clear: () => write(async () => kept.clear(await served(), name)),
    written: () => writing,
  };
}

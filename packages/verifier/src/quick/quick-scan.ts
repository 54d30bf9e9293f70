import { availableParallelism } from "node:os";
import { LedgerError, randomBytes } from "@eventchain/core";
import { min } from "../database/entry-list.ts";
import { statement } from "../database/load-statement.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import { lowestOf } from "../database/read-events.ts";
import { compareVersions } from "../derived/compare-tags.ts";
import type { ScanInput, ScannedEvents } from "../events/scan-events.ts";
import type { CheckedEvents } from "./checked-events.ts";
import { CleanScan } from "./clean-scan.ts";
import { addSum, emptySum, isSameSum, type MultisetSum } from "./multiset-key.ts";
import type { Jobs } from "./open-jobs.ts";
import type { Job, JobResult } from "./run-job.ts";
import type { CommandSum } from "./sum-rows.ts";

const columnTypes = statement("column-types");
const eventCopy = statement("event-copy");
const tagCopy = statement("tag-copy");
const commandCopy = statement("command-copy");

/** Events from which on threads are worth their start. */
const THREADED_EVENTS = 50_000n;
/** Threads that check, unless an option says otherwise: what reads must keep up with them. */
const MAX_THREADS = 4;
/** Positions of one COPY: the first, so that there is progress soon, and the most. */
const FIRST_RANGE = 128n;
const MAX_RANGE = 16_384n;
/** Positions that a double counts exactly. */
const MAX_POSITION = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Looks whether everything about the events is as it should be, by one pass over their bytes and one over the tables that follow
 * from them, on threads where there are many. What it gives is what `scanEvents` gives for such a ledger; `undefined` says no
 * more than that something was found, or met, that only `scanEvents` judges.
 */
export async function quickScan(input: ScanInput, jobs: Jobs): Promise<ScannedEvents | undefined> {
  const { snapshot, from, head, entries, pins, beyond, origin } = input;
  if (snapshot.copy === undefined || pins.length > 0 || beyond.length > 0) return undefined;
  if (head < entries.size || head > MAX_POSITION) return undefined;
  // Before the first position there may be rows, too.
  if (head < from - 1n || head < 1n) return undefined;
  if ((await snapshot.rows(columnTypes, [])).length > 0) return undefined;
  jobs.begin({ origin, secret: randomBytes(8) });
  return await new QuickScan(input, snapshot.copy, jobs).run();
}

/** How many threads check so many events, beside the one that reads them: none, where it does both. */
export function threadsFor(events: bigint, asked: number | undefined): number {
  if (asked === 1 || (asked === undefined && events < THREADED_EVENTS)) return 0;
  return asked ?? Math.min(availableParallelism(), MAX_THREADS);
}

class QuickScan {
  readonly #input: ScanInput;
  readonly #copy: NonNullable<Snapshot["copy"]>;
  readonly #jobs: Jobs;
  readonly #scan: CleanScan;
  /** Jobs that were begun and not yet settled, in order. */
  readonly #begun: (() => Promise<void>)[] = [];
  #settled: Promise<void> = Promise.resolve();
  #isClean = true;

  constructor(input: ScanInput, copy: NonNullable<Snapshot["copy"]>, jobs: Jobs) {
    this.#input = input;
    this.#copy = copy;
    this.#jobs = jobs;
    this.#scan = new CleanScan(input);
  }

  async run(): Promise<ScannedEvents | undefined> {
    const { from, head } = this.#input;
    await this.#scan.start();
    let range = FIRST_RANGE;
    for (let first = from; first <= head && this.#isClean; first += range, range = min(4n * range, MAX_RANGE)) {
      const last = min(first + range - 1n, head);
      await this.#scan.prepare(first, last);
      await this.#readEvents(first === from ? lowestOf(from) : first, last);
    }
    await this.#settle(0);
    if (!this.#isClean || !(await this.#scan.finish()) || !(await this.#isFollowed())) return undefined;
    return this.#scan.result();
  }

  async #readEvents(first: bigint, last: bigint): Promise<void> {
    const { ledgerId, wanted } = this.#input;
    const positions = new Set([...wanted].filter((one) => one >= first && one <= last).map(Number));
    const sql = withNumbers(eventCopy, ledgerId, first, last);
    await this.#read(
      sql,
      (bytes) => ({ kind: "events", bytes, wanted: positions }),
      (result) => {
        const batch = result as CheckedEvents;
        return this.#scan.see(batch);
      },
    );
  }

  /** Whether tags, commands and the streams' versions follow from the events. */
  async #isFollowed(): Promise<boolean> {
    const { snapshot, ledgerId, from, head } = this.#input;
    const scan = this.#scan;
    const low = lowestOf(from);
    const tags = emptySum();
    await this.#read(
      withNumbers(tagCopy, ledgerId, low),
      (bytes) => ({ kind: "tags", bytes }),
      (result) => {
        addSum(tags, result as MultisetSum);
        return true;
      },
    );
    const commands = emptySum();
    const covered = new Set<number>();
    let events = 0;
    const range = { from: Number(from), head: Number(head), unnamed: scan.unnamed() };
    await this.#read(
      withNumbers(commandCopy, ledgerId, low),
      (bytes) => ({ kind: "commands", bytes, range }),
      (result) => {
        const sum = result as CommandSum;
        addSum(commands, sum);
        events += sum.events;
        for (const position of sum.covered) {
          if (covered.has(position)) return false;
          covered.add(position);
        }
        return events <= range.head - range.from + 1;
      },
    );
    await this.#settle(0);
    if (!this.#isClean || !isSameSum(tags, scan.tags) || !isSameSum(commands, scan.commands)) return false;
    return scan.knowsVersions || (await compareVersions(snapshot, ledgerId, from)).length === 0;
  }

  /** Reads a COPY and has each batch of it done as a job; results are seen in order, and no more of them wait than there is room for. */
  async #read(sql: string, jobOf: (bytes: Uint8Array) => Job, see: (result: JobResult) => boolean): Promise<void> {
    if (!this.#isClean) return;
    await this.#copy(sql, {
      memory: (size) => this.#jobs.memory(size),
      take: (bytes) => {
        if (!this.#isClean) return undefined;
        const result = this.#jobs.run(jobOf(bytes));
        // A failure shows when the result is awaited; until then nobody else listens.
        result.catch(() => undefined);
        this.#begun.push(async () => {
          const done = await result;
          this.#isClean &&= done !== undefined && see(done);
        });
        return this.#begun.length > this.#jobs.room ? this.#settle(this.#jobs.room) : undefined;
      },
    });
  }

  /** One call after the other: results are seen in order. */
  #settle(room: number): Promise<void> {
    this.#settled = this.#settled.then(() => this.#settleTo(room));
    return this.#settled;
  }

  async #settleTo(room: number): Promise<void> {
    try {
      while (this.#begun.length > room) await this.#begun.shift()?.();
      const { signal } = this.#input;
      if (signal?.aborted === true)
        throw new LedgerError("aborted", "the verification was aborted", { cause: signal.reason });
    } catch (error) {
      // The rest of the COPY comes in all the same, and nothing would wait for jobs any more.
      this.#isClean = false;
      throw error;
    }
  }
}

/** COPY takes no parameters; these are integers. */
function withNumbers(sql: string, ...numbers: readonly bigint[]): string {
  return sql.replaceAll(/\$(\d)/g, (_, n: string) => `'${numbers[Number(n) - 1]}'::bigint`);
}

// The tasks of a reaction in the order of its streams, whatever several workers do with them in whichever order.
import { type LeasedTask, openPostgresReactions, openPostgresStore, type ReactionStore } from "@eventchain/store";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { appendSome, createLedger } from "../support/ledger-workers.ts";
import { endLeases } from "../support/reacting-app.ts";

let database: TestDatabase;
let reactions: ReactionStore;

beforeAll(async () => {
  database = await createTestDatabase();
  reactions = openPostgresReactions(database.pool);
});
afterAll(() => database?.drop());

const NAME = "ordered";
/** Streams of the events, by position: `appendSome` puts them into three in turn. */
const STREAMS = 3;

type Step =
  | { readonly do: "takeIn"; readonly most: number }
  | { readonly do: "take"; readonly most: number }
  | { readonly do: "finish" | "putOff" | "bury"; readonly which: number }
  | { readonly do: "retry" | "drop" | "expire" };

const which = fc.nat({ max: 20 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("takeIn" as const), most: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("take" as const), most: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("finish" as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("putOff" as const, "bury" as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("retry" as const, "drop" as const, "expire" as const) }) },
);

/** One ledger, and what the laws ask for: which tasks were taken in, run, and ended. */
class World {
  readonly ledgerId: bigint;
  readonly leased: LeasedTask[] = [];
  /** Handlers that ended, by stream, in the order of their ends. */
  readonly ended: string[] = [];
  readonly dropped = new Set<string>();
  #lease = 0;

  constructor(ledgerId: bigint) {
    this.ledgerId = ledgerId;
  }

  async takeIn(most: number): Promise<void> {
    const [from] = await reactions.survey(this.ledgerId, [{ name: NAME, level: "appended" }]);
    if (from === undefined) throw new Error("it has begun");
    const to = from.position + BigInt(most) < from.bound ? from.position + BigInt(most) : from.bound;
    if (to === from.position) return;
    const tasks = [];
    for (let position = from.position + 1n; position <= to; position++) {
      const task = { position, stream: streamOf(position), isChecked: true, dueAtMicros: null };
      tasks.push({ ...task, handler: "on:X", isTimeout: false });
      // A time-out for some.
      if (position % 4n === 0n) tasks.push({ ...task, handler: "timeout:X", isTimeout: true });
    }
    expect(await reactions.takeIn(this.ledgerId, { reaction: NAME, from, to, tasks, isOrdered: true })).toBe(true);
  }

  async take(most: number): Promise<void> {
    this.#lease += 1;
    const lease = `00000000-0000-7000-8000-${String(this.#lease).padStart(12, "0")}`;
    const taken = await reactions.take(this.ledgerId, {
      reaction: NAME,
      isOrdered: true,
      most,
      lease,
      leaseMs: 600_000,
    });
    expect(taken.length).toBeLessThanOrEqual(most);
    this.leased.push(...taken);
    // No two of a stream at the same time, and none before an older one of it has ended.
    const streams = this.leased.map(({ stream }) => stream);
    expect(new Set(streams).size).toBe(streams.length);
    for (const task of taken.filter(({ handler }) => handler === "on:X")) {
      const older = BigInt(task.position) - BigInt(STREAMS);
      if (older > 0n) expect(this.isOver(older), `${task.position} after ${older}`).toBe(true);
    }
  }

  isOver(position: bigint): boolean {
    return this.ended.includes(`${position} on:X`) || this.dropped.has(`${position} on:X`);
  }

  async end(how: "finish" | "putOff" | "bury", index: number): Promise<void> {
    const [task] = this.leased.splice(index % Math.max(this.leased.length, 1), 1);
    if (task === undefined) return;
    if (how === "putOff") {
      const due = { afterMs: 0 };
      expect(await reactions.putOff(this.ledgerId, task, { due, counts: true, error: "no" })).toBe(true);
    } else if (how === "bury") expect(await reactions.bury(this.ledgerId, task, "no")).toBe(true);
    else {
      expect(await reactions.finish(this.ledgerId, task)).toBe(true);
      // The answer to it was lost: it says that there is nothing to end any more.
      expect(await reactions.finish(this.ledgerId, task)).toBe(false);
      this.ended.push(`${task.position} ${task.handler}`);
    }
  }

  async drop(): Promise<void> {
    const dead = await reactions.tasks(this.ledgerId, { reaction: NAME, state: "dead", limit: 1_000 });
    expect(await reactions.drop(this.ledgerId, { reaction: NAME })).toBe(dead.length);
    for (const { position, handler } of dead) this.dropped.add(`${position} ${handler}`);
  }

  /** Whoever had a lease is gone: what it does later does nothing. */
  async expire(): Promise<void> {
    await endLeases(database.pool, this.ledgerId);
    await reactions.expire(this.ledgerId, NAME);
    for (const task of this.leased.splice(0)) expect(await reactions.finish(this.ledgerId, task)).toBe(false);
  }

  async run(step: Step): Promise<void> {
    if (step.do === "takeIn") await this.takeIn(step.most);
    else if (step.do === "take") await this.take(step.most);
    else if (step.do === "expire") await this.expire();
    else if (step.do === "drop") await this.drop();
    else if (step.do === "retry") await reactions.retry(this.ledgerId, { reaction: NAME });
    else if ("which" in step) await this.end(step.do, step.which);
  }
}

/** As `appendSome` names them. */
function streamOf(position: bigint): string {
  return `ticket-${(position - 1n) % BigInt(STREAMS)}`;
}

test("whatever happens, a stream's tasks run one after the other, none twice, none is left behind", async () => {
  const store = openPostgresStore({ pool: database.pool });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.integer({ min: 1, max: 24 }),
      async (steps, events) => {
        const { ledgerId } = await createLedger(store);
        for (let count = 0; count < events; count++)
          await appendSome(store, ledgerId, 1, { stream: streamOf(BigInt(count + 1)) });
        await reactions.begin(ledgerId, [{ name: NAME, fromNow: false, isOrdered: true }]);
        const world = new World(ledgerId);
        for (const each of steps) await world.run(each);
        // What is left comes to its end.
        await world.expire();
        await reactions.retry(ledgerId, { reaction: NAME });
        for (let count = 0; count < 6; count++) await world.takeIn(5);
        for (let count = 0; count < 100; count++) {
          await world.take(10);
          if (world.leased.length === 0) break;
          while (world.leased.length > 0) await world.end("finish", 0);
        }
        expect(await reactions.tasks(ledgerId, { limit: 100 })).toEqual([]);
        const wanted = Array.from({ length: events }, (_, index) => BigInt(index + 1)).flatMap((position) =>
          position % 4n === 0n ? [`${position} on:X`, `${position} timeout:X`] : [`${position} on:X`],
        );
        expect([...world.ended, ...world.dropped].sort()).toEqual(wanted.sort());
      },
    ),
    { numRuns: 25 },
  );
});

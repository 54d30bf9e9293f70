// 16 processes race on one constraint. RACE_ROUNDS=200 makes every race as long as the longest: by default only the first
// one has 200 rounds, the others 40.
import { openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Attempt, type Draft, type Racers, type RaceStep, startRacers } from "../support/start-racers.ts";

const processes = 16;
const rounds = (byDefault: number): number => Number(process.env.RACE_ROUNDS ?? byDefault);
const longTest = 1_800_000;

let database: TestDatabase;
let store: PostgresStore;
let ledger: TestLedger;
let racers: Racers["racers"];
let stop: () => Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
  ({ racers, close: stop } = startRacers(processes, database.url));
});
beforeEach(async () => {
  ledger = await createTestLedger(store);
  await all(racers.map(() => ({ do: "enter", ledger: ledger.ledgerId.toString() })));
});
afterAll(async () => {
  await stop();
  await database.drop();
});

type Decision = Extract<RaceStep, { do: "decide" }>;

/** Sends each racer its step at once; gives the attempts of each. */
function all(steps: readonly RaceStep[]): Promise<Attempt[][]> {
  return Promise.all(
    steps.map((step, index) => racers[index]?.run(step) ?? expect.fail("there is a racer for each step")),
  );
}

/** A claim by racer `index`, in a stream of its own. */
function claim(round: number, index: number, tags: string[]): Draft {
  return { stream: `claim-${round}-${index}`, type: "Claimed", tags };
}

/** All have looked before any appends: so exactly one is recorded, and each other is told of it. */
function expectOneWinner(attempts: readonly Attempt[], round: number): void {
  const won = attempts.filter(({ outcome }) => outcome.outcome === "recorded");
  expect(won, `winners of round ${round}`).toHaveLength(1);
  const { positions } = won[0]?.outcome ?? expect.fail("there is a winner");
  for (const attempt of attempts) {
    expect(attempt.seen).toEqual([]);
    if (attempt !== won[0]) expect(attempt.outcome).toEqual({ outcome: "condition-failed", positions });
  }
}

/** Appends events beside the racers, by other connections: each alone, all at once, without a condition. */
async function write(drafts: readonly Draft[]): Promise<void> {
  const requests = drafts.map((draft) => ({ events: [newEvent(draft)], expected: [] }));
  const outcomes = await Promise.all(requests.map((request) => store.append(ledger.ledgerId, [request])));
  for (const [outcome] of outcomes) expect(outcome).toMatchObject({ outcome: "recorded" });
}

/** Each looks, and when all have, each appends; and so does whoever writes beside them. */
async function raceOnce(decisions: readonly Decision[], beside: readonly Draft[] = []): Promise<Attempt[]> {
  await all(decisions.map(({ query }) => ({ do: "look", query })));
  const [attempts] = await Promise.all([all(decisions), write(beside)]);
  return attempts.flat();
}

async function countOf(type: string): Promise<number> {
  return Number(await store.count(ledger.ledgerId, { query: [{ types: [type] }] }));
}

test("on one tag, each with a stream of its own, exactly one wins each round", { timeout: longTest }, async () => {
  const count = rounds(200);
  for (let round = 1; round <= count; round += 1) {
    const tags = [`seat:${round}`];
    const decisions = racers.map(
      (_, index): Decision => ({ do: "decide", query: [{ tags }], event: claim(round, index, tags) }),
    );
    expectOneWinner(await raceOnce(decisions), round);
  }
  expect(await countOf("Claimed")).toBe(count);
  await checkChain(store, ledger);
});

test("with several tags to an event and to a query, exactly one wins each round", { timeout: longTest }, async () => {
  const count = rounds(40);
  for (let round = 1; round <= count; round += 1) {
    const [row, seat, code] = [`row:${round}`, `seat:${round}`, `code:${round}`];
    // Whoever reads by row and seat, or by code, meets each of these.
    const variants = [
      [row, seat],
      [code, "vip"],
      [code, row, seat],
    ];
    const items = [{ tags: [row, seat] }, { types: ["Claimed", "Held"], tags: [code] }];
    const decisions = racers.map((_, index): Decision => {
      const query = index % 2 === 0 ? items : items.toReversed();
      return { do: "decide", query, event: claim(round, index, variants[index % 3] ?? []) };
    });
    // One tag of two, or the tag with another type: nobody's conflict.
    const near = [[row], [seat], [code]].map((tags): Draft => ({ stream: `near-${round}`, type: "Priced", tags }));
    expectOneWinner(await raceOnce(decisions, near), round);
  }
  expect([await countOf("Claimed"), await countOf("Priced")]).toEqual([count, 3 * count]);
  await checkChain(store, ledger);
});

test("beside plain appends without tags, exactly one wins each round", { timeout: longTest }, async () => {
  const count = rounds(40);
  for (let round = 1; round <= count; round += 1) {
    const tags = [`seat:${round}`];
    const decisions = racers.map(
      (_, index): Decision => ({ do: "decide", query: [{ tags }], event: claim(round, index, tags) }),
    );
    const plain = Array.from(
      { length: 12 },
      (_, index): Draft => ({ stream: `plain-${index}`, type: "Noted", tags: [] }),
    );
    expectOneWinner(await raceOnce(decisions, plain), round);
  }
  expect([await countOf("Claimed"), await countOf("Noted")]).toEqual([count, 12 * count]);
  await checkChain(store, ledger);
});

/** More than a look reads at once. */
const history = 150;

/** The positions of a tag's events, and which of them are claims, as the ledger has them in the end. */
async function readTag(tag: string): Promise<{ positions: string[]; claims: string[] }> {
  const positions: string[] = [];
  const claims: string[] = [];
  for await (const { position, type } of store.readAll(ledger.ledgerId, { query: [{ tags: [tag] }] })) {
    positions.push(position.toString());
    if (type === "Claimed") claims.push(position.toString());
  }
  return { positions, claims };
}

/** What an attempt saw is all there was up to its look; what it recorded has nothing between itself and its look. */
function expectSound({ after, seen, outcome }: Attempt, positions: readonly string[]): void {
  const since = positions.slice(seen.length);
  expect(seen, `what was seen at ${after}`).toEqual(positions.filter((position) => BigInt(position) <= BigInt(after)));
  if (outcome.outcome === "recorded") expect(since[0]).toBe(outcome.positions[0]);
  if (outcome.outcome === "condition-failed") {
    expect(outcome.positions.length).toBeGreaterThan(0);
    expect(outcome.positions).toEqual(since.slice(0, outcome.positions.length));
  }
}

test("while writes land in a context that is being read, exactly one wins each round", {
  timeout: longTest,
}, async () => {
  const count = rounds(40);
  for (let round = 1; round <= count; round += 1) {
    const tags = [`account:${round}`];
    const query = [{ tags }];
    const notes = Array.from({ length: 8 }, (_, index): Draft => ({ stream: `notes-${index}`, type: "Noted", tags }));
    const events = Array.from({ length: history }, () => newEvent({ stream: `history-${round}`, type: "Noted", tags }));
    expect(await store.append(ledger.ledgerId, [{ events, expected: [] }])).toMatchObject([{ outcome: "recorded" }]);

    await all(racers.map(() => ({ do: "look", query, read: 10 })));
    await write(notes);
    const decisions = racers.map(
      (_, index): Decision => ({ do: "decide", query, event: claim(round, index, tags), again: true }),
    );
    const [attempts] = await Promise.all([all(decisions), write([...notes, ...notes])]);

    const { positions, claims } = await readTag(tags[0] ?? "");
    expect(claims, `claims of round ${round}`).toHaveLength(1);
    for (const each of attempts) {
      // Notes landed between the look and its end.
      expect(each[0]).toMatchObject({ outcome: { outcome: "condition-failed" } });
      for (const attempt of each) expectSound(attempt, positions);
    }
    const won = attempts.flat().filter(({ outcome }) => outcome.outcome === "recorded");
    expect(won.map(({ outcome }) => outcome.positions)).toEqual([claims]);
  }
  await checkChain(store, ledger);
});

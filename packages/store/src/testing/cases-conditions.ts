import assert from "node:assert/strict";
import type { AppendCondition, AppendRequest, EventQuery, EventStore, NewEvent } from "../port.ts";
import {
  appendOne,
  type ConformanceCase,
  commandRequest,
  newEvent,
  recorded,
  request,
  type TestLedger,
} from "./harness.ts";

/** A request under a condition; it records one event in a stream that no query asks for, unless told otherwise. */
export function conditionRequest(condition: AppendCondition, parts: Partial<NewEvent> = {}): AppendRequest {
  return { events: [newEvent({ stream: "decided", type: "Decided", ...parts })], expected: [], condition };
}

/** Positions 1 to 6; 7 is the ledger's own. */
const history: readonly Partial<NewEvent>[] = [
  { stream: "s-1", type: "Opened", tags: ["a"] },
  { stream: "s-2", type: "Opened", tags: ["a", "b"] },
  { stream: "s-1", type: "Closed", tags: ["b"] },
  { stream: "s-3", type: "Noted", tags: [] },
  { stream: "s-2", type: "Closed", tags: ["a", "b", "c"] },
  { stream: "s-1", type: "Opened", tags: ["c"] },
];

async function fill(store: EventStore, { ledgerId }: TestLedger): Promise<void> {
  recorded(await appendOne(store, ledgerId, request(history)));
  const rejected = await appendOne(store, ledgerId, rejectionRequest("filled"));
  assert(rejected.outcome === "rejected" && rejected.position === 7n);
}

function rejectionRequest(commandId: string): AppendRequest {
  const { command } = commandRequest(commandId, "x");
  assert(command !== undefined);
  const { id, salt, metaSalt, metadata } = newEvent({ metadata: `{"commandId":"${commandId}"}` });
  return { events: [], expected: [], command, rejection: { code: "no", event: { id, salt, metaSalt, metadata } } };
}

/** Which positions meet a query: told in full where an event past `after` does. */
const table: readonly [what: string, query: EventQuery, after: bigint, inTheWay: bigint[]][] = [
  ["no item", [], 0n, []],
  ["one tag", [{ tags: ["a"] }], 0n, [1n, 2n, 5n]],
  ["one tag, past a position", [{ tags: ["a"] }], 2n, [5n]],
  ["one tag, past its last", [{ tags: ["a"] }], 5n, []],
  ["a tag that nothing has", [{ tags: ["z"] }], 0n, []],
  ["two tags: both", [{ tags: ["a", "b"] }], 0n, [2n, 5n]],
  ["two tags, in another order", [{ tags: ["b", "a"] }], 2n, [5n]],
  ["one tag, named twice", [{ tags: ["c", "c"] }], 0n, [5n, 6n]],
  ["three tags", [{ tags: ["a", "b", "c"] }], 0n, [5n]],
  ["two tags of no one event past it", [{ tags: ["a", "c"] }], 5n, []],
  ["one type", [{ types: ["Closed"] }], 0n, [3n, 5n]],
  ["two types: either", [{ types: ["Noted", "Closed"] }], 3n, [4n, 5n]],
  ["a tag and a type", [{ tags: ["b"], types: ["Opened"] }], 0n, [2n]],
  ["a tag and two types", [{ tags: ["b"], types: ["Opened", "Closed"] }], 2n, [3n, 5n]],
  ["two tags and a type", [{ tags: ["a", "b"], types: ["Closed"] }], 0n, [5n]],
  ["one stream", [{ streams: ["s-1"] }], 0n, [1n, 3n, 6n]],
  ["one stream, past a position", [{ streams: ["s-1"] }], 1n, [3n, 6n]],
  ["one stream, past its last", [{ streams: ["s-1"] }], 6n, []],
  ["two streams: either", [{ streams: ["s-3", "s-2"] }], 0n, [2n, 4n, 5n]],
  ["a stream and a type", [{ streams: ["s-1"], types: ["Opened"] }], 0n, [1n, 6n]],
  ["a stream and a tag", [{ streams: ["s-1", "s-2"], tags: ["b"] }], 0n, [2n, 3n, 5n]],
  ["a stream, a type and two tags", [{ streams: ["s-2"], types: ["Closed"], tags: ["a", "c"] }], 0n, [5n]],
  ["two items: either", [{ tags: ["c"] }, { types: ["Noted"] }], 0n, [4n, 5n, 6n]],
  ["two items that one event meets", [{ tags: ["c"] }, { streams: ["s-2"] }], 2n, [5n, 6n]],
  ["no item", [], 0n, []],
  ["all: not the ledger's own", "all", 4n, [5n, 6n]],
  ["all, past the last but the ledger's own", "all", 6n, []],
  ["the ledger's own type, named", [{ types: ["$CommandRejected"] }], 0n, [7n]],
  ["the ledger's own stream, named", [{ streams: ["$audit"] }], 3n, [7n]],
  ["a name that no event can have", [{ tags: ["\0"] }, { types: ["\ud800"], streams: ["s-1"] }], 0n, []],
  ["a name that no event can have, and one that has", [{ types: ["\0", "Noted"] }], 0n, [4n]],
];

const malformed: readonly [what: string, query: unknown, code: string][] = [
  ["an item without a condition", [{}], "invalid-argument"],
  ["an empty list", [{ tags: [] }], "invalid-argument"],
  ["an unknown key", [{ tags: ["a"], colours: ["red"] }], "invalid-argument"],
  ["a text that is no list", [{ tags: "a" }], "invalid-argument"],
  ["a number for a name", [{ types: [1] }], "invalid-argument"],
  ["an item that is null", [null], "invalid-argument"],
  ["neither a list nor all", "some", "invalid-argument"],
  ["1,025 items", Array.from({ length: 1025 }, () => ({ tags: ["a"] })), "too-large"],
];

export const conditionCases: readonly ConformanceCase[] = [
  {
    name: "conditions name no more than they may, each and all of one call",
    async run({ store, ledger }) {
      const naming = (names: number): AppendRequest =>
        conditionRequest({ failIfEventsMatch: [{ tags: Array.from({ length: names }, (_, n) => `t-${n}`) }] });
      const outcomes = await store.append(ledger.ledgerId, [
        ...Array.from({ length: 4 }, () => naming(4_096)),
        naming(4_097),
        naming(1),
        request(),
      ]);
      assert.deepEqual(
        outcomes.map((one) => (one.outcome === "refused" ? one.code : one.outcome)),
        ["recorded", "recorded", "recorded", "recorded", "too-large", "too-large", "recorded"],
      );
    },
  },
  {
    name: "of many events of one call in the way the first 16 are told, a chain's own left out",
    async run({ store, ledger }) {
      const marked = { stream: "s", tags: ["m"] };
      const condition = { failIfEventsMatch: [{ tags: ["m"] }, { types: ["Decided"], tags: ["m"] }] };
      const outcomes = await store.append(ledger.ledgerId, [
        request([marked, {}, ...Array.from({ length: 18 }, () => marked)]),
        { ...request([marked]), expected: [{ stream: "s", version: 99n }] },
        { ...conditionRequest({ ...condition, after: 1n }, { tags: ["m"] }), chain: 1 },
        { ...conditionRequest({ ...condition, after: 20n }, { tags: ["m"] }), chain: 2 },
        { ...conditionRequest({ ...condition, after: 20n }, { tags: ["m"] }), chain: 2 },
        conditionRequest({ ...condition, after: 19n }),
        conditionRequest({ ...condition, after: 22n }),
      ]);
      const from3 = Array.from({ length: 16 }, (_, n) => BigInt(n + 3));
      assert.deepEqual(
        outcomes.map((one) => ("positions" in one ? one.positions : one.outcome)),
        ["recorded", "conflict", from3, "recorded", "recorded", [20n, 21n, 22n], "recorded"],
      );
    },
  },
  ...table.map(
    ([what, query, after, inTheWay]): ConformanceCase => ({
      name: `a condition on ${what} ${inTheWay.length === 0 ? "holds" : `fails by ${inTheWay.join(", ")}`}`,
      async run({ store, ledger }) {
        await fill(store, ledger);
        const one = conditionRequest({ failIfEventsMatch: query, after });
        const outcome = await appendOne(store, ledger.ledgerId, one);
        if (inTheWay.length === 0) recorded(outcome);
        else assert.deepEqual(outcome, { outcome: "condition-failed", positions: inTheWay });
        assert.equal((await store.head(ledger.ledgerId)).position, inTheWay.length === 0 ? 8n : 7n);
      },
    }),
  ),
  {
    name: "the same conditions hold or fail alike on events of the same call",
    async run({ store, newLedger }) {
      for (const [what, query, after, inTheWay] of table) {
        const { ledgerId } = await newLedger();
        const outcomes = await store.append(ledgerId, [
          ...history.map((event) => request([event])),
          rejectionRequest("filled"),
          conditionRequest({ failIfEventsMatch: query, after }),
        ]);
        const outcome = outcomes.at(-1);
        if (inTheWay.length === 0) recorded(outcome);
        else assert.deepEqual(outcome, { outcome: "condition-failed", positions: inTheWay }, what);
      }
    },
  },
  {
    name: "after is 0 where it is not given",
    async run({ store, ledger: { ledgerId } }) {
      const first = () => conditionRequest({ failIfEventsMatch: [{ tags: ["seat:1"] }] }, { tags: ["seat:1"] });
      recorded(await appendOne(store, ledgerId, first()));
      const outcome = await appendOne(store, ledgerId, first());
      assert.deepEqual(outcome, { outcome: "condition-failed", positions: [1n] });
    },
  },
  {
    name: "the first 16 positions in the way are told, oldest first, whoever wrote them",
    async run({ store, ledger: { ledgerId } }) {
      const events = Array.from({ length: 10 }, (_, index) => ({ tags: index % 2 === 0 ? ["t"] : ["t", "u"] }));
      recorded(await appendOne(store, ledgerId, request(events)));
      const outcomes = await store.append(ledgerId, [
        request(events),
        conditionRequest({ failIfEventsMatch: [{ tags: ["u"] }, { tags: ["t"] }] }),
        conditionRequest({ failIfEventsMatch: [{ tags: ["t", "u"] }] }),
      ]);
      const upTo = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));
      assert.deepEqual(outcomes[1], { outcome: "condition-failed", positions: upTo(16) });
      assert.deepEqual(outcomes[2], {
        outcome: "condition-failed",
        positions: upTo(20).filter((position) => position % 2n === 0n),
      });
    },
  },
  {
    name: "within a call, what an earlier request did not record is in nobody's way",
    async run({ store, ledger: { ledgerId } }) {
      const seat = { tags: ["seat:1"] };
      const once = (): AppendRequest => conditionRequest({ failIfEventsMatch: [seat] }, seat);
      const outcomes = await store.append(ledgerId, [
        { ...request([seat], { "ticket-1": "exists" }) },
        request([{ ...seat, data: "[]" }]),
        once(),
        once(),
        request([{ tags: ["seat:2"] }]),
        once(),
      ]);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ["conflict", "refused", "recorded", "condition-failed", "recorded", "condition-failed"],
      );
      assert.deepEqual(outcomes[5], { outcome: "condition-failed", positions: [1n] });
    },
  },
  {
    name: "plain and untagged appends move the boundary too",
    async run({ store, ledger: { ledgerId } }) {
      recorded(await appendOne(store, ledgerId, request([{ stream: "s", tags: [] }])));
      const { position } = await store.head(ledgerId);
      recorded(await appendOne(store, ledgerId, request([{ stream: "s", tags: [] }])));
      const byStream = conditionRequest({ failIfEventsMatch: [{ streams: ["s"] }], after: position });
      assert.deepEqual(await appendOne(store, ledgerId, byStream), { outcome: "condition-failed", positions: [2n] });
      recorded(
        await appendOne(store, ledgerId, conditionRequest({ failIfEventsMatch: [{ tags: ["x"] }], after: position })),
      );
    },
  },
  {
    name: "after is the head's position, or before it: past it is refused, as of the request's turn",
    async run({ store, ledger: { ledgerId } }) {
      const after = (position: bigint): AppendRequest =>
        conditionRequest({ failIfEventsMatch: [{ tags: ["none"] }], after: position });
      const outcomes = await store.append(ledgerId, [
        after(1n),
        after(0n),
        after(1n),
        after(3n),
        after(-1n),
        after(2n ** 63n),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.outcome === "refused" ? outcome.code : outcome.outcome)),
        ["invalid-argument", "recorded", "recorded", "invalid-argument", "invalid-argument", "invalid-argument"],
      );
    },
  },
  {
    name: "expected versions are checked before the condition, and both have to hold",
    async run({ store, ledger: { ledgerId } }) {
      recorded(await appendOne(store, ledgerId, request([{ stream: "s", tags: ["t"] }])));
      const both = (version: bigint, after: bigint): AppendRequest => ({
        ...conditionRequest({ failIfEventsMatch: [{ tags: ["t"] }], after }),
        expected: [{ stream: "s", version }],
      });
      const outcomes = await store.append(ledgerId, [both(0n, 0n), both(1n, 0n), both(0n, 1n), both(1n, 1n)]);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ["conflict", "condition-failed", "conflict", "recorded"],
      );
    },
  },
  ...malformed.map(
    ([what, query, code]): ConformanceCase => ({
      name: `a condition with ${what} is refused, alone`,
      async run({ store, ledger: { ledgerId } }) {
        const outcomes = await store.append(ledgerId, [
          conditionRequest({ failIfEventsMatch: query as EventQuery }),
          request(),
        ]);
        assert(outcomes[0]?.outcome === "refused");
        assert.equal(outcomes[0].code, code);
        recorded(outcomes[1]);
      },
    }),
  ),
  {
    name: "of 16 racers on one condition, by two stores, exactly one is recorded, each round",
    async run({ store, another, ledger: { ledgerId } }) {
      const other = await another();
      try {
        for (let round = 1; round <= 5; round += 1) {
          const tags = [`seat:${round}`, `show:${round % 2}`];
          const after = (await store.head(ledgerId)).position;
          const racer = (index: number): AppendRequest => {
            const failIfEventsMatch = [{ tags: index % 3 === 0 ? tags : tags.slice(0, 1), types: ["Booked"] }];
            return conditionRequest({ failIfEventsMatch, after }, { stream: `booking-${index}`, type: "Booked", tags });
          };
          const outcomes = await Promise.all(
            Array.from({ length: 16 }, (_, index) =>
              appendOne(index % 2 === 0 ? store : other, ledgerId, racer(index)),
            ),
          );
          const won = outcomes.filter(({ outcome }) => outcome === "recorded");
          assert.equal(won.length, 1);
          const positions = recorded(won[0]).map(({ position }) => position);
          for (const outcome of outcomes) {
            if (outcome !== won[0]) assert.deepEqual(outcome, { outcome: "condition-failed", positions });
          }
        }
      } finally {
        await other.close();
      }
    },
  },
];

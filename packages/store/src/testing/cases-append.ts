import assert from "node:assert/strict";
import { uuidv7 } from "@eventchain/core";
import type { AppendOutcome, RefusalCode } from "../port.ts";
import { badEvents } from "./bad-events.ts";
import {
  appendOne,
  type ConformanceCase,
  collect,
  commandRequest,
  hexOf,
  newEvent,
  positions,
  recorded,
  request,
} from "./harness.ts";

function assertRefused(outcome: AppendOutcome | undefined, code: RefusalCode, event?: number): void {
  assert.equal(outcome?.outcome, "refused");
  if (outcome?.outcome !== "refused") return;
  assert.equal(outcome.code, code, outcome.message);
  assert.equal(outcome.event, event);
  assert.notEqual(outcome.message, "");
}

export const appendCases: readonly ConformanceCase[] = [
  {
    name: "an append gives each event its position, its version in its stream, and its hash",
    async run({ store, ledger }) {
      const first = recorded(
        await appendOne(store, ledger.ledgerId, request([{ stream: "a" }, { stream: "b" }, { stream: "a" }])),
      );
      assert.deepEqual(positions(first), [1n, 2n, 3n]);
      assert.deepEqual(
        first.map(({ stream, version }) => [stream, version]),
        [
          ["a", 1n],
          ["b", 1n],
          ["a", 2n],
        ],
      );
      const second = recorded(await appendOne(store, ledger.ledgerId, request([{ stream: "b" }])));
      assert.deepEqual(
        second.map(({ position, version }) => [position, version]),
        [[4n, 2n]],
      );
      const stored = await collect(store.readAll(ledger.ledgerId));
      assert.deepEqual(
        stored.map(({ hash }) => hexOf(hash)),
        [...first, ...second].map(({ hash }) => hexOf(hash)),
      );
      assert.deepEqual(
        stored.map(({ recordedAtMicros }) => recordedAtMicros),
        [...first, ...second].map((each) => each.recordedAtMicros),
      );
    },
  },
  {
    name: "what is stored is what was given, to the byte",
    async run({ store, ledger }) {
      const event = newEvent({
        stream: "s",
        type: "T",
        schema: 2_147_483_647,
        tags: ["a", "b c", "ü"],
        data: '{"a":[1,2.5,"é","\\u001f"],"b":{}}',
        metadata: '{"actor":"ada","ip":"::1"}',
      });
      recorded(await appendOne(store, ledger.ledgerId, { events: [event], expected: [] }));
      const stored = await store.findEvent(ledger.ledgerId, { id: event.id });
      assert(stored?.salt && stored.metaSalt);
      const { stream, type, schema, tags, data, metadata, id } = stored;
      assert.deepEqual(
        { stream, type, schema, tags, data, metadata, id, salt: hexOf(stored.salt), metaSalt: hexOf(stored.metaSalt) },
        {
          ...event,
          tags: [...event.tags],
          salt: hexOf(event.salt),
          metaSalt: hexOf(event.metaSalt),
        },
      );
    },
  },
  {
    name: "each request of a call has its own outcome, judged on top of those before it",
    async run({ store, ledger }) {
      const outcomes = await store.append(ledger.ledgerId, [
        request([{ stream: "a" }], { a: "none" }),
        request([{ stream: "a" }], { a: "none" }),
        request([{ stream: "b", data: "nonsense" }]),
        request([{ stream: "a" }, { stream: "b" }], { a: 1n, b: "none" }),
        request([{ stream: "c" }], { a: 2n, b: 1n }),
      ]);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ["recorded", "conflict", "refused", "recorded", "recorded"],
      );
      assert.deepEqual(outcomes[1], { outcome: "conflict", stream: "a", expected: "none", actual: 1n });
      assert.deepEqual(positions(recorded(outcomes[3])), [2n, 3n]);
      assert.deepEqual(positions(recorded(outcomes[4])), [4n]);
    },
  },
  {
    name: "a request is recorded whole or not at all",
    async run({ store, ledger }) {
      const outcome = await appendOne(store, ledger.ledgerId, request([{ stream: "a" }, { stream: "b", type: "" }]));
      assertRefused(outcome, "invalid-name", 1);
      assert.equal((await store.head(ledger.ledgerId)).position, 0n);
    },
  },
  {
    name: "bad input is refused, and alone",
    async run({ store, ledger }) {
      const bad = badEvents.map(([, parts]) => request([{ stream: "bad" }, { stream: "bad", ...parts }]));
      const outcomes = await store.append(ledger.ledgerId, [
        request([{ stream: "good" }]),
        ...bad,
        request([{ stream: "good" }]),
      ]);
      assert.deepEqual(positions(recorded(outcomes[0])), [1n]);
      for (const [index, [what, , code]] of badEvents.entries()) {
        const outcome = outcomes[index + 1];
        assert(
          outcome?.outcome === "refused" && outcome.code === code,
          `${what}: ${JSON.stringify(outcome, (_, value) => String(value))}`,
        );
        assert.equal(outcome.event, 1, what);
      }
      assert.deepEqual(positions(recorded(outcomes.at(-1))), [2n]);
    },
  },
  {
    name: "a request without events is refused",
    async run({ store, ledger }) {
      assertRefused(await appendOne(store, ledger.ledgerId, request([])), "invalid-argument");
    },
  },
  {
    name: "an event id is recorded once",
    async run({ store, ledger }) {
      const id = uuidv7(1n);
      const again = uuidv7(2n);
      const outcomes = await store.append(ledger.ledgerId, [
        request([{ id }]),
        request([{}, { id }]),
        request([{ id: again }, { id: again }]),
        request([{ id: again }]),
      ]);
      recorded(outcomes[0]);
      assertRefused(outcomes[1], "duplicate-id", 1);
      assertRefused(outcomes[2], "duplicate-id", 1);
      recorded(outcomes[3]);
      assertRefused(await appendOne(store, ledger.ledgerId, request([{ id }])), "duplicate-id", 0);
      assert.deepEqual(positions(await collect(store.readAll(ledger.ledgerId))), [1n, 2n]);
    },
  },
  {
    name: "an id that a refused or conflicting request carried is still free",
    async run({ store, ledger }) {
      const id = uuidv7(3n);
      const outcomes = await store.append(ledger.ledgerId, [
        request([{ id }, { data: "" }]),
        request([{ id }], { "ticket-1": 7n }),
        request([{ id }]),
      ]);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ["refused", "conflict", "recorded"],
      );
    },
  },
  {
    name: "two ledgers know nothing of each other",
    async run({ store, ledger, newLedger }) {
      const other = await newLedger();
      const id = uuidv7(4n);
      const one = commandRequest("same", "same", { id });
      recorded(await appendOne(store, ledger.ledgerId, one));
      const [there] = recorded(
        await appendOne(store, other.ledgerId, { ...one, expected: [{ stream: "ticket-1", version: "none" }] }),
      );
      assert.deepEqual([there?.position, there?.version], [1n, 1n]);
      assert.equal((await collect(store.readAll(other.ledgerId))).length, 1);
    },
  },
  {
    name: "an append to a ledger that does not exist is an error",
    async run({ store }) {
      await assert.rejects(store.append(9_000_000_000n, [request()]), { code: "ledger-not-found" });
    },
  },
  {
    name: "an event of a hundred kilobytes and a request of a thousand events are recorded",
    async run({ store, ledger }) {
      const data = JSON.stringify({ text: "é".repeat(50_000) });
      recorded(await appendOne(store, ledger.ledgerId, request([{ data }])));
      const deep = `{"a":${"[".repeat(999)}${"]".repeat(999)}}`;
      recorded(await appendOne(store, ledger.ledgerId, request([{ data: deep }])));
      const many = Array.from({ length: 1_000 }, (_, index) => ({
        stream: `s-${index % 7}`,
        tags: [`t-${index % 3}`],
      }));
      assert.equal(recorded(await appendOne(store, ledger.ledgerId, request(many))).at(-1)?.position, 1_002n);
      assert.equal((await store.findEvent(ledger.ledgerId, { position: 1n }))?.data, data);
    },
  },
  {
    name: "text of more than 16 MiB is refused",
    async run({ store, ledger }) {
      const outcomes = await store.append(ledger.ledgerId, [
        request([{ data: `{"a":"${"x".repeat(16 * 1024 * 1024)}"}` }]),
        request(),
      ]);
      assertRefused(outcomes[0], "too-large", 0);
      recorded(outcomes[1]);
    },
  },
];

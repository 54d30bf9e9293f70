import assert from "node:assert/strict";
import type { AppendOutcome, AppendRequest, RequestRejection } from "../port.ts";
import { badEvents } from "./bad-events.ts";
import { appendOne, type ConformanceCase, collect, commandRequest, newEvent, recorded, request } from "./harness.ts";

function rejectionRequest(commandId: string, content: string, parts: Partial<RequestRejection> = {}): AppendRequest {
  const { command } = commandRequest(commandId, content);
  assert(command !== undefined);
  return { events: [], expected: [], command, rejection: { code: "ticket-not-open", ...parts } };
}

function auditEvent(
  commandId: string,
  metadata: string = JSON.stringify({ commandId }),
): Required<RequestRejection>["event"] {
  const { id, salt, metaSalt } = newEvent();
  return { id, salt, metaSalt, metadata };
}

const rejected = (duplicate: boolean, parts: object = {}): object => ({
  outcome: "rejected",
  duplicate,
  code: "ticket-not-open",
  reason: null,
  position: null,
  ...parts,
});
const plainKind = (outcome: AppendOutcome): unknown =>
  outcome.outcome === "recorded" || outcome.outcome === "rejected"
    ? [outcome.outcome, outcome.duplicate]
    : outcome.outcome;

export const rejectionCases: readonly ConformanceCase[] = [
  {
    name: "a rejection is recorded with its command, and records no event unless asked to",
    async run({ store, ledger: { ledgerId } }) {
      const one = rejectionRequest("c", "x", { reason: "It is closed." });
      assert.deepEqual(await appendOne(store, ledgerId, one), rejected(false, { reason: "It is closed." }));
      assert.equal((await store.head(ledgerId)).position, 0n);
      const { requestHash, atMicros, ...found } = (await store.findCommand(ledgerId, "c")) ?? assert.fail();
      assert.deepEqual([...requestHash], [...(one.command?.requestHash ?? [])]);
      assert(atMicros > 0n);
      assert.deepEqual(found, {
        commandId: "c",
        outcome: "rejected",
        code: "ticket-not-open",
        reason: "It is closed.",
        type: "OpenTicket",
        actor: "ada",
        firstPosition: null,
        lastPosition: null,
        state: "rejected",
        events: [],
      });
    },
  },
  {
    name: "a rejection's event stands in $audit; its data is composed by the store",
    async run({ store, ledger: { ledgerId } }) {
      const event = auditEvent("c");
      recorded(await appendOne(store, ledgerId, request()));
      const outcomes = await store.append(ledgerId, [
        request(),
        rejectionRequest("c", "x", { event, code: 'a|"\u0001é😀\u2028' }),
        request(),
      ]);
      assert.deepEqual(outcomes[1], rejected(false, { code: 'a|"\u0001é😀\u2028', position: 3n }));
      assert.equal(recorded(outcomes[2])[0]?.position, 4n);
      const [stored, ...more] = await collect(store.readStream(ledgerId, "$audit"));
      assert(stored !== undefined && more.length === 0);
      const { position, version, id, type, schema, tags, data, metadata } = stored;
      assert.deepEqual(
        { position, version, id, type, schema, tags, data, metadata },
        {
          position: 3n,
          version: 1n,
          id: event.id,
          type: "$CommandRejected",
          schema: 1,
          tags: [],
          data: '{"actor":"ada","code":"a|\\"\\u0001é😀\u2028","command":"c","type":"OpenTicket"}',
          metadata: event.metadata,
        },
      );
      const found = await store.findCommand(ledgerId, "c");
      assert.deepEqual([found?.firstPosition, found?.lastPosition, found?.events], [3n, 3n, []]);
    },
  },
  {
    name: "a rejection's event says null where nobody or no type is known, and names the command as it is",
    async run({ store, ledger: { ledgerId } }) {
      const one = rejectionRequest('"\\\n', "x", { event: auditEvent('"\\\n') });
      assert(one.command !== undefined);
      const { id, requestHash } = one.command;
      await appendOne(store, ledgerId, { ...one, command: { id, requestHash } });
      const [stored] = await collect(store.readStream(ledgerId, "$audit"));
      assert.equal(stored?.data, '{"actor":null,"code":"ticket-not-open","command":"\\"\\\\\\n","type":null}');
    },
  },
  {
    name: "rejections count on in $audit, beside expectations of it, over calls",
    async run({ store, ledger: { ledgerId } }) {
      const audited = (id: string): AppendRequest => rejectionRequest(id, "x", { event: auditEvent(id) });
      await store.append(ledgerId, [audited("a"), request([{}], { $audit: 1n }), audited("b")]);
      const outcomes = await store.append(ledgerId, [
        request([{}], { $audit: 2n }),
        audited("c"),
        request([{}], { $audit: 2n }),
      ]);
      assert.deepEqual(outcomes[2], { outcome: "conflict", stream: "$audit", expected: 2n, actual: 3n });
      const stored = await collect(store.readStream(ledgerId, "$audit"));
      assert.deepEqual(
        stored.map(({ version, position }) => [version, position]),
        [
          [1n, 1n],
          [2n, 3n],
          [3n, 5n],
        ],
      );
    },
  },
  {
    name: "a command that was rejected stays so, whatever comes again under its id with the same content",
    async run({ store, ledger: { ledgerId } }) {
      const event = auditEvent("c");
      await appendOne(store, ledgerId, rejectionRequest("c", "x", { reason: "first", event }));
      const first = rejected(true, { reason: "first", position: 1n });
      for (const again of [
        rejectionRequest("c", "x", { reason: "first", event }),
        rejectionRequest("c", "x", { code: "other", reason: "second" }),
        commandRequest("c", "x"),
        { ...commandRequest("c", "x"), condition: { failIfEventsMatch: "all" as const } },
      ])
        assert.deepEqual(await appendOne(store, ledgerId, again), first);
      assert.equal((await store.head(ledgerId)).position, 1n);
    },
  },
  {
    name: "a command that was recorded stays so when it comes again as a rejection",
    async run({ store, ledger: { ledgerId } }) {
      const [event] = recorded(await appendOne(store, ledgerId, commandRequest("c", "x")));
      const again = await appendOne(store, ledgerId, rejectionRequest("c", "x", { event: auditEvent("c") }));
      assert(again.outcome === "recorded" && again.duplicate);
      assert.equal(again.events[0]?.id, event?.id);
      assert.equal((await store.head(ledgerId)).position, 1n);
    },
  },
  {
    name: "other content under a known id is reused, recorded or rejected, in every order",
    async run({ store, ledger: { ledgerId } }) {
      const outcomes = await store.append(ledgerId, [
        rejectionRequest("a", "x"),
        rejectionRequest("a", "y"),
        commandRequest("a", "y"),
        commandRequest("a", "x"),
        commandRequest("b", "x"),
        rejectionRequest("b", "y"),
        rejectionRequest("b", "x"),
      ]);
      const expected = [
        ...[["rejected", false], "command-id-reused", "command-id-reused", ["rejected", true]],
        ...[["recorded", false], "command-id-reused", ["recorded", true]],
      ];
      assert.deepEqual(outcomes.map(plainKind), expected);
      const again = await store.append(ledgerId, [
        rejectionRequest("a", "y"),
        commandRequest("b", "y"),
        commandRequest("a", "x"),
      ]);
      assert.deepEqual(again.map(plainKind), ["command-id-reused", "command-id-reused", ["rejected", true]]);
    },
  },
  {
    name: "a rejection is checked against nothing but its command's id",
    async run({ store, ledger: { ledgerId } }) {
      recorded(await appendOne(store, ledgerId, request()));
      const outcome = await appendOne(store, ledgerId, {
        ...rejectionRequest("c", "x"),
        expected: [{ stream: "ticket-1", version: 9n }],
        condition: { failIfEventsMatch: "all" },
      });
      assert.deepEqual(outcome, rejected(false));
    },
  },
  {
    name: "a rejection without a command, with events, or without a proper code is refused, alone",
    async run({ store, ledger: { ledgerId } }) {
      const good = rejectionRequest("c", "x");
      const { command: _, ...nameless } = good;
      const bad: AppendRequest[] = [
        nameless,
        { ...good, events: commandRequest("c", "x").events },
        rejectionRequest("c", "x", { code: "" }),
        rejectionRequest("c", "x", { code: "é".repeat(257) }),
        rejectionRequest("c", "x", { code: "\0" }),
        rejectionRequest("c", "x", { code: "\ud800" }),
        rejectionRequest("c", "x", { reason: "\0" }),
      ];
      const outcomes = await store.append(ledgerId, [...bad, { ...good, rejection: { code: "é".repeat(256) } }]);
      for (const outcome of outcomes.slice(0, -1))
        assert(outcome.outcome === "refused" && outcome.code === "invalid-argument");
      assert.deepEqual(outcomes.at(-1), rejected(false, { code: "é".repeat(256) }));
    },
  },
  {
    name: "a rejection's event is checked as any event's id, salts and metadata",
    async run({ store, ledger: { ledgerId } }) {
      const parts = ["id", "salt", "metaSalt", "metadata"] as const;
      for (const [what, bad, code] of badEvents) {
        const [part] = parts.filter((name) => bad[name] !== undefined);
        if (part === undefined || what.startsWith("a command id") || what.startsWith("a null command")) continue;
        const event = { ...auditEvent("c"), [part]: bad[part] };
        const outcome = await appendOne(store, ledgerId, rejectionRequest("c", "x", { event }));
        assert(outcome.outcome === "refused", what);
        assert.deepEqual([outcome.code, outcome.event], [code, 0], what);
      }
      for (const metadata of ["{}", '{"commandId":"d"}', '{"commandId":null}']) {
        const event = auditEvent("c", metadata);
        const outcome = await appendOne(store, ledgerId, rejectionRequest("c", "x", { event }));
        assert(outcome.outcome === "refused" && outcome.code === "invalid-argument", metadata);
      }
      assert.equal(await store.findCommand(ledgerId, "c"), undefined);
    },
  },
  {
    name: "a rejection's event takes no id that is taken, nor does an event take its",
    async run({ store, ledger: { ledgerId } }) {
      const taken = newEvent();
      const event = auditEvent("c");
      const outcomes = await store.append(ledgerId, [
        { events: [taken], expected: [] },
        rejectionRequest("a", "x", { event: { ...auditEvent("a"), id: taken.id } }),
        rejectionRequest("c", "x", { event }),
        request([{ id: event.id }]),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.outcome === "refused" ? outcome.code : outcome.outcome)),
        ["recorded", "duplicate-id", "rejected", "duplicate-id"],
      );
      const later = await appendOne(store, ledgerId, request([{ id: event.id }]));
      assert(later.outcome === "refused" && later.code === "duplicate-id");
    },
  },
  {
    name: "which command ids are known: recorded or rejected, and no others",
    async run({ store, newLedger, ledger: { ledgerId } }) {
      const other = await newLedger();
      await store.append(other.ledgerId, [commandRequest("other", "x")]);
      await store.append(ledgerId, [
        commandRequest("a", "x"),
        rejectionRequest("b", "x"),
        { ...commandRequest("c", "x"), expected: [{ stream: "ticket-1", version: 9n }] },
      ]);
      const known = await store.knownCommands(ledgerId, ["a", "b", "c", "d", "other", "\0", "\ud800", "a"]);
      assert.deepEqual([...known].sort(), ["a", "b"]);
      assert.equal((await store.knownCommands(ledgerId, [])).size, 0);
    },
  },
  {
    name: "one receipt for twenty callers of one command of whom half reject it, by two stores",
    async run({ store, another, ledger: { ledgerId } }) {
      const other = await another();
      try {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            appendOne(
              index % 2 === 0 ? store : other,
              ledgerId,
              index % 4 < 2 ? commandRequest("once", "same") : rejectionRequest("once", "same"),
            ),
          ),
        );
        assert.equal(outcomes.filter((outcome) => "duplicate" in outcome && !outcome.duplicate).length, 1);
        assert.equal(new Set(outcomes.map(({ outcome }) => outcome)).size, 1);
        assert.equal((await store.head(ledgerId)).position, outcomes[0]?.outcome === "recorded" ? 1n : 0n);
      } finally {
        await other.close();
      }
    },
  },
];

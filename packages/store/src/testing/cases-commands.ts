import assert from "node:assert/strict";
import type { AppendOutcome, AppendRequest } from "../port.ts";
import { appendOne, type ConformanceCase, commandRequest, hexOf, newEvent, positions, recorded } from "./harness.ts";

/** An outcome with its bytes in hex: for deepEqual across adapters. */
function plain(outcome: AppendOutcome | undefined): unknown {
  if (outcome?.outcome !== "recorded") return outcome;
  return { ...outcome, events: outcome.events.map((event) => ({ ...event, hash: hexOf(event.hash) })) };
}

function asDuplicate(outcome: AppendOutcome): unknown {
  return plain({ ...outcome, duplicate: true } as AppendOutcome);
}

function withParts(request: AppendRequest, parts: Partial<AppendRequest>): AppendRequest {
  return { ...request, ...parts };
}

export const commandCases: readonly ConformanceCase[] = [
  {
    name: "a command id again with the same content gives the first receipt and writes nothing",
    async run({ store, ledger }) {
      const first = await appendOne(store, ledger.ledgerId, commandRequest("c-1", "open", { stream: "a" }));
      recorded(first);
      recorded(await appendOne(store, ledger.ledgerId, commandRequest("c-2", "open", { stream: "a" })));
      const retry = withParts(commandRequest("c-1", "open", { stream: "a" }), {
        expected: [{ stream: "a", version: "none" }],
      });
      assert.deepEqual(plain(await appendOne(store, ledger.ledgerId, retry)), asDuplicate(first));
      assert.equal((await store.head(ledger.ledgerId)).position, 2n);
    },
  },
  {
    name: "a command id again with other content is refused as reused",
    async run({ store, ledger }) {
      recorded(await appendOne(store, ledger.ledgerId, commandRequest("c-1", "open")));
      const reused = { outcome: "command-id-reused", commandId: "c-1" };
      assert.deepEqual(await appendOne(store, ledger.ledgerId, commandRequest("c-1", "close")), reused);
      const outcomes = await store.append(ledger.ledgerId, [
        commandRequest("c-2", "open"),
        commandRequest("c-2", "close"),
      ]);
      assert.deepEqual(outcomes[1], { ...reused, commandId: "c-2" });
      assert.equal((await store.head(ledger.ledgerId)).position, 2n);
    },
  },
  {
    name: "within one call, too, the first of one command id counts",
    async run({ store, ledger }) {
      const outcomes = await store.append(ledger.ledgerId, [
        withParts(commandRequest("c", "x"), { expected: [{ stream: "ticket-1", version: 9n }] }),
        commandRequest("c", "x"),
        commandRequest("c", "x"),
        commandRequest("d", "x"),
        commandRequest("c", "y"),
      ]);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ["conflict", "recorded", "recorded", "recorded", "command-id-reused"],
      );
      assert.deepEqual(plain(outcomes[2]), asDuplicate(outcomes[1] as AppendOutcome));
    },
  },
  {
    name: "one receipt for twenty callers of one command, by two pools",
    async run({ store, another, ledger }) {
      const other = await another();
      try {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            appendOne(index % 2 === 0 ? store : other, ledger.ledgerId, commandRequest("once", "same")),
          ),
        );
        const first = outcomes.filter((outcome) => outcome.outcome === "recorded" && !outcome.duplicate);
        assert.equal(first.length, 1);
        for (const outcome of outcomes) assert.deepEqual(asDuplicate(outcome), asDuplicate(first[0] as AppendOutcome));
        assert.equal((await store.head(ledger.ledgerId)).position, 1n);
      } finally {
        await other.close();
      }
    },
  },
  {
    name: "metadata names the command, with each event, and with no other id",
    async run({ store, ledger }) {
      const good = commandRequest("c", "x");
      const bad = ["{}", '{"commandId":"d"}', '{"commandId":1}', '{"commandId":""}', '{"commandId":{"commandId":"c"}}'];
      const outcomes = await store.append(ledger.ledgerId, [
        ...bad.map((metadata) => withParts(good, { events: [...good.events, newEvent({ metadata })] })),
        good,
      ]);
      for (const [index, metadata] of bad.entries()) {
        const outcome = outcomes[index];
        assert(outcome?.outcome === "refused" && outcome.code === "invalid-argument" && outcome.event === 1, metadata);
      }
      recorded(outcomes.at(-1));
    },
  },
  {
    name: "a bad command id or request hash is refused",
    async run({ store, ledger }) {
      const long = "x".repeat(513);
      const short = withParts(commandRequest("c", "x"), { command: { id: "c", requestHash: new Uint8Array(31) } });
      const outcomes = await store.append(ledger.ledgerId, [
        commandRequest("", "x"),
        commandRequest(long, "x"),
        commandRequest("a\0", "x"),
        commandRequest("a\ud800", "x"),
        short,
        commandRequest("x".repeat(512), "x"),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.outcome === "refused" ? outcome.code : outcome.outcome)),
        ["invalid-name", "invalid-name", "invalid-name", "invalid-name", "invalid-argument", "recorded"],
      );
    },
  },
  {
    name: "a command is found with its events and its state",
    async run({ store, ledger }) {
      const one = commandRequest("c", "x");
      const events = recorded(
        await appendOne(
          store,
          ledger.ledgerId,
          withParts(one, { events: [...one.events, newEvent(one.events[0] && { metadata: one.events[0].metadata })] }),
        ),
      );
      const found = await store.findCommand(ledger.ledgerId, "c");
      assert(found !== undefined && one.command !== undefined);
      const { requestHash, events: foundEvents, ...rest } = found;
      assert.equal(hexOf(requestHash), hexOf(one.command.requestHash));
      assert.deepEqual(positions(foundEvents), positions(events));
      assert.deepEqual(rest, {
        commandId: "c",
        outcome: "recorded",
        code: null,
        reason: null,
        type: "OpenTicket",
        actor: "ada",
        firstPosition: 1n,
        lastPosition: 2n,
        state: "appended",
        atMicros: events[0]?.recordedAtMicros,
      });
      assert.equal(await store.findCommand(ledger.ledgerId, "d"), undefined);
      assert.equal(await store.findCommand(ledger.ledgerId, "\0"), undefined);
    },
  },
];

import assert from "node:assert/strict";
import type { AppendOutcome, AppendRequest } from "../port.ts";
import { conditionRequest } from "./cases-conditions.ts";
import { appendOne, type ConformanceCase, commandRequest, newEvent, positions, recorded, request } from "./harness.ts";

const kinds = (outcomes: readonly AppendOutcome[]): string[] => outcomes.map(({ outcome }) => outcome);
const inChain = (chain: number, ...requests: AppendRequest[]): AppendRequest[] =>
  requests.map((each) => ({ ...each, chain }));

const account = { tags: ["account:1"] };
/** Decided on all of the account's events up to `after`. */
const onAccount = (after = 0n): AppendRequest => conditionRequest({ failIfEventsMatch: [account], after }, account);
const rejection = (commandId: string): AppendRequest => {
  const { command } = commandRequest(commandId, "x");
  assert(command !== undefined);
  return { events: [], expected: [], command, rejection: { code: "no" } };
};

export const chainCases: readonly ConformanceCase[] = [
  {
    name: "what a chain records in this call is no conflict with its own later conditions",
    async run({ store, ledger: { ledgerId } }) {
      const outcomes = await store.append(ledgerId, inChain(0, onAccount(), onAccount(), onAccount()));
      assert.deepEqual(kinds(outcomes), ["recorded", "recorded", "recorded"]);
      assert.deepEqual(
        outcomes.flatMap((outcome) => positions(recorded(outcome))),
        [1n, 2n, 3n],
      );
    },
  },
  {
    name: "it is one with the conditions of others: of two chains on one context the first is recorded",
    async run({ store, ledger: { ledgerId } }) {
      const outcomes = await store.append(ledgerId, [
        ...inChain(0, onAccount(), onAccount()),
        ...inChain(1, onAccount(), onAccount()),
        onAccount(),
        ...inChain(2, onAccount(2n), onAccount(2n)),
      ]);
      const failed = { outcome: "condition-failed", positions: [1n, 2n] };
      assert.deepEqual(kinds(outcomes.slice(0, 2)), ["recorded", "recorded"]);
      assert.deepEqual(outcomes.slice(2, 5), [failed, { outcome: "dependency-failed" }, failed]);
      assert.deepEqual(kinds(outcomes.slice(5)), ["recorded", "recorded"]);
    },
  },
  {
    name: "what stood there before the call is a conflict for each of a chain that has not seen it",
    async run({ store, ledger: { ledgerId } }) {
      recorded(await appendOne(store, ledgerId, request([account])));
      const unseen = conditionRequest({ failIfEventsMatch: [{ tags: ["account:2"] }] }, account);
      const outcomes = await store.append(ledgerId, [...inChain(0, unseen, onAccount()), ...inChain(1, onAccount(2n))]);
      assert.deepEqual(outcomes[1], { outcome: "condition-failed", positions: [1n] });
      recorded(outcomes[2]);
    },
  },
  {
    name: "plain requests between two chains break none and conflict with what comes behind them",
    async run({ store, ledger: { ledgerId } }) {
      const outcomes = await store.append(ledgerId, [
        request([{ tags: [] }]),
        ...inChain(0, onAccount(), onAccount()),
        request([account]),
        request([{ tags: [] }]),
        ...inChain(3, onAccount(3n), onAccount(3n)),
      ]);
      assert.deepEqual(kinds(outcomes), [
        ...["recorded", "recorded", "recorded", "recorded", "recorded"],
        ...["condition-failed", "dependency-failed"],
      ]);
      assert.deepEqual(outcomes[5], { outcome: "condition-failed", positions: [4n] });
    },
  },
  {
    name: "once one with events is not recorded, each later one of its chain is dependency-failed, rejections too",
    async run({ store, ledger: { ledgerId } }) {
      recorded(await appendOne(store, ledgerId, commandRequest("known", "x")));
      const breaking: readonly [outcome: string, one: AppendRequest][] = [
        ["conflict", request([{}], { nowhere: "exists" })],
        ["condition-failed", conditionRequest({ failIfEventsMatch: "all" })],
        ["refused", request([{ data: "[]" }])],
        ["refused", request([{ id: "nonsense" }])],
        ["refused", conditionRequest({ failIfEventsMatch: [], after: 99n })],
        ["refused", { ...request(), condition: { failIfEventsMatch: [{}] } }],
        ["recorded", commandRequest("known", "x")],
        ["command-id-reused", commandRequest("known", "y")],
      ];
      for (const [index, [outcome, one]] of breaking.entries()) {
        const before = await store.head(ledgerId);
        const outcomes = await store.append(ledgerId, [
          ...inChain(0, one, commandRequest("known", "x"), rejection(`r-${index}`), request()),
          ...inChain(1, request([{ stream: "next" }])),
        ]);
        assert.deepEqual(kinds(outcomes), [outcome, ...Array(3).fill("dependency-failed"), "recorded"]);
        assert.equal((await store.head(ledgerId)).position, before.position + 1n);
        assert.equal(await store.findCommand(ledgerId, `r-${index}`), undefined);
      }
    },
  },
  {
    name: "a rejection breaks no chain, new or known, nor does one that is refused",
    async run({ store, ledger: { ledgerId } }) {
      const bad: AppendRequest = { ...rejection("bad"), rejection: { code: "" } };
      const outcomes = await store.append(
        ledgerId,
        inChain(0, rejection("a"), onAccount(), rejection("b"), rejection("a"), bad, onAccount()),
      );
      assert.deepEqual(kinds(outcomes), ["rejected", "recorded", "rejected", "rejected", "refused", "recorded"]);
    },
  },
  {
    name: "a rejection's event is none of the chain's conflicts, and one of others who ask for it",
    async run({ store, ledger: { ledgerId } }) {
      const { id, salt, metaSalt, metadata } = newEvent({ metadata: '{"commandId":"a"}' });
      const audited: AppendRequest = {
        ...rejection("a"),
        rejection: { code: "no", event: { id, salt, metaSalt, metadata } },
      };
      const onAudit = (): AppendRequest => conditionRequest({ failIfEventsMatch: [{ streams: ["$audit"] }] });
      const outcomes = await store.append(ledgerId, [...inChain(0, audited, onAudit()), onAudit()]);
      assert.deepEqual(kinds(outcomes), ["rejected", "recorded", "condition-failed"]);
      assert.deepEqual(outcomes[2], { outcome: "condition-failed", positions: [1n] });
    },
  },
  {
    name: "a chain of commands: each has its own receipt, and all of them again when it is sent again",
    async run({ store, ledger: { ledgerId } }) {
      const one = (id: string): AppendRequest => ({
        ...commandRequest(id, "x", account),
        condition: { failIfEventsMatch: [account] },
      });
      assert.deepEqual(kinds(await store.append(ledgerId, inChain(0, one("a"), one("b")))), ["recorded", "recorded"]);
      const again = await store.append(ledgerId, [one("a"), ...inChain(0, one("b"), one("c"))]);
      assert.deepEqual(
        again.map((outcome) => (outcome.outcome === "recorded" ? outcome.duplicate : outcome.outcome)),
        [true, true, "dependency-failed"],
      );
    },
  },
  {
    name: "chains whose requests are no neighbours are refused, the whole call",
    async run({ store, ledger: { ledgerId } }) {
      const split = [...inChain(0, request()), ...inChain(1, request()), ...inChain(0, request())];
      await assert.rejects(store.append(ledgerId, split), { code: "invalid-argument" });
      assert.equal((await store.head(ledgerId)).position, 0n);
    },
  },
];

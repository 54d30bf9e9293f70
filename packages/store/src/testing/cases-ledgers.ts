import assert from "node:assert/strict";
import { type ConformanceCase, hexOf, newLedgerInput } from "./harness.ts";

export const ledgerCases: readonly ConformanceCase[] = [
  {
    name: "a new ledger is open and empty, its head the genesis",
    async run({ store, ledger }) {
      const found = await store.findLedger(ledger.origin);
      assert.equal(found?.ledgerId, ledger.ledgerId);
      assert.deepEqual([found.state, found.stateReason, found.epoch], ["open", null, 0n]);
      assert.equal(hexOf(found.genesisHash), hexOf(ledger.genesisHash));
      const head = await store.head(ledger.ledgerId);
      assert.deepEqual([head.position, hexOf(head.hash)], [0n, hexOf(ledger.genesisHash)]);
      assert.deepEqual(await store.watermarks(ledger.ledgerId), { sealedSize: 0n, anchoredSize: 0n, finalSize: 0n });
      assert((await store.listLedgers()).some(({ origin }) => origin === ledger.origin));
    },
  },
  {
    name: "an origin is created once, by one of several racers",
    async run({ store }) {
      const input = newLedgerInput();
      const results = await Promise.allSettled(Array.from({ length: 4 }, () => store.createLedger(input)));
      assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
      for (const result of results) {
        if (result.status === "rejected") assert.equal(result.reason.code, "ledger-exists");
      }
    },
  },
  {
    name: "a genesis that is not the ledger's own is refused",
    async run({ store }) {
      const input = newLedgerInput();
      const other = newLedgerInput();
      await assert.rejects(store.createLedger({ ...input, genesis: other.genesis }), { code: "invalid-argument" });
      await assert.rejects(store.createLedger({ ...input, vkey: other.vkey }), { code: "invalid-argument" });
      await assert.rejects(store.createLedger({ ...input, genesis: ` ${input.genesis}` }));
      await assert.rejects(store.createLedger({ ...input, origin: "has space" }));
      assert.equal(await store.findLedger(input.origin), undefined);
    },
  },
  {
    name: "an unknown ledger is not found",
    async run({ store }) {
      assert.equal(await store.findLedger("ledgers.test/none"), undefined);
      await assert.rejects(store.head(9_000_000_000n), { code: "ledger-not-found" });
      await assert.rejects(store.watermarks(9_000_000_000n), { code: "ledger-not-found" });
    },
  },
];

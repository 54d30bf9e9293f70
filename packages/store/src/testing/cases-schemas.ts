import assert from "node:assert/strict";
import { sha256, utf8 } from "@eventchain/core";
import type { KeptSchema } from "../port.ts";
import { type ConformanceCase, hexOf } from "./harness.ts";

function schemaOf(type: string, version: number, schema = `{"title":"${type} ${version}"}`): KeptSchema {
  return { type, version, schema, hash: sha256(utf8(schema)) };
}

function plain(schemas: readonly KeptSchema[]): unknown[] {
  return schemas.map((schema) => ({ ...schema, hash: hexOf(schema.hash) }));
}

export const schemaCases: readonly ConformanceCase[] = [
  {
    name: "schemas are kept once, and listed by type and version",
    async run({ store, ledger: { ledgerId }, newLedger }) {
      assert.deepEqual(await store.keptSchemas(ledgerId), []);
      assert.deepEqual(await store.keepSchemas(ledgerId, []), []);
      const first = [schemaOf("b", 10), schemaOf("b", 2), schemaOf("Z", 1), schemaOf("é", 1)];
      assert.deepEqual(plain(await store.keepSchemas(ledgerId, first)), plain(first));
      const changed = [schemaOf("a", 1), schemaOf("b", 2, '{"other":true}')];
      const kept = await store.keepSchemas(ledgerId, changed);
      assert.deepEqual(plain(kept), plain([schemaOf("a", 1), schemaOf("b", 2)]));
      const listed = [schemaOf("Z", 1), schemaOf("a", 1), schemaOf("b", 2), schemaOf("b", 10), schemaOf("é", 1)];
      assert.deepEqual(plain(await store.keptSchemas(ledgerId)), plain(listed));
      assert.deepEqual(await store.keptSchemas((await newLedger()).ledgerId), []);
    },
  },
  {
    name: "of racers with different schemas one wins, and all are told the same",
    async run({ store, ledger: { ledgerId }, another }) {
      const other = await another();
      try {
        const racers = Array.from({ length: 12 }, (_, n) => {
          const schemas = [schemaOf("T", 1, `{"n":${n}}`), schemaOf("U", 1, `{"n":${n}}`), schemaOf(`own-${n}`, 1)];
          return (n % 2 === 0 ? store : other).keepSchemas(ledgerId, n % 3 === 0 ? schemas.reverse() : schemas);
        });
        const told = new Set<string>();
        for (const kept of await Promise.all(racers)) {
          const shared = kept.filter(({ type }) => type === "T" || type === "U");
          told.add(JSON.stringify(plain(shared.sort((a, b) => (a.type < b.type ? -1 : 1)))));
        }
        assert.equal(told.size, 1);
        assert.equal((await store.keptSchemas(ledgerId)).length, 14);
      } finally {
        await other.close();
      }
    },
  },
  {
    name: "of the schemas that are kept those of some types and versions are asked for",
    async run({ store, ledger: { ledgerId } }) {
      await store.keepSchemas(ledgerId, [schemaOf("a", 1), schemaOf("b", 2), schemaOf("b", 1), schemaOf("c", 2)]);
      const asked = [
        { type: "b", version: 2 },
        { type: "a", version: 1 },
        { type: "c", version: 1 },
      ];
      assert.deepEqual(plain(await store.keptSchemas(ledgerId, asked)), plain([schemaOf("a", 1), schemaOf("b", 2)]));
      assert.deepEqual(await store.keptSchemas(ledgerId, []), []);
    },
  },
  {
    name: "what is no schema to keep is refused, and nothing of the call is kept",
    async run({ store, ledger: { ledgerId } }) {
      const longest = `{"a":"${"x".repeat(262_144 - 8)}"}`;
      const refused = (schema: KeptSchema, code: string): Promise<void> =>
        assert.rejects(store.keepSchemas(ledgerId, [schemaOf("fine", 1), schema]), { code });
      await refused(schemaOf("$T", 1), "invalid-name");
      await refused(schemaOf("T", 1, `${longest} `), "too-large");
      for (const text of ["[]", "true", '"{}"', ""]) await refused(schemaOf("T", 1, text), "invalid-argument");
      const many = Array.from({ length: 1_025 }, (_, n) => schemaOf("T", n + 1));
      await assert.rejects(store.keepSchemas(ledgerId, many), { code: "too-large" });
      assert.deepEqual(await store.keptSchemas(ledgerId), []);
      assert.equal((await store.keepSchemas(ledgerId, [...many.slice(2), schemaOf("long", 1, longest)])).length, 1_024);
    },
  },
  {
    name: "a schema whose hash is another's is refused, and a ledger that is none",
    async run({ store, ledger: { ledgerId } }) {
      const wrong = { ...schemaOf("T", 1), hash: sha256(utf8("other")) };
      await assert.rejects(store.keepSchemas(ledgerId, [schemaOf("U", 1), wrong]), { code: "invalid-argument" });
      assert.deepEqual(await store.keptSchemas(ledgerId), []);
      await assert.rejects(store.keepSchemas(2n ** 62n, [schemaOf("T", 1)]), { code: "ledger-not-found" });
    },
  },
];

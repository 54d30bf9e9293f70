import assert from "node:assert/strict";
import { canonicalJson, compareUtf8 } from "@eventchain/core";
import { type ConformanceCase, collect, hexOf, newEvent, recorded } from "./harness.ts";

/** Each control character, and what has special meaning to JSON, SQL, arrays, LIKE, URLs, or to a reader's eye. */
export const naughtyNames: readonly string[] = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).slice(1),
  ...Array.from({ length: 33 }, (_, offset) => String.fromCharCode(127 + offset)),
  ..."\"'\\/`;:,.*?%_|&<>()[]{}#!~^-+=@ ",
  "a$",
  '{"a","b"}',
  "{}",
  "NULL",
  "null",
  "\\x00",
  "\\u0000",
  "\\",
  '\\"',
  "'; drop table eventchain.events; --",
  "$1".slice(1),
  "..",
  "a\u2028b\u2029c",
  "\ufeffbom",
  "\ufffe\uffff",
  "é",
  "e\u0301",
  "ß",
  "ẞ",
  "İ",
  "ı",
  "K",
  "Å",
  "\u200b",
  "\u202egnp.exe",
  "日本語",
  "😀",
  "👩‍👩‍👧‍👦",
  "\u{10ffff}",
  "Ａ",
  "ﷺ",
  " leading",
  "trailing ",
  "é".repeat(256),
  "😀".repeat(128),
  "x".repeat(512),
];

export const nameCases: readonly ConformanceCase[] = [
  {
    name: "names of every kind are kept, told apart bytewise, hashed and found",
    async run({ store, ledger }) {
      const names = [...new Set(naughtyNames)].filter((name) => !name.startsWith("$"));
      const requests = names.map((name) => ({
        events: [
          newEvent({
            stream: name,
            type: name,
            tags: [name],
            data: canonicalJson({ [name]: name }),
            metadata: canonicalJson({ actor: name }),
          }),
        ],
        expected: [{ stream: name, version: "none" as const }],
      }));
      const outcomes = await store.append(ledger.ledgerId, requests);
      for (const [index, name] of names.entries()) {
        assert.equal(recorded(outcomes[index])[0]?.version, 1n, JSON.stringify(name));
        const [event, ...more] = await collect(store.readStream(ledger.ledgerId, name));
        assert(event !== undefined && more.length === 0);
        assert.deepEqual(
          [event.stream, event.type, event.tags, event.data],
          [name, name, [name], canonicalJson({ [name]: name })],
        );
        const filter = { streams: [name], types: [name], tags: [name], actor: name };
        const [found, ...others] = await collect(store.readAll(ledger.ledgerId, { filter }));
        assert(found !== undefined && others.length === 0, JSON.stringify(name));
        assert.equal(hexOf(found.hash), hexOf(event.hash));
      }
    },
  },
  {
    name: "many tags of every kind stand on one event, in the order of their bytes",
    async run({ store, ledger }) {
      const tags = [...new Set(naughtyNames)].filter((name) => !name.startsWith("$")).sort(compareUtf8);
      recorded((await store.append(ledger.ledgerId, [{ events: [newEvent({ tags })], expected: [] }]))[0]);
      assert.deepEqual((await store.findEvent(ledger.ledgerId, { position: 1n }))?.tags, tags);
      const filter = { tags: [...tags].reverse() };
      assert.equal((await collect(store.readAll(ledger.ledgerId, { filter }))).length, 1);
    },
  },
];

import assert from "node:assert/strict";
import type { AccessScope, EventQuery, ReadAllOptions } from "../port.ts";
import { fillMixed } from "./cases-query.ts";
import { type ConformanceCase, collect, hexOf, positions } from "./harness.ts";

const all = Array.from({ length: 31 }, (_, index) => BigInt(index + 1));
const where = (holds: (n: number) => boolean): bigint[] =>
  all.slice(0, 30).filter((position) => holds(Number(position)));

const accessTable: readonly [what: string, access: EventQuery, seen: bigint[]][] = [
  ["all, the ledger's own too", "all", all],
  ["nothing", [], []],
  ["a tag", [{ tags: ["by:5"] }], where((n) => n % 5 === 0)],
  [
    "streams, or a type with a tag",
    [{ streams: ["s-1"] }, { types: ["T-1"], tags: ["by:3"] }],
    where((n) => n % 3 === 1 || n % 6 === 3),
  ],
  ["the ledger's own", [{ streams: ["$audit"] }], [31n]],
];

const readTable: readonly [what: string, options: ReadAllOptions][] = [
  ["everything", {}],
  ["all by a query", { query: "all" }],
  ["a query", { query: [{ tags: ["by:2"] }, { streams: ["s-1", "$audit"] }] }],
  ["a filter", { filter: { actor: "a-1" } }],
  ["a query and a filter", { query: [{ types: ["T-1"] }], filter: { causationIds: ["e-1", "e-5"] } }],
];

/** The cases of access, with row-level security or without: an adapter that has none ignores it. */
function casesOf(rowSecurity: boolean): readonly ConformanceCase[] {
  const how = rowSecurity ? "with row-level security" : "by the statement";
  return [
    {
      name: `an access hides events from every read and count, ${how}`,
      async run({ store, ledger: { ledgerId }, ledger }) {
        await fillMixed(store, ledger);
        for (const [what, access, seen] of accessTable) {
          for (const [read, options] of readTable) {
            const scope: AccessScope = { access, rowSecurity };
            const unlimited = positions(await collect(store.readAll(ledgerId, options)));
            const expected = unlimited.filter((position) => seen.includes(position));
            const found = positions(await collect(store.readAll(ledgerId, { ...options, ...scope, batchSize: 2 })));
            assert.deepEqual(found, expected, `${read}, seen: ${what}`);
            const backwards = store.readAll(ledgerId, { ...options, ...scope, backwards: true, after: 20n, limit: 4 });
            const end = expected
              .filter((n) => n < 20n)
              .reverse()
              .slice(0, 4);
            assert.deepEqual(positions(await collect(backwards)), end, `${read}, seen: ${what}, backwards`);
            const count = await store.count(ledgerId, { ...options, ...scope });
            assert.equal(count, BigInt(expected.length), `${read}, seen: ${what}, counted`);
          }
        }
      },
    },
    {
      name: `an access hides events of a stream, from any version on, ${how}`,
      async run({ store, ledger: { ledgerId }, ledger }) {
        await fillMixed(store, ledger);
        for (const [what, access, seen] of accessTable) {
          const events = (await collect(store.readStream(ledgerId, "s-1"))).filter((e) => seen.includes(e.position));
          for (const after of [undefined, 0n, 4n, 10n, 11n, 2n ** 63n - 1n]) {
            for (const backwards of [false, true]) {
              const past = after === undefined ? {} : { after };
              const read = store.readStream(ledgerId, "s-1", { access, rowSecurity, backwards, batchSize: 2, ...past });
              const left = events.filter(
                ({ version }) => after === undefined || (backwards ? version < after : version > after),
              );
              const expected = positions(backwards ? left.reverse() : left);
              assert.deepEqual(positions(await collect(read)), expected, `${what}, past ${after}, ${backwards}`);
            }
          }
        }
      },
    },
    {
      name: `an event that an access hides is not found, ${how}`,
      async run({ store, ledger: { ledgerId }, ledger }) {
        await fillMixed(store, ledger);
        for (const [what, access, seen] of accessTable) {
          for (const position of [1n, 5n, 9n, 31n]) {
            const whole = await store.findEvent(ledgerId, { position });
            assert(whole !== undefined);
            for (const by of [{ position }, { id: whole.id }]) {
              const found = await store.findEvent(ledgerId, by, { access, rowSecurity });
              const expected: string | undefined = seen.includes(position) ? hexOf(whole.hash) : undefined;
              assert.equal(found && hexOf(found.hash), expected, `${what}, position ${position}`);
            }
          }
        }
        assert.equal(await store.findEvent(ledgerId, { position: 32n }, { access: [], rowSecurity }), undefined);
      },
    },
    {
      name: `an access and a query whose items multiply beyond the bound are both met, ${how}`,
      async run({ store, ledger: { ledgerId }, ledger }) {
        await fillMixed(store, ledger);
        const many = (tag: string): EventQuery =>
          [...Array(40).keys()].map((n) => ({ tags: [n === 7 ? tag : `none-${n}`] }));
        const options = { query: many("by:2"), access: many("by:3"), rowSecurity };
        const expected = where((n) => n % 6 === 0);
        assert.deepEqual(positions(await collect(store.readAll(ledgerId, options))), expected);
        assert.equal(await store.count(ledgerId, options), BigInt(expected.length));
      },
    },
  ];
}

export const accessCases: readonly ConformanceCase[] = [...casesOf(false), ...casesOf(true)];

import type { ReadAllOptions } from "@eventchain/store";
import { expect, test } from "vitest";
import { readAudit } from "./read-audit.ts";
import type { AuditOptions } from "./types.ts";

/** What the store is asked for. */
function askedFor(options?: AuditOptions): ReadAllOptions | undefined {
  let asked: ReadAllOptions | undefined;
  const readBatches = (_ledger: bigint, given?: ReadAllOptions) => {
    asked = given;
    return (async function* () {})();
  };
  readAudit({ ledgerId: 1n, store: { readBatches }, scope: { access: [{ tags: ["mine"] }] } }, options);
  return asked;
}

test("each condition is one of the read's filter", () => {
  const asked = askedFor({
    actor: "ada",
    ip: "10.0.0.1",
    stream: "ticket-1",
    type: "$CommandRejected",
    tag: "customer:1",
    correlationId: "visit",
    after: 5,
    to: 9n,
    limit: 2,
    backwards: true,
  });
  expect(asked).toEqual({
    after: 5n,
    to: 9n,
    limit: 2,
    backwards: true,
    filter: {
      actor: "ada",
      ip: "10.0.0.1",
      streams: ["ticket-1"],
      types: ["$CommandRejected"],
      tags: ["customer:1"],
      correlationId: "visit",
    },
    access: [{ tags: ["mine"] }],
  });
});

test("without conditions it reads all that may be seen", () => {
  expect(askedFor()).toEqual({ filter: {}, access: [{ tags: ["mine"] }] });
  expect(askedFor({ actor: undefined, from: undefined })).toEqual({ filter: {}, access: [{ tags: ["mine"] }] });
});

test("times are dates, or texts with an offset, from inclusive, until exclusive", () => {
  const asked = askedFor({ from: "2026-01-31T10:30:00.000001+01:00", until: new Date("2026-01-31T09:30:01Z") });
  expect(asked?.filter).toEqual({
    recordedFromMicros: 1_769_851_800_000_001n,
    recordedToMicros: 1_769_851_801_000_000n,
  });
});

test.each<[string, object]>([
  ["a time without an offset", { from: "2026-01-31T10:30:00" }],
  ["a day", { until: "2026-01-31" }],
  ["a date that is none", { from: new Date(Number.NaN) }],
  ["a number for a time", { from: 1_769_851_800_000 }],
  ["an actor as an object", { actor: { id: "ada" } }],
  ["an empty address", { ip: "" }],
  ["a list of types", { type: ["A", "B"] }],
  ["a misspelt condition", { user: "ada" }],
  ["half a limit", { limit: 0.5 }],
])("%s is refused by the call", (_what, options) => {
  expect(() => askedFor(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

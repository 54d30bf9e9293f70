import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineAccess } from "./define-access.ts";

const Opened = defineEvent("Opened", { schema: z.object({ id: z.string() }) });
const ada = { id: "ada", roles: ["agent"], claims: { customers: ["1", "2"] } };

describe("defineAccess", () => {
  test("gives the rule's query, with definitions by their types", () => {
    const access = defineAccess(({ claims }) =>
      (claims.customers as string[]).map((customer) => ({ tags: [`customer:${customer}`], types: [Opened, "Closed"] })),
    );
    expect(access.queryFor(ada)).toEqual([
      { tags: ["customer:1"], types: ["Opened", "Closed"] },
      { tags: ["customer:2"], types: ["Opened", "Closed"] },
    ]);
    expect(access.queryFor({ ...ada, claims: { customers: [] } })).toEqual([]);
  });

  test("all is all, the ledger's own streams may be named", () => {
    expect(defineAccess(() => "all").queryFor(ada)).toBe("all");
    expect(defineAccess(() => [{ streams: ["$audit"] }]).queryFor(ada)).toEqual([{ streams: ["$audit"] }]);
  });

  test("a list that the rule changes later changes nothing", () => {
    const tags = ["customer:1"];
    const seen = defineAccess(() => [{ tags }]).queryFor(ada);
    tags.pop();
    expect(seen).toEqual([{ tags: ["customer:1"] }]);
  });

  const failing = new Error("no directory");
  test.each<[string, unknown]>([
    [
      "throws",
      () => {
        throw failing;
      },
    ],
    ["gives nothing", () => undefined],
    ["gives null", () => null],
    ["gives true", () => true],
    ["gives another word", () => "everything"],
    ["gives one item without a list", () => ({ tags: ["a"] })],
    ["gives an item without a condition", () => [{}]],
    ["gives an item whose conditions are undefined", () => [{ tags: undefined }]],
    ["gives an empty list of tags", () => [{ tags: [] }]],
    ["gives an empty name", () => [{ tags: [""] }]],
    ["gives a name that is undefined", () => [{ tags: [undefined] }]],
    ["gives a text for a list", () => [{ streams: "all" }]],
    ["misspells a key", () => [{ tag: ["a"] }]],
    ["gives an item beside a misspelt one", () => [{ tags: ["a"] }, { type: ["b"] }]],
    ["gives a function that is no definition", () => [{ types: [() => "all"] }]],
    ["gives a promise", () => Promise.resolve("all")],
    ["gives a promise that fails", () => Promise.reject(failing)],
    ["gives too many items", () => Array.from({ length: 1025 }, (_, n) => ({ tags: [`t${n}`] }))],
  ])("fails closed where the rule %s", (_what, rule) => {
    const access = defineAccess(rule as () => "all");
    expect(() => access.queryFor(ada)).toThrow(
      expect.objectContaining({ code: "config-invalid", values: { actor: "ada" } }),
    );
  });

  test("takes a function", () => {
    expect(() => defineAccess("all" as never)).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });
});

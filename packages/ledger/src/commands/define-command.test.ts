import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { anyOf, hasClaim, hasRole } from "./allow.ts";
import { contextQuery } from "./context-query.ts";
import { defineCommand } from "./define-command.ts";
import { query, stream } from "./make-context.ts";
import { deny, reject } from "./reject.ts";

const Opened = defineEvent("Opened", { schema: z.object({ id: z.string() }) });
const Closed = defineEvent("Closed", { schema: z.object({ id: z.string() }) });
const desk = defineModel("desk", { initial: () => 0 }).on(Opened, (count) => count + 1);
const spec = {
  input: z.object({ id: z.string() }),
  model: desk,
  context: ({ id }: { id: string }) => stream(id),
  records: [Opened] as const,
  decide: ({ input }: { input: { id: string } }) => Opened(input),
};
const ada = { id: "ada", roles: ["agent"], claims: { team: "a", groups: ["x", "y"], admin: false } };

describe("defineCommand", () => {
  test.each<[object, string, string]>([
    [{ records: [] }, "config-invalid", "records no event"],
    [{ records: [desk] }, "config-invalid", "not all event definitions"],
    [{ model: {} }, "config-invalid", "no model"],
    [{ model: { desk: "desk" } }, "config-invalid", '"desk"'],
    [{ decide: undefined }, "config-invalid", "decide is not a function"],
    [{ rejects: { closed: "" } }, "config-invalid", '"closed" has no sentence'],
    [{ input: "text" }, "config-invalid", "command"],
    [{ autorize: () => true }, "invalid-argument", "autorize"],
  ])("refuses %o", (parts, code, named) => {
    const define = () => defineCommand("Open", { ...spec, ...parts } as never);
    expect(define).toThrow(expect.objectContaining({ code, message: expect.stringContaining(named) }));
  });

  test("refuses two definitions of one event among its records", () => {
    const again = defineEvent("Opened", { schema: z.object({ id: z.int() }) });
    expect(() => defineCommand("Open", { ...spec, records: [Opened, again] } as never)).toThrow("two definitions");
  });

  test("refuses the ledger's own names", () => {
    expect(() => defineCommand("$Open", spec)).toThrow(expect.objectContaining({ code: "invalid-name" }));
  });

  test.each<[unknown, string]>([
    [{ one: stream("1") }, '"two"'],
    [{ one: stream("1"), two: stream("2"), three: stream("3") }, 'gave "three", which is no model of it'],
    [{ one: "1", two: stream("2") }, 'its context "one" gave "1": return stream(…) or query(…)'],
  ])("refuses contexts that are not its models': %o", (contexts, named) => {
    const command = defineCommand("Open", {
      ...spec,
      model: { one: desk, two: desk },
      context: () => contexts as never,
    });
    expect(() => command.context({}, ada)).toThrow(named);
  });
});

describe("contexts", () => {
  test("ask for the types that the model handles, unless they say which, or the model fails at others", () => {
    const tags = ["a", "b"];
    const item = query([{ tags: ["b", "a", "a"] }, { types: [Closed] }]);
    expect(contextQuery(item, desk)).toEqual([{ tags, types: ["Opened"] }, { types: ["Closed"] }]);
    expect(contextQuery(item, { ...desk, unknown: "fail" })).toEqual([{ tags }, { types: ["Closed"] }]);
    expect(contextQuery(query({ tags }), { ...desk, events: [] })).toEqual([]);
    expect(contextQuery(stream("s"), desk)).toEqual([{ streams: ["s"] }]);
  });

  test.each<[unknown]>([[[]], [{}], [{ tags: [] }], [{ types: [] }], [{ types: ["Opened"] }], [{ tag: ["a"] }]])(
    "are not made of %o",
    (items) => {
      expect(() => query(items as never)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    },
  );

  test("are no streams or tags of the ledger's own", () => {
    expect(() => stream("$audit")).toThrow(expect.objectContaining({ code: "invalid-name" }));
    expect(() => query({ tags: ["$x"] })).toThrow(expect.objectContaining({ code: "invalid-name" }));
  });
});

describe("allowances", () => {
  test.each([
    [hasRole("clerk", "agent"), true, "role clerk or agent"],
    [hasRole("clerk"), false, "role clerk"],
    [hasClaim("team"), true, "claim team"],
    [hasClaim("admin"), false, "claim admin"],
    [hasClaim("toString"), false, "claim toString"],
    [hasClaim("team", "a"), true, 'claim team = "a"'],
    [hasClaim("groups", "y"), true, 'claim groups = "y"'],
    [hasClaim("groups", "z"), false, 'claim groups = "z"'],
    [anyOf(hasRole("clerk"), hasClaim("team")), true, "role clerk, or claim team"],
  ])("%o: %s", (allowance, allows, describe_) => {
    expect(allowance(ada)).toBe(allows);
    expect(allowance.describe).toBe(describe_);
  });

  test("of which one gives a promise allow nobody by it", () => {
    const promising = Object.assign((async () => false) as never, { describe: "later" });
    expect(anyOf(hasRole("clerk"), promising, hasRole("agent"))(ada)).not.toBe(true);
  });

  test.each([() => hasRole(), () => hasRole(""), () => hasClaim(""), () => anyOf()])(
    "are not made of nothing",
    (make) => {
      expect(make).toThrow(expect.objectContaining({ code: "config-invalid" }));
    },
  );
});

test("reject and deny carry a code, and a reason where one is given", () => {
  expect(reject("closed")).toEqual({ kind: "rejected", code: "closed", reason: undefined });
  expect(deny("not-yours", "It is Bob's")).toEqual({ kind: "rejected", code: "not-yours", reason: "It is Bob's" });
});

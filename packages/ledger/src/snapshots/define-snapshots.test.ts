import { describe, expect, test } from "vitest";
import { z } from "zod";
import { query, stream } from "../commands/make-context.ts";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineProjection } from "../projections/define-projection.ts";
import { defineSnapshots } from "./define-snapshots.ts";
import { listRules } from "./list-rules.ts";

const Opened = defineEvent("Opened", { schema: z.object({}) });
const ticket = defineModel("ticket", { initial: () => 0 }).on(Opened, (count) => count + 1);
const of = query({ types: [Opened] });
const tickets = defineProjection("all-tickets", { model: ticket, key: ({ stream }) => stream });
const table = defineProjection("seen", { schema: "create table seen (n int)" }).on(Opened, () => undefined);

test("is of a model's streams, by the worker, unless it says otherwise", () => {
  expect(defineSnapshots(ticket, { every: 100 })).toEqual({
    kind: "snapshots",
    name: "snapshots:ticket",
    model: ticket,
    every: 100,
    mode: "async",
    streams: undefined,
    of: undefined,
    branch: undefined,
  });
});

test("of a query has a branch, which is the model's name unless it says otherwise", () => {
  expect(defineSnapshots(ticket, { every: { ms: 1 }, of })).toMatchObject({
    name: "snapshots:ticket",
    branch: "ticket",
  });
  expect(defineSnapshots(ticket, { every: 1, of, branch: "all" })).toMatchObject({
    name: "snapshots:all",
    branch: "all",
  });
});

test("is of a projection that is a model, by the worker", () => {
  expect(defineSnapshots(tickets, { every: { ms: 1 } })).toEqual({
    kind: "snapshots",
    name: "snapshots:projection:all-tickets",
    projection: tickets,
    every: { ms: 1 },
    mode: "async",
  });
});

test("two of one name are refused where a ledger is opened, one given twice is not", () => {
  const [rule, other] = [defineSnapshots(ticket, { every: 1 }), defineSnapshots(ticket, { every: 2, streams: "a" })];
  expect(listRules({ snapshots: { rule, again: rule } })).toEqual([rule]);
  expect(() => listRules({ snapshots: [rule, other] })).toThrow(/two rules are called "snapshots:ticket"/);
});

describe("is refused", () => {
  test.each<[string, object, string]>([
    ["without `every`", {}, "config-invalid"],
    ["every 0 events", { every: 0 }, "config-invalid"],
    ["every half event", { every: 0.5 }, "config-invalid"],
    ["every 0 ms", { every: { ms: 0 } }, "config-invalid"],
    ["by another interval", { every: { seconds: 1 } }, "invalid-argument"],
    ["with an unknown mode", { every: 1, mode: "later" }, "config-invalid"],
    ["with an unknown key", { every: 1, stream: "a" }, "invalid-argument"],
    ["of the ledger's own streams", { every: 1, streams: "$audit" }, "config-invalid"],
    ["of streams and a query", { every: 1, streams: "a", of }, "config-invalid"],
    ["of one stream", { every: 1, of: stream("a") }, "config-invalid"],
    ["of what is no context", { every: 1, of: "a" }, "invalid-argument"],
    ["with a branch of streams", { every: 1, branch: "a" }, "config-invalid"],
    ["with an empty branch", { every: 1, of, branch: "" }, "config-invalid"],
    ["with a branch too long", { every: 1, of, branch: "é".repeat(101) }, "config-invalid"],
  ])("%s", (_, spec, code) => {
    expect(() => defineSnapshots(ticket, spec as never)).toThrow(expect.objectContaining({ code }));
  });

  test("of a model whose name is too long for a branch", () => {
    const long = defineModel("x".repeat(500), { initial: () => 0 });
    expect(() => defineSnapshots(long, { every: 1 })).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });

  test("of what is no model", () => {
    expect(() => defineSnapshots({} as never, { every: 1 })).toThrow(
      expect.objectContaining({ code: "config-invalid" }),
    );
  });

  test.each<[string, object, string, RegExp]>([
    ["without `every`", {}, "config-invalid", /`every`: a number of events/],
    ["every 0 events", { every: 0 }, "config-invalid", /`every`: a number of events/],
    ["every 0 ms", { every: { ms: 0 } }, "config-invalid", /`every`: a number of events/],
    ["by a function", { every: () => true }, "config-invalid", /a function as `every`/],
    ["before an append returns", { every: 1, mode: "sync" }, "config-invalid", /a worker takes them/],
    ["of streams", { every: 1, streams: "a" }, "invalid-argument", /streams/],
  ])("of a projection %s", (_, spec, code, message) => {
    const define = () => defineSnapshots(tickets, spec as never);
    expect(define).toThrow(expect.objectContaining({ code }));
    expect(define).toThrow(message);
  });

  test("of a projection that is no model", () => {
    const define = () => defineSnapshots(table, { every: 1 });
    expect(define).toThrow(expect.objectContaining({ code: "config-invalid", values: { projection: "seen" } }));
    expect(define).toThrow(/"seen" cannot be taken/);
  });

  test("of a projection beside a model of the rule's name", () => {
    const model = defineModel("projection:all-tickets", { initial: () => 0 }).on(Opened, (count) => count + 1);
    const rules = [defineSnapshots(tickets, { every: 1 }), defineSnapshots(model, { every: 1 })];
    expect(() => listRules({ snapshots: rules })).toThrow(/two rules are called "snapshots:projection:all-tickets"/);
  });
});

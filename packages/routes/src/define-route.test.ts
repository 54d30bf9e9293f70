import { LedgerError } from "@eventchain/core";
import type { LedgerEvent, ReactionContext } from "@eventchain/ledger";
import { describe, expect, test } from "vitest";
import { defineRoute, type Route, type RouteSpec } from "./define-route.ts";
import { callback } from "./targets/callback.ts";
import type { DeliveryContext, Target } from "./targets/types.ts";

const event: LedgerEvent = {
  position: 7n,
  stream: "ticket-42",
  version: 1n,
  id: "0192e1c4-9d4b-7c31-8a52-000000000001",
  type: "TicketOpened",
  schema: 1,
  tags: ["customer:Alder", "ticket:42"],
  recordedAtMicros: 0n,
  data: {},
  metadata: {},
  hash: "ab".repeat(32),
};

const nowhere = callback(() => undefined);
const matches = (spec: Partial<RouteSpec>): boolean => defineRoute("r", { to: nowhere, ...spec }).where(event);

/** Runs the route's one handler, as a worker would. */
async function run(route: Route, origin = "a.example"): Promise<void> {
  const { signal } = new AbortController();
  const context = { idempotencyKey: "k", attempt: 2, signal, ledger: { origin } } as unknown as ReactionContext;
  await route.handlers.get("any")?.run(event, context);
}

describe("a route", () => {
  test("is a reaction on any event, in the order of each stream", () => {
    const route = defineRoute("to-crm", { to: nowhere, retry: { attempts: 3 }, level: "final", from: "start" });
    expect(route).toMatchObject({
      kind: "reaction",
      name: "to-crm",
      order: "stream",
      level: "final",
      from: "start",
      retry: { attempts: 3 },
      to: nowhere,
      description: "Sends events to a callback.",
    });
    expect([...route.handlers.keys()]).toEqual(["any"]);
  });

  test.each<[string, Partial<RouteSpec>, boolean]>([
    ["everything where nothing is said", {}, true],
    ["one of the types", { types: ["TicketClosed", "TicketOpened"] }, true],
    ["no other type", { types: ["TicketClosed"] }, false],
    ["one of the streams", { streams: ["ticket-42", "ticket-1"] }, true],
    ["no other stream", { streams: ["ticket-1"] }, false],
    ["what has all of the tags", { tags: ["ticket:42", "customer:Alder"] }, true],
    ["not what lacks one of them", { tags: ["ticket:42", "customer:Birch"] }, false],
    ["what where says", { where: ({ position }) => position === 7n }, true],
    ["not what where refuses", { types: ["TicketOpened"], where: () => false }, false],
  ])("takes %s", (_what, spec, expected) => {
    expect(matches(spec)).toBe(expected);
  });

  test("hands its target the event and what it was given", async () => {
    const given: [LedgerEvent, DeliveryContext][] = [];
    await run(defineRoute("r", { to: callback((...args) => void given.push(args)) }));
    expect(given).toEqual([[event, expect.objectContaining({ idempotencyKey: "k", attempt: 2, origin: "a.example" })]]);
  });

  test("delivers for the ledgers that it names alone", async () => {
    const origins: string[] = [];
    const route = defineRoute("r", {
      to: callback((_event, { origin }) => void origins.push(origin)),
      ledgers: ["a.example"],
    });
    await run(route, "a.example");
    await run(route, "b.example");
    expect(origins).toEqual(["a.example"]);
  });

  const failing = (error: Error): Target => ({ describe: "a test", deliver: () => Promise.reject(error) });

  test("gives up where its target says that trying again cannot help", async () => {
    const error = new LedgerError("delivery-failed", "https://a.example answered 410", { retryable: false });
    await expect(run(defineRoute("r", { to: failing(error) }))).rejects.toMatchObject({
      code: "reaction-failed",
      retryable: false,
      message: "https://a.example answered 410",
    });
  });

  test.each([
    new LedgerError("delivery-failed", "later", { retryable: true }),
    new LedgerError("queue-unavailable", "away"),
    new Error("anything"),
  ])("lets %s be tried again", async (error) => {
    await expect(run(defineRoute("r", { to: failing(error) }))).rejects.toBe(error);
  });

  test.each<[string, object]>([
    ["no target", { to: undefined }],
    ["a target that cannot deliver", { to: { describe: "x" } }],
    ["an empty list", { types: [] }],
    ["a text for a list", { tags: "customer:Alder" }],
    ["a type of the ledger's own", { types: ["$SnapshotTaken"] }],
    ["an origin that is none", { ledgers: ["a b"] }],
    ["a where that is no function", { where: true }],
    ["an option that it does not know", { filter: {} }],
  ])("refuses %s", (_what, wrong) => {
    expect(() => defineRoute("r", { to: nowhere, ...wrong })).toThrow(LedgerError);
  });
});

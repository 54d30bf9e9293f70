import { AssertionError } from "node:assert";
import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { hasRole } from "../commands/allow.ts";
import { defineCommand } from "../commands/define-command.ts";
import { query, stream } from "../commands/make-context.ts";
import { reject } from "../commands/reject.ts";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { at } from "./decide-given.ts";
import { given } from "./given.ts";

const Opened = defineEvent("Opened", {
  version: 2,
  schema: z.object({ id: z.string(), title: z.string().default("none") }),
  upcast: { 1: (old) => ({ ...old, title: "upcast" }) },
  tags: ({ id }) => [`ticket:${id}`],
});
const Closed = defineEvent("Closed", { schema: z.object({ id: z.string() }), tags: ({ id }) => [`ticket:${id}`] });
const Counted = defineEvent("Counted", {
  schema: z.object({ open: z.number(), atMs: z.string() }),
  stream: () => "counts",
});

const ticket = defineModel("ticket", { initial: () => ({ open: false, title: "" }) })
  .on(Opened, (_, { data }) => ({ open: true, title: data.title }))
  .on(Closed, (state) => ({ ...state, open: false }));
const openTickets = defineModel("open-tickets", { initial: () => 0 })
  .on(Opened, (count) => count + 1)
  .on(Closed, (count) => count - 1);

const close = defineCommand("Close", {
  input: z.object({ id: z.string() }),
  context: ({ id }) => stream(`ticket-${id}`),
  model: ticket,
  records: [Closed],
  rejects: { "not-open": "The ticket is not open", "not-yours": "The ticket is another's" },
  authorize: ({ actor, model }) => model.title !== "secret" || actor.id === "ada" || reject("not-yours"),
  decide: ({ input, model }) => (model.open ? Closed({ id: input.id }) : reject("not-open")),
});
const count = defineCommand("Count", {
  input: z.object({ id: z.string() }),
  context: ({ id }) => ({ one: query({ tags: [`ticket:${id}`] }), all: query({ types: [Opened, Closed] }) }),
  model: { one: ticket, all: openTickets },
  records: [Counted, Closed],
  rejects: {},
  allow: hasRole("counter"),
  decide: ({ input, model, nowMs }) =>
    model.one.open ? [Counted({ open: model.all, atMs: String(nowMs) })] : [Closed({ id: input.id })],
});
const endings = defineModel("endings", { initial: () => ({ ids: [] as string[], last: 0n }) }).on(
  Closed,
  ({ ids }, { id, recordedAtMicros }) => ({ ids: [...ids, id], last: recordedAtMicros }),
);
const countEndings = defineCommand("CountEndings", {
  input: z.object({ of: z.string().optional() }),
  model: { endings, ticket },
  context: ({ of }) => ({
    endings: query({ types: [Closed] }),
    ticket: of === undefined ? undefined : stream(`ticket-${of}`),
  }),
  records: [Counted],
  rejects: { open: "The ticket is open" },
  decide: ({ model }) =>
    model.ticket.open
      ? reject("open")
      : Counted({ open: new Set(model.endings.ids).size, atMs: String(model.endings.last / 1000n) }),
});
const counter = { actor: { id: "cy", roles: ["counter"] } };

describe("then", () => {
  test("passes for the events that were decided", () => {
    given(Opened({ id: "1" }))
      .when(close, { id: "1" })
      .then(Closed({ id: "1" }));
  });

  test("passes for the rejection's code, and its reason where one is expected", () => {
    const closed = given(Opened({ id: "1" }), Closed({ id: "1" })).when(close, { id: "1" });
    closed.then(reject("not-open"));
    closed.then(reject("not-open", "The ticket is not open"));
    expect(() => closed.then(reject("not-open", "Other words"))).toThrow(AssertionError);
  });

  test.each([
    ["other data", () => Closed({ id: "2" })],
    ["another tag", () => Closed({ id: "1" }, { tags: ["extra"] })],
    ["another stream", () => Closed({ id: "1" }, { stream: "elsewhere" })],
    ["metadata", () => Closed({ id: "1" }, { metadata: { shift: 1 } })],
    ["another schema", () => ({ ...Closed({ id: "1" }), schema: 2 })],
  ])("fails where %s is expected", (_what, expected) => {
    expect(() =>
      given(Opened({ id: "1" }))
        .when(close, { id: "1" })
        .then(expected()),
    ).toThrow(AssertionError);
  });

  test("shows the difference", () => {
    const opened = given(Opened({ id: "1" })).when(close, { id: "1" });
    expect(() => opened.then(Closed({ id: "7" }))).toThrow(
      /command Close came to another outcome[\s\S]*\+[\s\S]*'1'[\s\S]*-[\s\S]*'7'/,
    );
    expect(() => opened.then(reject("not-open"))).toThrow(
      expect.objectContaining({ expected: { rejected: "not-open" } }),
    );
    expect(() =>
      given()
        .when(close, { id: "1" })
        .then(Closed({ id: "1" })),
    ).toThrow(/The ticket is not open/);
  });

  test("counts events: one more or one fewer is a difference", () => {
    const opened = given(Opened({ id: "1" })).when(close, { id: "1" });
    expect(() => opened.then(Closed({ id: "1" }), Closed({ id: "1" }))).toThrow(AssertionError);
  });

  test("an accidental await, a definition, and nothing at all are told what to write", async () => {
    const opened = given(Opened({ id: "1" })).when(close, { id: "1" });
    await expect(Promise.resolve(opened as unknown)).rejects.toThrow(/leave out the `await`/);
    // @ts-expect-error a definition is no event
    expect(() => opened.then(Closed)).toThrow(/call it with the data/);
    expect(() => opened.then()).toThrow(/give it the events, or reject/);
  });

  test.each<[string, unknown, RegExp]>([
    ["a list", [Closed({ id: "1" })], /was given a list: give it the events one by one/],
    ["an object that is no event", { type: "Closed" }, /then\({ type }\) is no expectation: give it the events/],
    ["a text", "not-open", /then\(not-open\) is no expectation: give it the events, or reject/],
  ])("is told what to write for %s", (_what, expected, words) => {
    const opened = given(Opened({ id: "1" })).when(close, { id: "1" });
    expect(() => opened.then(expected as never)).toThrow(words);
  });

  test("throws what the command failed with", () => {
    const bad = given().when(close, { id: 1 } as unknown as { id: string });
    expect(() => bad.then(reject("not-open"))).toThrow(expect.objectContaining({ code: "invalid-input" }));
  });
});

describe("given", () => {
  test("shows a model only the stream of its context", () => {
    given(Opened({ id: "1" }, { stream: "ticket-2" }))
      .when(close, { id: "1" })
      .then(reject("not-open"));
    given(Opened({ id: "1" }, { stream: "ticket-1" }))
      .when(close, { id: "1" })
      .then(Closed({ id: "1" }));
  });

  test("shows each of several models what its own query asks for", () => {
    given(Opened({ id: "1" }), Opened({ id: "2" }), Opened({ id: "3" }), Closed({ id: "2" }))
      .when(count, { id: "1" }, { ...counter, nowMs: 5n })
      .then(Counted({ open: 2, atMs: "5" }, { stream: "counts" }));
  });

  test("reads events of an older schema through their upcasters", () => {
    const old = { ...Opened({ id: "1" }), schema: 1, data: { id: "1" } };
    expect(given(old).when(close, { id: "1" }).outcome).toMatchObject({ status: "recorded" });
    given({ ...old, data: { id: "1", title: "kept" } })
      .when(close, { id: "1" })
      .then(Closed({ id: "1" }));
  });

  test("dates an event by at, and gives each an id", () => {
    given(Closed({ id: "1" }, { stream: "ticket-1" }), at(5n, Closed({ id: "2" }, { stream: "ticket-2" })))
      .when(countEndings, {})
      .then(Counted({ open: 2, atMs: "5" }));
  });

  test("shows a model without a context nothing", () => {
    const opened = Opened({ id: "1" }, { stream: "ticket-1" });
    given(opened)
      .when(countEndings, {})
      .then(Counted({ open: 0, atMs: "0" }));
    given(opened).when(countEndings, { of: "1" }).then(reject("open"));
  });

  test("refuses what is no event", () => {
    expect(() => given(Opened as never)).toThrow(/call its definition/);
    expect(() => given([Opened({ id: "1" })] as never)).toThrow(/is a list: give the events one by one/);
  });
});

describe("when", () => {
  test("asks allow and authorize as execute does", () => {
    given().when(count, { id: "1" }).then(reject("not-allowed"));
    const secret = given(Opened({ id: "1", title: "secret" }));
    secret.when(close, { id: "1" }).then(reject("not-yours"));
    secret.when(close, { id: "1" }, { actor: "ada" }).then(Closed({ id: "1" }));
  });

  test("refuses what is no command, and options that it does not know", () => {
    const { when } = given();
    expect(() => when(undefined as never, {} as never)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringContaining("was given undefined: write .when(command, input)"),
      }),
    );
    expect(() => when(close, { id: "1" }, { actr: "ada" } as never)).toThrow(
      'when options of command Close has no key "actr": use actor, nowMs',
    );
  });

  test("gives the same outcome each time", () => {
    const outcome = () => given(Opened({ id: "1" })).when(count, { id: "1" }, counter).outcome;
    expect(outcome()).toEqual(outcome());
    expect(outcome()).toMatchObject({
      status: "recorded",
      events: [{ type: "Counted", stream: "counts", data: { open: 1, atMs: "1767225600000" } }],
    });
  });

  test("an event that has no stream to go to fails, as in a ledger", () => {
    given().when(count, { id: "1" }, counter).thenThrows("decision-failed");
  });

  test("thenThrows passes for its code alone", () => {
    const bad = given().when(close, {} as { id: string });
    bad.thenThrows("invalid-input");
    expect(() => bad.thenThrows("decision-failed")).toThrow(/failed with invalid-input/);
    expect(() => given().when(close, { id: "1" }).thenThrows("invalid-input")).toThrow(/was rejected/);
    expect(bad.outcome).toMatchObject({ status: "failed", error: expect.any(LedgerError) });
  });

  test("types: input, events and codes are the command's", () => {
    const typed = (): void => {
      const none = given();
      // @ts-expect-error a field is missing
      none.when(close, {});
      // @ts-expect-error a field is misspelt
      none.when(close, { id: "1", ID: "1" });
      const closed = none.when(close, { id: "1" });
      // @ts-expect-error not one of its codes
      closed.then(reject("no-such-code"));
      // @ts-expect-error not one of its events
      closed.then(Opened({ id: "1" }));
      // @ts-expect-error one of another command's
      closed.then(Counted({ open: 1, atMs: "" }));
      const { outcome } = closed;
      if (outcome.status === "rejected" && outcome.code === "not-open") outcome.reason.length;
      // @ts-expect-error no such code
      if (outcome.status === "rejected" && outcome.code === "never") return;
      if (outcome.status === "recorded") outcome.events[0]?.data.id.length;
      // @ts-expect-error no such field
      if (outcome.status === "recorded") outcome.events[0]?.data.title;
    };
    expect(typed).toBeTypeOf("function");
  });
});

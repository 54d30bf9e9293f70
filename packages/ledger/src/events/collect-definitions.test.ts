import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineCommand } from "../commands/define-command.ts";
import { stream } from "../commands/make-context.ts";
import { defineModel } from "../models/define-model.ts";
import { collectDefinitions } from "./collect-definitions.ts";
import { defineEvent } from "./define-event.ts";

const schema = z.object({ a: z.string() });
const Opened = defineEvent("Opened", { schema });
const Closed = defineEvent("Closed", { schema });
const Logged = defineEvent("Logged", { schema });
const ticket = defineModel("ticket", { initial: () => 0 }).on(Opened, (count) => count + 1);
const closing = (name: string) =>
  defineCommand(name, {
    input: z.object({}),
    context: () => stream("a"),
    model: ticket,
    records: [Closed],
    decide: () => Closed({ a: "" }),
  });
const close = closing("Close");

const typesOf = (options: Parameters<typeof collectDefinitions>[0]) => [...collectDefinitions(options).keys()].sort();

test("are those given, and those of the commands' records and models", () => {
  expect(typesOf({ events: [Logged], commands: [close] })).toEqual(["Closed", "Logged", "Opened"]);
  expect(typesOf({})).toEqual([]);
});

test("are taken from modules, whatever else these export", () => {
  const module = { Logged, helper: () => 1, nothing: null, ticket, close };
  expect(typesOf({ events: module })).toEqual(["Logged"]);
  expect(typesOf({ events: module, commands: module })).toEqual(["Closed", "Logged", "Opened"]);
});

test("may be given more than once, also as an equal copy", () => {
  const copy = defineEvent("Closed", { schema: z.object({ a: z.string() }) });
  expect(typesOf({ events: [Closed, Closed, copy], commands: [close] })).toEqual(["Closed", "Opened"]);
});

describe("are refused", () => {
  test.each([
    ["of another schema", defineEvent("Closed", { schema: z.object({ a: z.number() }) })],
    ["of another version", defineEvent("Closed", { version: 2, schema, upcast: { 1: (old) => old } })],
  ])("where one type has a second definition %s", (_what, other) => {
    expect(() => collectDefinitions({ events: [other], commands: [close] })).toThrow(
      expect.objectContaining({
        code: "config-invalid",
        message:
          'event "Closed" has two definitions, one of the option `events` and another of the records of command "Close": use one',
      }) as Error,
    );
  });

  test("where two commands have one name, but not where one is given twice", () => {
    expect(typesOf({ commands: { close, same: close, end: closing("End") } })).toEqual(["Closed", "Opened"]);
    expect(() => collectDefinitions({ commands: [close, closing("Close")] })).toThrow(
      expect.objectContaining({
        code: "config-invalid",
        message: expect.stringContaining('two commands that are called "Close": rename one'),
        values: { command: "Close" },
      }) as Error,
    );
  });

  test.each<[string, unknown, string]>([
    ["a list of anything else", [Opened, ticket], "`events` holds at 1 what is none of them"],
    ["no list", "events", "`events` is neither a list nor a module"],
  ])("in %s", (_what, events, message) => {
    expect(() => collectDefinitions({ events: events as never })).toThrow(
      expect.objectContaining({ code: "config-invalid", message }) as Error,
    );
  });
});

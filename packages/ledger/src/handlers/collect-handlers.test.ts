import { expect, test } from "vitest";
import type { Projection } from "../projections/types.ts";
import type { AnyReaction } from "../reactions/types.ts";
import type { SnapshotRule } from "../snapshots/types.ts";
import { collectHandlers } from "./collect-handlers.ts";

// Only kind and name are looked at, and whether a projection has events.
const projection = (name: string, events: unknown = [{}]) => ({ kind: "projection", name, events }) as Projection;
const reaction = (name: string) => ({ kind: "reaction", name }) as AnyReaction;
const rule = (name: string) => ({ kind: "snapshots", name }) as SnapshotRule;

test("gives the common handlers, sorted by their kinds", () => {
  const [open, mail, ticket] = [projection("open"), reaction("mail"), rule("snapshots:ticket")];
  const common = { projections: [open], reactions: [mail], snapshots: [ticket] };
  expect(collectHandlers(common)).toEqual({ projections: [open], reactions: [mail], snapshots: [ticket] });
});

test("puts a customer's handler beside the common ones", () => {
  const [open, own] = [projection("open"), projection("own")];
  expect(collectHandlers({ projections: [open] }, { projections: [own] }).projections).toEqual([open, own]);
});

test("puts a customer's handler instead of the common one of its name, whatever its kind", () => {
  const own = reaction("open");
  const collected = collectHandlers({ projections: [projection("open")] }, { reactions: [own] });
  expect(collected).toEqual({ projections: [], reactions: [own], snapshots: [] });
});

test("leaves out what a customer does without", () => {
  const common = { projections: [projection("open"), projection("closed")] };
  expect(collectHandlers(common, { without: ["open"] }).projections.map(({ name }) => name)).toEqual(["closed"]);
});

test("refuses to do without what is not there", () => {
  expect(() => collectHandlers({}, { without: ["opne"] })).toThrow(/`without` names "opne"/);
});

test("takes a module's exports, the same one twice as one, and passes over what is no handler", () => {
  const open = projection("open");
  const module = { open, again: open, helper: () => 1, text: "projection" };
  expect(collectHandlers({ projections: module }).projections).toEqual([open]);
});

test("refuses two handlers of one name", () => {
  expect(() => collectHandlers({ projections: [projection("open")], reactions: [reaction("open")] })).toThrow(
    /two handlers are called "open"/,
  );
});

test("refuses a projection that handles no event, by its name", () => {
  expect(() => collectHandlers({ projections: [projection("open", [])] })).toThrow(
    /projection "open" handles no event/,
  );
});

test("refuses a list that holds anything else", () => {
  expect(() => collectHandlers({ projections: [reaction("mail")] as never })).toThrow(/`projections` holds at 0/);
});

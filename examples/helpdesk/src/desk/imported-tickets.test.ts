import { readFileSync } from "node:fs";
import type { AnyEventDefinition, JsonObject, LedgerEvent } from "@eventchain/ledger";
import { expect, test } from "vitest";
import * as desk from "./index.ts";

const data = (file: string) => readFileSync(new URL(`../../data/${file}`, import.meta.url), "utf8");
const map = JSON.parse(data("tickets.map.json")) as { data: string[]; tags: string[] };
const definitions = Object.values(desk).filter(
  (each): each is typeof desk.TicketOpened => typeof each === "function" && "kind" in each && each.kind === "event",
) as readonly AnyEventDefinition[];

/** The rows of the old desk as `eventchain import` records them: version 1, data as the map says. */
function importedEvents(): Pick<LedgerEvent, "type" | "schema" | "data" | "position" | "stream">[] {
  const [head = "", ...rows] = data("tickets.csv").trimEnd().split("\n");
  const columns = head.split(",");
  return rows.map((row, index) => {
    const cells = row.split(",");
    const cell = (column: string) => cells[columns.indexOf(column)] ?? "";
    const pascal = cell("concept:name")
      .split(" ")
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
    return {
      position: BigInt(index + 1),
      stream: `ticket-${cell("case:concept:name")}`,
      type: pascal.join(""),
      schema: 1,
      data: Object.fromEntries(map.data.map((column) => [column, cell(column)])) as JsonObject,
    };
  });
}

test("each imported row is read as the current version of one of the desk's events, in its own stream", () => {
  const events = importedEvents();
  expect(events).toHaveLength(603);
  for (const event of events) {
    const definition = definitions.find(({ type }) => type === event.type);
    const read = definition?.read(event);
    expect(read).toMatchObject({ customer: event.data?.customer, product: event.data?.product });
    expect(definition?.(read)).toMatchObject({ stream: event.stream, schema: 2 });
  }
});

test("imported tickets come to the status that their last row says", () => {
  const newest = new Map<string, string>();
  const states = new Map<string, ReturnType<typeof desk.progress.initial>>();
  for (const { stream, type, ...event } of importedEvents()) {
    newest.set(stream, type);
    const read = definitions.find((each) => each.type === type)?.read({ type, ...event });
    const before = states.get(stream) ?? desk.progress.initial();
    states.set(
      stream,
      desk.progress.apply(before, { type, id: "", data: read, stream, tags: [], metadata: {}, recordedAtMicros: 0n }),
    );
  }
  const statusAfter: Record<string, string> = { TicketResolved: "resolved", TicketClosed: "closed" };
  expect(states.size).toBe(123);
  for (const [stream, state] of states) {
    expect(state.status, stream).toBe(statusAfter[newest.get(stream) ?? ""]);
    expect(`ticket-${state.subject?.ticketId}`).toBe(stream);
    expect(state.agent).toMatch(/^[A-Z]/);
  }
});

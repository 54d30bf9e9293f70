import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineProjection } from "./define-projection.ts";
import type { ProjectedEvent, ProjectionDb, TableProjectionSpec } from "./types.ts";

const Opened = defineEvent("Opened", { schema: z.object({ n: z.number() }) });
const Closed = defineEvent("Closed", { schema: z.object({}) });
const schema = "create table tickets (n int)";
const base = defineProjection("tickets", { schema });
const counter = defineModel("counter", { initial: () => 0 }).on(Opened, (sum, { data }) => sum + data.n);

const event = (position: bigint, type = "Opened", n = 1): ProjectedEvent => ({
  type,
  id: `${position}`,
  data: { n },
  stream: "s",
  tags: [],
  metadata: {},
  recordedAtMicros: 7n,
  position,
  version: position,
});
const noDb: ProjectionDb = { query: async () => [] };
const problem = (message: string): unknown =>
  expect.objectContaining({ code: "config-invalid", message: `projection "tickets" ${message}` });

describe("a projection", () => {
  test("has defaults, and handles nothing before `on`", () => {
    expect(base).toMatchObject({
      kind: "projection",
      name: "tickets",
      version: 1,
      mode: "async",
      level: "appended",
      onError: "stop",
      where: {},
      timeoutMs: 30_000,
      schema,
      events: [],
      model: undefined,
    });
  });

  test("is never changed: each `on` gives a new one", () => {
    const made = base.on(Opened, () => undefined).on(Closed, () => undefined);
    expect([base.events, made.events]).toEqual([[], [Opened, Closed]]);
    expect(Object.isFrozen(made) && Object.isFrozen(made.events)).toBe(true);
  });

  test("applies events in order, each by its own handler, and awaits what gives a promise", async () => {
    const seen: string[] = [];
    const made = base
      .on(Opened, async ({ position }) => {
        await Promise.resolve();
        seen.push(`opened ${position}`);
      })
      .on(Closed, ({ position }) => {
        seen.push(`closed ${position}`);
      });
    await made.apply([event(1n), event(2n, "Closed"), event(3n)], noDb);
    expect(seen).toEqual(["opened 1", "closed 2", "opened 3"]);
  });

  test("gives batches whole, and none that is empty", async () => {
    const sizes: number[] = [];
    const made = base.onBatch([Opened, Closed], (events) => {
      sizes.push(events.length);
    });
    await made.apply([event(1n), event(2n, "Closed")], noDb);
    await made.apply([], noDb);
    expect(sizes).toEqual([2]);
  });

  test("names the event that its handler failed at", async () => {
    const cause = new Error("no such ticket");
    const made = base.on(Opened, ({ position }) => {
      if (position === 2n) throw cause;
    });
    await expect(made.apply([event(1n), event(2n)], noDb)).rejects.toMatchObject({
      code: "projection-failed",
      message: 'projection "tickets" failed at position 2 (Opened): no such ticket',
      values: { projection: "tickets", position: 2n, type: "Opened" },
      cause,
    });
  });

  test("names no event of several where a batch's handler failed", async () => {
    const made = base.onBatch([Opened], () => {
      throw new Error("too many");
    });
    await expect(made.apply([event(1n), event(2n)], noDb)).rejects.toMatchObject({ values: { projection: "tickets" } });
  });
});

describe("a projection is refused", () => {
  test.each(["", "Tickets", "1st", "a".repeat(41), "a_b"])("with the name %j", (name) => {
    expect(() => defineProjection(name, { schema })).toThrow(
      expect.objectContaining({ code: "config-invalid" }) as Error,
    );
  });

  test.each<[string, Partial<Record<keyof TableProjectionSpec, unknown>>, string]>([
    ["a version of 0", { version: 0 }, "has version 0: give an integer from 1"],
    ["a wrong mode", { mode: "sync" }, 'has mode "sync": give "inline" or "async"'],
    ["a wrong level", { level: "anchored" }, 'has level "anchored": give appended, sealed, final'],
    ["a wrong onError", { onError: "skip" }, 'has onError "skip": give "stop" or "dead-letter"'],
    [
      "a level of an inline one",
      { mode: "inline", level: "final" },
      'is inline, where each event is just appended: leave out level "final"',
    ],
    [
      "dead letters of an inline one",
      { mode: "inline", onError: "dead-letter" },
      "is inline, where what fails refuses the append: leave out onError",
    ],
    ["no time at all", { timeoutMs: 0 }, "has timeoutMs 0: give an integer from 1 to 50000"],
    [
      "a time for which appends must not wait",
      { mode: "inline", timeoutMs: 9_001 },
      "has timeoutMs 9001: give an integer from 1 to 9000",
    ],
    ["an empty schema", { schema: " " }, "needs a schema: SQL that makes its tables, or a model"],
    [
      "a schema that commits",
      { schema: "create table a (n int); -- now\ncommit; create table b (n int)" },
      'has a schema with "commit": it runs in a transaction, which it must not end',
    ],
    ["no tags", { where: { tags: [] } }, "has a `where` whose tags are not a list of at least one text"],
  ])("with %s", (_what, spec, message) => {
    expect(() => defineProjection("tickets", { schema, ...spec } as TableProjectionSpec)).toThrow(
      problem(message) as Error,
    );
  });

  test("with a key that it does not know", () => {
    expect(() => defineProjection("tickets", { schema, modes: "inline" } as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }) as Error,
    );
  });

  test("with a handler of a type that it handles already", () => {
    expect(() => base.on(Opened, () => undefined).on(Opened, () => undefined)).toThrow(
      problem('handles "Opened" twice') as Error,
    );
  });

  test("with handlers of both kinds", () => {
    expect(() => base.on(Opened, () => undefined).onBatch([Closed], () => undefined)).toThrow(
      problem("handles events one by one already: use `on` or `onBatch`, not both") as Error,
    );
    expect(() => base.onBatch([Closed], () => undefined).on(Opened, () => undefined)).toThrow(
      problem("handles batches: give `onBatch` all of its events") as Error,
    );
  });

  test("with a handler beside its model", () => {
    expect(() => defineProjection("tickets", { model: counter }).on(Closed, () => undefined)).toThrow(
      problem("is a model: let that handle the event") as Error,
    );
  });
});

test("a schema may speak of begin and commit within functions, texts and comments", () => {
  const text = `create function f() returns int language plpgsql as $x$ begin return 1; commit; end $x$;
    /* rollback; */ comment on function f() is 'begin; it''s; commit'; create table t (n int)`;
  expect(defineProjection("tickets", { schema: text }).schema).toBe(text);
});

describe("a projection that is a model", () => {
  const rows = new Map<string, unknown>();
  const db: ProjectionDb = {
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) => {
      const [keys = [], states = []] = values as string[][];
      if (text.startsWith("select"))
        return keys.flatMap((key) => (rows.has(key) ? [{ key, state: rows.get(key) }] : [])) as Row[];
      for (const [index, key] of keys.entries()) rows.set(key, JSON.parse(states[index] ?? ""));
      return [];
    },
  };

  test("handles what its model does, and has a table of its own name", () => {
    const made = defineProjection("ticket-sums", { model: counter, version: 3 });
    expect(made).toMatchObject({ events: [Opened], version: 3, model: { table: "ticket_sums" } });
    expect(made.schema).toContain('create table "ticket_sums"');
  });

  test("folds each key's events on what its row has, by one load and one write for a batch", async () => {
    const made = defineProjection("sums", {
      model: counter,
      key: ({ position }) => (position === 9n ? undefined : position % 2n === 0n ? "even" : "odd"),
    });
    await made.apply([event(1n), event(2n, "Opened", 5)], db);
    await made.apply([event(3n, "Opened", 10), event(5n, "Opened", 100), event(9n, "Opened", 1000)], db);
    expect(Object.fromEntries(rows)).toEqual({ odd: 111, even: 5 });
  });

  test.each([
    ["a key that is no text", { key: () => 7 as never }, counter],
    ["a key that Postgres cannot keep", { key: () => "a\0b" }, counter],
    ["a state that is no JSON", {}, defineModel("big", { initial: () => 0n }).on(Opened, (sum) => sum + 1n)],
  ])("fails at the event with %s", async (_what, spec, model) => {
    const made = defineProjection("sums", { ...spec, model: model as typeof counter });
    await expect(made.apply([event(4n)], db)).rejects.toMatchObject({
      code: "projection-failed",
      values: { projection: "sums", position: 4n },
    });
  });
});

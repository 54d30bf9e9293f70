import {
  type Context,
  defineEvent,
  defineModel,
  defineSnapshots,
  type Model,
  query,
  type SnapshotDue,
  stream,
} from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";

/** A state read from snapshots is the state read from events: of any history, by any rule, at any point. */

const Put = defineEvent("Put", { schema: z.object({ key: z.string(), value: z.number() }), tags: () => ["put"] });
const Dropped = defineEvent("Dropped", { schema: z.object({ key: z.string() }), tags: () => ["put"] });

interface Shelf {
  readonly items: Readonly<Record<string, number>>;
  readonly order: readonly string[];
  readonly steps: number;
}
const empty: Shelf = { items: {}, order: [], steps: 0 };

/** What a later event makes of it depends on all before it, and on their order. */
function shelfOf(version: number, weight: number): Model<Shelf> {
  return defineModel("shelf", { initial: () => empty, version })
    .on(Put, ({ items, order, steps }, { data: { key, value } }) => ({
      items: { ...items, [key]: (Object.hasOwn(items, key) ? (items[key] ?? 0) : 0) * weight + value },
      order: [...order.filter((each) => each !== key), key],
      steps: steps + 1,
    }))
    .on(Dropped, ({ items, order, steps }, { data: { key } }) => ({
      items: without(items, key),
      order: order.filter((each) => each !== key),
      steps: steps + weight,
    }));
}

function without(items: Readonly<Record<string, number>>, key: string): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(items).filter(([each]) => each !== key));
}

const shelf = shelfOf(1, 2);
const shelves = query({ tags: ["put"] });

type Step =
  | { do: "put"; stream: string; key: string; value: number }
  | { do: "drop"; stream: string; key: string }
  | { do: "other"; stream: string }
  | { do: "snapshot"; stream: string }
  | { do: "wait"; ms: number };

const streamName = fc.constantFrom("a", "b", "ü/ä");
const key = fc.constantFrom("x", "y", "__proto__", "a b");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      stream: streamName,
      key,
      value: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const), stream: streamName, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("other" as const), stream: streamName }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("snapshot" as const), stream: streamName }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 2_000 }) }) },
);
const due: fc.Arbitrary<SnapshotDue<Shelf>> = fc.oneof(
  fc.integer({ min: 1, max: 7 }),
  fc.record({ ms: fc.integer({ min: 1, max: 3_000 }) }),
  fc.constant((_: unknown, state: Shelf) => state.steps % 3 === 0),
  fc.constant((event: { type: string }) => event.type === "Dropped"),
);

async function play(steps: readonly Step[], ofStreams: SnapshotDue<Shelf>, ofQuery: SnapshotDue<Shelf>) {
  const problems: unknown[] = [];
  const ledger = openMemoryLedger({
    events: [Put, Dropped],
    snapshots: [
      defineSnapshots(shelf, { every: ofStreams, mode: "sync" }),
      defineSnapshots(shelf, { every: ofQuery, mode: "sync", of: shelves, branch: "shelves" }),
    ],
    report: (problem) => problems.push(problem),
  });
  for (const one of steps) {
    if (one.do === "put") await ledger.append(one.stream, Put({ key: one.key, value: one.value }));
    else if (one.do === "drop") await ledger.append(one.stream, Dropped({ key: one.key }));
    else if (one.do === "other") await ledger.append(one.stream, { type: "Other", data: {} });
    else if (one.do === "wait") ledger.advance(one.ms);
    else await ledger.snapshot(shelf, one.stream).catch(() => undefined);
  }
  return { ledger, problems };
}

const history = fc.array(step, { maxLength: 40 });
const contexts: readonly (string | Context)[] = ["a", stream("b"), "ü/ä", shelves];

test("state with snapshots equals state without, now and at every version, position and time", async () => {
  await fc.assert(
    fc.asyncProperty(history, due, due, async (steps, ofStreams, ofQuery) => {
      const { ledger, problems } = await play(steps, ofStreams, ofQuery);
      const times = new Set<bigint>([0n]);
      let head = 0n;
      for await (const event of ledger.readAll()) {
        times.add(event.recordedAtMicros / 1_000n);
        head = event.position;
      }
      for (const context of contexts) {
        for (const model of [shelf, shelfOf(2, 3)]) {
          expect(await ledger.state(model, context)).toEqual(await ledger.state(model, context, { snapshots: false }));
          for (let position = 0n; position <= head; position += 1n)
            expect(await ledger.stateAt(model, context, { at: { position } })).toEqual(
              await ledger.stateAt(model, context, { at: { position }, snapshots: false }),
            );
          for (const ms of times) {
            const at = { time: new Date(Number(ms)) };
            expect(await ledger.stateAt(model, context, { at })).toEqual(
              await ledger.stateAt(model, context, { at, snapshots: false }),
            );
          }
        }
        if (typeof context !== "string") continue;
        const { version = 0n } = await ledger.stateAt(shelf, context);
        for (let v = 0n; v <= version; v += 1n) {
          const found = await ledger.stateAt(shelf, context, { at: { version: v } });
          expect(found).toEqual(await ledger.stateAt(shelf, context, { at: { version: v }, snapshots: false }));
          expect(found.version).toBe(v);
        }
      }
      expect(problems).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

/** The steps of a path such as `$.lines[2]["a b"]`. */
function stepsOf(path: string): (string | number)[] {
  const parts = path.slice(1).matchAll(/\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g);
  return [...parts].map(
    ([, name, index, quoted]) => name ?? (index === undefined ? JSON.parse(quoted ?? "") : Number(index)),
  );
}

function applyChanges(before: unknown, changes: readonly { path: string; after?: unknown }[]): unknown {
  const root = { value: structuredClone(before) };
  for (const change of changes) {
    const steps = ["value", ...stepsOf(change.path)];
    const last = steps.pop() ?? "value";
    // biome-ignore lint/suspicious/noExplicitAny: any JSON at all
    const holder = steps.reduce((value: any, at) => value[at], root);
    if ("after" in change)
      Object.defineProperty(holder, last, {
        value: structuredClone(change.after),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else if (Array.isArray(holder)) holder.splice(Number(last), 1);
    else delete holder[last];
  }
  return root.value;
}

test("the changes of a diff turn its `from` into its `to`, and there are none where nothing differs", async () => {
  const Changed = defineEvent("Changed", { schema: z.object({ value: z.unknown() }) });
  const last = defineModel("last", { initial: (): unknown => null }).on(Changed, (_, { data }) => data.value);
  const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.parse(JSON.stringify(json)) as unknown);
  await fc.assert(
    fc.asyncProperty(value, value, async (one, other) => {
      const ledger = openMemoryLedger({ events: [Changed] });
      await ledger.append("s", [Changed({ value: one }), Changed({ value: other })]);
      const { from, to, changes } = await ledger.diff(last, "s", { from: { version: 1n } });
      expect([from.state, to.state]).toEqual([one, other]);
      expect(applyChanges(from.state, changes)).toEqual(to.state);
      expect((await ledger.diff(last, "s", { from: { version: 2 }, to: { version: 2 } })).changes).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

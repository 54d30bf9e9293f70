import { bytesToHex, sha256, utf8 } from "@eventchain/core";
import { type AccessScope, type EventStore, openMemoryStore } from "@eventchain/store";
import { createTestLedger, newEvent } from "@eventchain/store/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findRelated } from "./find-related.ts";
import type { Related, RelatedNode } from "./types.ts";

/** An event by a short name; its cause and its command by theirs. A cause is an event's name, or a command's. */
interface Named {
  name: string;
  cause?: string;
  command?: string;
  tag?: string;
}

function idOf(name: string): string {
  const hex = bytesToHex(sha256(utf8(name)));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Neighbours with one command are one append of it. */
async function ledgerOf(events: readonly Named[]): Promise<{ store: EventStore; ledgerId: bigint; origin: string }> {
  const store = openMemoryStore();
  const { ledgerId, origin } = await createTestLedger(store);
  const names = new Set(events.map(({ name }) => name));
  const appends: Named[][] = [];
  for (const event of events) {
    const before = appends.at(-1);
    if (before !== undefined && event.command !== undefined && before[0]?.command === event.command) before.push(event);
    else appends.push([event]);
  }
  const requests = appends.map((append) => ({
    expected: [],
    events: append.map(({ name, cause, command, tag }) => {
      const metadata = {
        ...(cause === undefined ? {} : { causationId: names.has(cause) ? idOf(cause) : cause }),
        ...(command === undefined ? {} : { commandId: command }),
      };
      return newEvent({
        id: idOf(name),
        data: JSON.stringify({ name }),
        metadata: JSON.stringify(metadata),
        tags: tag === undefined ? [] : [tag],
      });
    }),
    ...(append[0]?.command === undefined
      ? {}
      : { command: { id: append[0].command, requestHash: sha256(utf8(append[0].command)) } }),
  }));
  const outcomes = await store.append(ledgerId, requests);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(requests.map(() => "recorded"));
  return { store, ledgerId, origin };
}

async function relatedTo(
  events: readonly Named[],
  name: string,
  options: { maxEvents?: number; scope?: AccessScope } = {},
): Promise<Related> {
  const { scope = {}, ...rest } = options;
  return findRelated({ ...(await ledgerOf(events)), scope }, idOf(name), rest);
}

type Shape = string | [string, ...Shape[]];

function shapeOf({ event, effects }: RelatedNode): Shape {
  const name = String(event.data?.name);
  return effects.length === 0 ? name : [name, ...effects.map(shapeOf)];
}

const order: Named[] = [
  { name: "ordered", command: "order" },
  { name: "reserved", command: "order" },
  { name: "unrelated" },
  { name: "paid", cause: "ordered", command: "pay" },
  { name: "packed", cause: "order", command: "pack" },
  { name: "shipped", cause: "packed" },
  { name: "mailed", cause: "pay" },
];

describe("findRelated", () => {
  const whole: Shape = ["ordered", ["paid", "mailed"], ["packed", "shipped"]];

  test.each([
    ["ordered", ["ordered"]],
    ["shipped", ["ordered", "packed", "shipped"]],
    ["mailed", ["ordered", "paid", "mailed"]],
  ])("from %s it finds the root, the way to it, and everything that came of it", async (name, path) => {
    const related = await relatedTo(order, name);
    expect(shapeOf(related.root)).toEqual(whole);
    expect(related.path).toEqual(path.map(idOf));
    expect(related.truncated).toBe(false);
  });

  test("an event of a command without a cause is a root of its own; its command's effects stand under it there", async () => {
    const related = await relatedTo(order, "reserved");
    expect(shapeOf(related.root)).toEqual(["reserved", ["packed", "shipped"]]);
  });

  test("an event that names itself, or what is not there, has no cause", async () => {
    expect(shapeOf((await relatedTo([{ name: "a", cause: "a" }], "a")).root)).toBe("a");
    expect(shapeOf((await relatedTo([{ name: "a", cause: idOf("gone") }], "a")).root)).toBe("a");
    expect(shapeOf((await relatedTo([{ name: "a", cause: "mine", command: "mine" }], "a")).root)).toBe("a");
  });

  test("causes that go round in a circle end where they began", async () => {
    const circle = [
      { name: "a", cause: "c" },
      { name: "b", cause: "a" },
      { name: "c", cause: "b" },
    ];
    const related = await relatedTo(circle, "b");
    expect(shapeOf(related.root)).toEqual(["c", ["a", "b"]]);
    expect(related.path).toEqual(["c", "a", "b"].map(idOf));
  });

  test("ends at maxEvents and says so", async () => {
    const fan = [{ name: "root" }, ...Array.from({ length: 9 }, (_, n) => ({ name: `leaf ${n}`, cause: "root" }))];
    expect(await relatedTo(fan, "root", { maxEvents: 10 })).toMatchObject({ truncated: false });
    const cut = await relatedTo(fan, "root", { maxEvents: 9 });
    expect(cut.truncated).toBe(true);
    expect(shapeOf(cut.root)).toHaveLength(9);
    const chain = Array.from({ length: 5 }, (_, n) => ({ name: `${n}`, cause: `${n - 1}` }));
    const near = await relatedTo(chain, "4", { maxEvents: 2 });
    expect(near).toMatchObject({ truncated: true, path: [idOf("3"), idOf("4")] });
  });

  test("what is hidden ends the way up, and takes what came of it along", async () => {
    const tagged = [
      { name: "hidden root" },
      { name: "a", cause: "hidden root", tag: "mine" },
      { name: "b", cause: "a", tag: "mine" },
      { name: "hidden", cause: "a" },
      { name: "under", cause: "hidden", tag: "mine" },
    ];
    const scope: AccessScope = { access: [{ tags: ["mine"] }] };
    expect(shapeOf((await relatedTo(tagged, "b", { scope })).root)).toEqual(["a", "b"]);
    expect(shapeOf((await relatedTo(tagged, "under", { scope })).root)).toBe("under");
    for (const name of ["hidden", "never"])
      await expect(relatedTo(tagged, name, { scope })).rejects.toMatchObject({
        code: "not-found",
        message: expect.stringMatching(/ has no event with id /),
        values: { id: idOf(name) },
      });
  });

  test("a cause that is a command is the first of its events that may be seen", async () => {
    const events = [
      { name: "hidden", command: "c" },
      { name: "seen", command: "c", tag: "mine" },
      { name: "effect", cause: "c", tag: "mine" },
    ];
    const related = await relatedTo(events, "effect", { scope: { access: [{ tags: ["mine"] }] } });
    expect(shapeOf(related.root)).toEqual(["seen", "effect"]);
  });

  test("asks once for each generation, not for each event", async () => {
    const wide = [
      { name: "root" },
      ...Array.from({ length: 300 }, (_, n) => ({ name: `child ${n}`, cause: "root" })),
      ...Array.from({ length: 300 }, (_, n) => ({ name: `grandchild ${n}`, cause: `child ${n}` })),
    ];
    const { store, ...deps } = await ledgerOf(wide);
    const reads: string[] = [];
    const counting: EventStore = {
      ...store,
      readAll: (...given) => {
        reads.push("readAll");
        return store.readAll(...given);
      },
      findEvent: (...given) => {
        reads.push("findEvent");
        return store.findEvent(...given);
      },
    };
    const related = await findRelated({ ...deps, store: counting, scope: {} }, idOf("root"));
    expect(related.truncated).toBe(false);
    expect(reads).toEqual(["findEvent", "readAll", "readAll", "readAll"]);
  });

  test.each<[string, unknown]>([
    ["no event id", { id: "somewhere" }],
    ["no room", { maxEvents: 0 }],
    ["half an event", { maxEvents: 1.5 }],
    ["a misspelt option", { max: 1 }],
  ])("refuses %s", async (_what, given) => {
    const { id = idOf("a"), ...options } = given as { id?: string; maxEvents?: number };
    const deps = { ...(await ledgerOf([{ name: "a" }])), scope: {} };
    await expect(findRelated(deps, id, options)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

test("whatever causes are claimed, the tree holds each event once, under its cause, and leaves out none", async () => {
  const names = Array.from({ length: 12 }, (_, n) => `e${n}`);
  const commands = ["c0", "c1", "c2"];
  const claims = fc.array(
    fc.record(
      {
        cause: fc.constantFrom(...names, ...commands, "nobody"),
        command: fc.constantFrom(...commands),
        tag: fc.constantFrom("mine", "theirs"),
      },
      { requiredKeys: [] },
    ),
    { minLength: 1, maxLength: names.length },
  );
  await fc.assert(
    fc.asyncProperty(
      claims,
      fc.nat(),
      fc.boolean(),
      fc.integer({ min: 1, max: 14 }),
      async (given, at, all, maxEvents) => {
        const events = appendable(given.map((claim, index) => ({ name: `e${index}`, ...claim })));
        const visible = events.filter(({ tag }) => all || tag === "mine");
        const start = visible[at % Math.max(1, visible.length)];
        fc.pre(start !== undefined);
        const scope: AccessScope = all ? {} : { access: [{ tags: ["mine"] }] };
        const related = await relatedTo(events, start.name, { scope, maxEvents });
        checkTree(related, events, visible, start.name, maxEvents);
      },
    ),
    { numRuns: 300 },
  );
});

/** A command id is recorded once: a later append with the same one has none. */
function appendable(events: readonly Named[]): Named[] {
  const closed = new Set<string>();
  let open: string | undefined;
  return events.map((event) => {
    if (open !== undefined && event.command !== open) closed.add(open);
    open = event.command !== undefined && !closed.has(event.command) ? event.command : undefined;
    const { command: _, ...rest } = event;
    return open === undefined ? rest : { ...rest, command: open };
  });
}

function checkTree(
  { root, path, truncated }: Related,
  events: readonly Named[],
  visible: readonly Named[],
  start: string,
  maxEvents: number,
): void {
  const byName = new Map(events.map((event) => [event.name, event]));
  const met: Named[] = [];
  const walk = (node: RelatedNode): void => {
    const event = byName.get(String(node.event.data?.name)) as Named;
    met.push(event);
    for (const effect of node.effects) {
      const { cause } = byName.get(String(effect.event.data?.name)) as Named;
      expect([event.name, event.command]).toContain(cause);
      walk(effect);
    }
  };
  walk(root);
  const names = met.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(visible).toEqual(expect.arrayContaining(met));
  expect(names.length).toBeLessThanOrEqual(maxEvents);
  let node: RelatedNode | undefined = root;
  for (const id of path.slice(1)) node = node?.effects.find(({ event }) => event.id === id);
  expect([path[0], path.at(-1), node?.event.id]).toEqual([root.event.id, idOf(start), idOf(start)]);
  if (maxEvents >= events.length) expect(truncated).toBe(false);
  if (truncated) return;
  const causes = new Set(met.flatMap(({ name, command }) => [name, command]));
  const effects = visible.filter(({ cause }) => cause !== undefined && causes.has(cause));
  expect(names).toEqual(expect.arrayContaining(effects.map(({ name }) => name)));
}

import {
  defineAccess,
  defineCommand,
  defineEvent,
  defineModel,
  hiddenCause,
  type Ledger,
  type LedgerView,
  query,
  reject,
  stream,
} from "@eventchain/ledger";
import { matchesQuery } from "@eventchain/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, all, memoryLedgers, positions, postgresLedgers } from "../support/any-ledger.ts";

const Noted = defineEvent("Noted", {
  schema: z.object({ tenant: z.string(), text: z.string() }),
  tags: ({ tenant }) => [`tenant:${tenant}`],
  stream: ({ tenant }) => `notes-${tenant}`,
});
const notes = defineModel("notes", { initial: () => [] as string[] }).on(Noted, (texts, { data }) => [
  ...texts,
  data.text,
]);
const allNotes = query({ types: [Noted] });

const note = defineCommand("Note", {
  input: z.object({ tenant: z.string(), text: z.string() }),
  context: () => allNotes,
  model: notes,
  records: [Noted],
  rejects: { "noted-already": "Somebody noted this already" },
  authorize: ({ actor, input }) => actor.claims.tenant === input.tenant,
  decide: ({ input, model }) => (model.includes(input.text) ? reject("noted-already") : Noted({ ...input })),
});

/** Decides only when the test's own append has come between. */
let interfere: () => void = () => undefined;
const hasty = defineCommand("Hasty", {
  input: z.object({ tenant: z.string() }),
  context: () => allNotes,
  model: notes,
  records: [Noted],
  decide: ({ input }) => {
    interfere();
    return Noted({ ...input, text: "hasty" });
  },
});
const failing = defineCommand("Failing", {
  input: z.object({}),
  context: () => allNotes,
  model: notes,
  records: [Noted],
  decide: ({ model }) => {
    throw new Error(`all notes: ${model.join()}`);
  },
});

const access = defineAccess(({ id, claims }) => {
  if (id === "auditor") return "all";
  if (id === "broken") throw new Error("no directory");
  if (claims.tenant === undefined) return [];
  return [{ tags: [`tenant:${claims.tenant}`] }, { streams: [`inbox-${claims.tenant}`], types: ["Mailed"] }];
});
const ann = { id: "ann", claims: { tenant: "a" } };
const bob = { id: "bob", claims: { tenant: "b" } };

interface World {
  ledger: Ledger;
  a: LedgerView;
  seal(): Promise<void>;
}

let count = 0;
async function fill(ledger: Ledger): Promise<void> {
  for (const tenant of ["a", "b", "a", "b", "b"]) {
    const tags = [`tenant:${tenant}`];
    await ledger.append(`tickets-${tenant}`, { type: "Opened", data: { tenant }, tags }, { actor: `user-${tenant}` });
    await ledger.append(`inbox-${tenant}`, [
      { type: "Mailed", data: { tenant } },
      { type: "Counted", data: { tenant } },
    ]);
    await ledger.append("shared", { type: "Opened", data: { tenant }, tags }, { commandId: `c-${tenant}-${count++}` });
  }
}
const kinds: [string, () => Promise<AnyLedgers>, boolean][] = [
  ["on Postgres", postgresLedgers, false],
  ["on Postgres with row-level security", postgresLedgers, true],
  ["in memory", memoryLedgers, false],
];

describe.each(kinds)("access %s", (_name, openLedgers, rowSecurity) => {
  let ledgers: AnyLedgers;
  let made = 0;
  beforeAll(async () => {
    ledgers = await openLedgers();
  });
  afterAll(() => ledgers?.close());

  async function world(): Promise<World> {
    made += 1;
    const { ledger, seal } = await ledgers.open(`access-${made}.test`, {
      commands: [note, hasty, failing],
      access,
      rowSecurity,
      recordRejections: true,
    });
    await fill(ledger);
    return { ledger, seal, a: ledger.as(ann) };
  }

  test("every read gives what may be seen of what the ledger's own read gives", async () => {
    const { ledger, a } = await world();
    const rule = access.queryFor({ ...ann, roles: [] });
    const stored = await all(ledger.readAll());
    const seen = (events: typeof stored) =>
      events.filter((event) => matchesQuery(rule, event)).map(({ position }) => position);
    const nameOf = fc.constantFrom("tickets-a", "tickets-b", "inbox-a", "inbox-b", "shared");
    const filter = fc.record(
      {
        streams: fc.uniqueArray(nameOf, { minLength: 1, maxLength: 3 }),
        types: fc.uniqueArray(fc.constantFrom("Opened", "Mailed", "Counted"), { minLength: 1, maxLength: 2 }),
        tags: fc.constantFrom(["tenant:a"], ["tenant:b"], ["tenant:a", "tenant:b"]),
        actor: fc.constantFrom("user-a", "user-b"),
      },
      { requiredKeys: [] },
    );
    const item = fc
      .record(
        {
          streams: fc.uniqueArray(nameOf, { minLength: 1, maxLength: 3 }),
          types: fc.uniqueArray(fc.constantFrom("Opened", "Mailed", "Counted"), { minLength: 1, maxLength: 2 }),
          tags: fc.constantFrom(["tenant:a"], ["tenant:b"]),
        },
        { requiredKeys: [] },
      )
      .filter((given) => Object.keys(given).length > 0);
    const asked = fc.record(
      {
        filter,
        query: fc.oneof(fc.constant("all" as const), fc.array(item, { maxLength: 3 })),
        backwards: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(asked, fc.option(fc.integer({ min: 0, max: 5 })), async (options, limit) => {
        const whole = seen(await all(ledger.readAll(options)));
        expect(await positions(a.readAll(options))).toEqual(whole);
        const { backwards: _, ...selection } = options;
        expect(await a.count(selection)).toBe(BigInt(whole.length));
        if (limit !== null) expect(await positions(a.readAll({ ...options, limit }))).toEqual(whole.slice(0, limit));
      }),
      { numRuns: 60 },
    );
    for (const name of ["tickets-a", "tickets-b", "inbox-a", "inbox-b", "shared", "nothing"])
      for (const backwards of [false, true])
        expect(await positions(a.readStream(name, { backwards }))).toEqual(
          seen(await all(ledger.readStream(name, { backwards }))),
        );
  });

  test("audits, queries and states are of what may be seen", async () => {
    const { ledger, a } = await world();
    expect(await all(a.audit({ actor: "user-b" }))).toEqual([]);
    expect(await all(a.audit({ stream: "shared" }))).toHaveLength(2);
    expect(await positions(a.query([{ types: ["Opened"] }]))).toHaveLength(4);
    await ledger.execute(note, { tenant: "a", text: "ours" }, { actor: ann });
    await ledger.execute(note, { tenant: "b", text: "theirs" }, { actor: bob });
    expect(await ledger.state(notes, allNotes)).toEqual(["ours", "theirs"]);
    expect(await a.state(notes, allNotes)).toEqual(["ours"]);
    expect(await a.state(notes, "notes-a")).toEqual(["ours"]);
    expect(await a.state(notes, stream("notes-b"))).toEqual([]);
  });

  test("all is every event, the ledger's own too; no item is none", async () => {
    const { ledger } = await world();
    await ledger.execute(note, { tenant: "a", text: "x" }, { actor: bob });
    const whole = await all(ledger.readAll());
    expect(whole.at(-1)?.type).toBe("$CommandRejected");
    expect(await all(ledger.as("auditor").readAll())).toEqual(whole);
    expect(await ledger.as("auditor").count()).toBe(BigInt(whole.length));
    const nobody = ledger.as("nobody");
    expect(await all(nobody.readAll())).toEqual([]);
    expect(await all(nobody.readStream("shared"))).toEqual([]);
    expect(await nobody.count()).toBe(0n);
  });

  test("a rule that fails shows nothing", async () => {
    const { ledger } = await world();
    expect(() => ledger.as("broken")).toThrow(expect.objectContaining({ code: "config-invalid" }));
    made += 1;
    const { ledger: without } = await ledgers.open(`access-${made}.test`);
    expect(() => without.as("ann")).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });

  test("a receipt is for who issued the command, and for who sees all that it recorded", async () => {
    const { ledger, a } = await world();
    const b = ledger.as(bob);
    const mine = await a.execute(note, { tenant: "a", text: "mine" }, { commandId: "mine" });
    const denied = await b.execute(note, { tenant: "a", text: "not mine" }, { commandId: "denied" });
    expect([mine.status, denied.status]).toEqual(["recorded", "rejected"]);
    await ledger.append("shared", [{ type: "Opened", data: {}, tags: ["tenant:a"] }], {
      commandId: "whole",
      actor: "x",
    });
    const half = [
      { type: "Opened", data: {}, tags: ["tenant:a"] },
      { type: "Opened", data: {}, tags: ["tenant:b"] },
    ];
    await ledger.append("shared", half, { commandId: "half", actor: "x" });
    const seenBy = async (view: Pick<Ledger, "receipt">) => {
      const ids = ["mine", "denied", "whole", "half", "never"];
      const receipts = await Promise.all(ids.map((id) => view.receipt(id)));
      return ids.filter((_, index) => receipts[index] !== undefined);
    };
    expect(await seenBy(ledger)).toEqual(["mine", "denied", "whole", "half"]);
    expect(await seenBy(a)).toEqual(["mine", "whole"]);
    expect(await seenBy(b)).toEqual(["denied"]);
    expect(await a.receipt("mine")).toEqual(mine);
    expect(await b.receipt("denied")).toEqual(denied);
  });

  test("a command sees all that it depends on, and acts for the view's actor", async () => {
    const { ledger, a } = await world();
    await ledger.execute(note, { tenant: "b", text: "theirs" }, { actor: bob });
    expect(await a.execute(note, { tenant: "a", text: "theirs" })).toMatchObject({ code: "noted-already" });
    await a.execute(note, { tenant: "a", text: "ours" }, { ip: "10.0.0.1" });
    const [newest] = await all(a.readAll({ backwards: true, limit: 1 }));
    expect(newest?.metadata).toMatchObject({ actor: "ann", ip: "10.0.0.1" });
    const forged = { actor: "bob" } as object;
    await expect(a.execute(note, { tenant: "a", text: "x" }, forged)).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  test("a conflict names the events in the way that may be seen; all of them where the ledger itself is asked", async () => {
    const { ledger, a } = await world();
    const between = (tenants: readonly string[]) => {
      interfere = () => {
        for (const tenant of tenants)
          void ledger.append(`notes-${tenant}`, {
            type: "Noted",
            data: { tenant, text: "between" },
            tags: [`tenant:${tenant}`],
          });
      };
    };
    const conflict = async (execute = () => a.execute(hasty, { tenant: "a" }, { maxAttempts: 1 })) => {
      const error = await execute().then(
        () => expect.fail("no conflict"),
        (thrown: { name: string; values: { events: { stream: string }[] } }) => thrown,
      );
      expect(error.name).toBe("ConflictError");
      return error.values.events.map((event) => event.stream);
    };
    between(["b"]);
    expect(await conflict()).toEqual([]);
    between(["a", "b"]);
    expect(await conflict()).toEqual(["notes-a"]);
    const trusted = () => ledger.execute(hasty, { tenant: "a" }, { actor: ann, maxAttempts: 1 });
    expect((await conflict(trusted)).toSorted()).toEqual(["notes-a", "notes-b"]);
    interfere = () => undefined;
  });

  test("a failed decision keeps what it knows for the operator", async () => {
    const { ledger, a } = await world();
    await ledger.execute(note, { tenant: "b", text: "theirs" }, { actor: bob });
    const error = await a.execute(failing, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "decision-failed" });
    expect((error as Error).cause).toBeUndefined();
    expect(String((error as Error).stack)).not.toContain("theirs");
    expect(hiddenCause(error)).toMatchObject({ message: expect.stringContaining("all notes: theirs") });
    await expect(ledger.execute(failing, {}, { actor: ann })).rejects.toThrow(/all notes: theirs/);
  });

  test("a proof is for who sees the event; else it is as if there were none", async () => {
    const { ledger, a, seal } = await world();
    const [theirs] = await all(ledger.readStream("tickets-b"));
    const [mine] = await all(ledger.readStream("tickets-a"));
    const told = async (event: bigint | string) => {
      const error = await a.prove(event).catch((thrown: unknown) => thrown);
      return JSON.stringify(error).replaceAll(String(event), "it");
    };
    const unused = "00000000-0000-7000-8000-000000000000";
    const asked = async () => {
      expect(await told(theirs?.position as bigint)).toBe(await told(10_000n));
      expect(await told(theirs?.id as string)).toBe(await told(unused));
    };
    await asked();
    await seal();
    await asked();
    if (ledgers.database !== undefined)
      expect((await a.prove(mine?.id as string)).event.position).toBe(String(mine?.position));
    await expect(a.related(theirs?.id as string)).rejects.toMatchObject({ code: "not-found" });
  });
});

import { bytesToHex } from "@eventchain/core";
import type { EventStore, KeptSchema } from "@eventchain/store";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "./define-event.ts";
import { schemaRecord } from "./schema-record.ts";
import { openSchemas } from "./schema-registry.ts";
import type { AnyEventDefinition } from "./types.ts";

const Opened = defineEvent("Opened", { schema: z.object({ a: z.string() }) });
const Changed = defineEvent("Opened", { schema: z.object({ a: z.number() }) });
const Raised = defineEvent("Opened", { version: 2, schema: z.object({ a: z.number() }), upcast: { 1: (old) => old } });
const Closed = defineEvent("Closed", { schema: z.object({ a: z.string() }) });

/** What several processes share; `calls`: what each asked to keep. */
function sharedStore() {
  const kept = new Map<string, KeptSchema>();
  const calls: string[][] = [];
  const keep = (schema: KeptSchema): KeptSchema => {
    const key = `${schema.version} ${schema.type}`;
    const there = kept.get(key) ?? schema;
    kept.set(key, there);
    return there;
  };
  return {
    calls,
    keptSchemas: async () => [...kept.values()],
    keepSchemas: async (_ledgerId: bigint, schemas: readonly KeptSchema[]) => {
      calls.push(schemas.map(({ type, version }) => `${type} ${version}`));
      await new Promise((resolve) => setImmediate(resolve));
      return schemas.map(keep);
    },
  };
}

const open = (store: ReturnType<typeof sharedStore>, ...events: AnyEventDefinition[]) =>
  openSchemas(store, 1n, new Map(events.map((event) => [event.type, event])));

const changed = expect.objectContaining({
  code: "schema-changed",
  message:
    'event "Opened" version 1 was first used with another schema: raise its version to 2 and add upcast 1, or take the change back',
  values: {
    type: "Opened",
    version: 1,
    hash: bytesToHex(schemaRecord(Changed).hash),
    kept: bytesToHex(schemaRecord(Opened).hash),
  },
});

describe("a schema", () => {
  test("is kept with its first use, once", async () => {
    const store = sharedStore();
    const schemas = await open(store, Opened, Closed);
    expect(store.calls).toEqual([]);
    await schemas.keepUsed([Opened]);
    await schemas.keepUsed([Opened, Closed]);
    await schemas.keepUsed([Opened, Closed]);
    expect(store.calls).toEqual([["Opened 1"], ["Closed 1"]]);
  });

  test("is kept once by many who use it at the same time", async () => {
    const store = sharedStore();
    const schemas = await open(store, Opened);
    await Promise.all(Array.from({ length: 5 }, () => schemas.keepUsed([Opened])));
    expect(store.calls).toEqual([["Opened 1"]]);
  });

  test("that is kept already is not kept again by the next process", async () => {
    const store = sharedStore();
    await (await open(store, Opened)).keepUsed([Opened]);
    await (await open(store, Opened)).keepUsed([Opened]);
    expect(store.calls).toHaveLength(1);
  });

  test("is kept also for a type that the ledger was not opened with", async () => {
    const store = sharedStore();
    await (await open(store)).keepUsed([Opened]);
    expect(store.calls).toEqual([["Opened 1"]]);
  });

  test("is asked for again where keeping it failed", async () => {
    const store = sharedStore();
    let fails = true;
    const keepSchemas: typeof store.keepSchemas = async (ledgerId, list) => {
      if (fails) throw new Error("connection lost");
      return store.keepSchemas(ledgerId, list);
    };
    const schemas = await open({ ...store, keepSchemas }, Opened);
    await expect(schemas.keepUsed([Opened])).rejects.toThrow("connection lost");
    fails = false;
    await schemas.keepUsed([Opened]);
    expect(store.calls).toEqual([["Opened 1"]]);
  });
});

describe("a changed schema", () => {
  test("is refused at open", async () => {
    const store = sharedStore();
    await (await open(store, Opened)).keepUsed([Opened]);
    await expect(open(store, Changed)).rejects.toEqual(changed);
  });

  test("is refused at its use, where another process kept the other meanwhile", async () => {
    const store = sharedStore();
    const schemas = await open(store, Changed);
    await (await open(store, Opened)).keepUsed([Opened]);
    await expect(schemas.keepUsed([Changed])).rejects.toEqual(changed);
    await expect(schemas.keepUsed([Changed])).rejects.toEqual(changed);
  });

  test.each([
    ["version", Raised, "version 2"],
    ["schema", Changed, "another schema of it"],
  ])("is refused at its use where the ledger was opened with another %s", async (_what, opened, told) => {
    const store = sharedStore();
    const schemas = await open(store, opened);
    await expect(schemas.keepUsed([Closed, Opened])).rejects.toMatchObject({
      code: "config-invalid",
      message: `event "Opened" would be recorded in version 1, but this ledger was opened with ${told}: record what it was opened with`,
      values: { type: "Opened", version: 1, opened: opened.version },
    });
    expect(store.calls).toEqual([]);
  });

  test("is looked for, at open, by the types and versions that the app defines", async () => {
    const asked: unknown[] = [];
    const keptSchemas: EventStore["keptSchemas"] = async (_ledgerId, of) => {
      asked.push(of?.map(({ type, version }) => `${type} ${version}`));
      return [];
    };
    await openSchemas({ ...sharedStore(), keptSchemas }, 1n, new Map([["Opened", Raised]]));
    await openSchemas({ ...sharedStore(), keptSchemas }, 1n, new Map());
    expect(asked).toEqual([["Opened 2"]]);
  });

  test("is welcome as a new version, beside the old one", async () => {
    const store = sharedStore();
    await (await open(store, Opened)).keepUsed([Opened]);
    await (await open(store, Raised)).keepUsed([Raised]);
    expect((await store.keptSchemas()).map(({ version }) => version)).toEqual([1, 2]);
    await (await open(store, Opened)).keepUsed([Opened]);
  });
});

describe("sending", () => {
  const sender = (sent: string[]) => (name: string) => async () => {
    sent.push(name);
    return name;
  };

  test("is done in the order of the calls, also past one that has to keep a schema", async () => {
    const sent: string[] = [];
    const send = sender(sent);
    const schemas = await open(sharedStore(), Opened);
    const answers = [
      schemas.sendKept([], send("first")),
      schemas.sendKept([Opened], send("second")),
      schemas.sendKept([], send("third")),
      schemas.sendKept([Opened], send("fourth")),
    ];
    expect(sent).toEqual(["first"]);
    expect(await Promise.all(answers)).toEqual(["first", "second", "third", "fourth"]);
    expect(sent).toEqual(["first", "second", "third", "fourth"]);
  });

  test("is done at once where everything is kept", async () => {
    const sent: string[] = [];
    const schemas = await open(sharedStore(), Opened);
    await schemas.keepUsed([Opened]);
    void schemas.sendKept([Opened], sender(sent)("now"));
    expect(sent).toEqual(["now"]);
  });

  test("is not done where the schema is refused, and goes on behind it", async () => {
    const sent: string[] = [];
    const store = sharedStore();
    const schemas = await open(store, Changed);
    await (await open(store, Opened)).keepUsed([Opened]);
    const refused = schemas.sendKept([Changed], sender(sent)("refused"));
    const next = schemas.sendKept([], sender(sent)("next"));
    await expect(refused).rejects.toEqual(changed);
    await expect(next).resolves.toBe("next");
    expect(sent).toEqual(["next"]);
  });
});

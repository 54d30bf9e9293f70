import { defineCommand, defineEvent, defineModel, type Ledger, reject, stream } from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, all, memoryLedgers, positions, postgresLedgers } from "../support/any-ledger.ts";

const Changed = defineEvent("Changed", { schema: z.object({ price: z.number() }), tags: () => ["product:1"] });
const change = defineCommand("Change", {
  input: z.object({ price: z.number() }),
  context: () => stream("product-1"),
  model: defineModel("price", { initial: () => 0 }).on(Changed, (_, { data }) => data.price),
  records: [Changed],
  rejects: { negative: "A price is not below 0" },
  decide: ({ input }) => (input.price < 0 ? reject("negative") : Changed({ ...input })),
});

describe.each<[string, () => Promise<AnyLedgers>]>([
  ["on Postgres", postgresLedgers],
  ["in memory", memoryLedgers],
])("audit %s", (_name, openLedgers) => {
  let ledgers: AnyLedgers;
  let ledger: Ledger;
  beforeAll(async () => {
    ledgers = await openLedgers();
    ({ ledger } = await ledgers.open("audit.test", { commands: [change], recordRejections: true }));
    const visit = { correlationId: "visit", ip: "10.0.0.1", userAgent: "browser", reason: "sale" };
    await ledger.execute(change, { price: 5 }, { actor: "ada", ...visit });
    await ledger.execute(change, { price: -1 }, { actor: "bob", commandId: "refused", ip: "10.0.0.2" });
    await ledger.append("stock", { type: "Counted", data: {}, tags: ["product:1", "shelf:2"] }, { actor: "ada" });
    await ledger.append("stock", { type: "Counted", data: {} }, { actor: "cy", ...visit });
  });
  afterAll(() => ledgers?.close());

  test.each([
    ["actor", { actor: "ada" }, [1n, 3n]],
    ["address", { ip: "10.0.0.2" }, [2n]],
    ["stream", { stream: "stock" }, [3n, 4n]],
    ["type", { type: "Changed" }, [1n]],
    ["tag", { tag: "product:1" }, [1n, 3n]],
    ["correlation", { correlationId: "visit" }, [1n, 4n]],
    ["all of them together", { actor: "ada", tag: "product:1", stream: "stock" }, [3n]],
    ["position, backwards", { after: 4, to: 2n, backwards: true, limit: 2 }, [3n, 2n]],
    ["nobody", { actor: "nobody" }, []],
  ])("finds by %s", async (_what, options, found) => {
    expect(await positions(ledger.audit(options))).toEqual(found);
  });

  test("finds by time, the beginning included and the end not", async () => {
    const whole = await all(ledger.readAll());
    const last = whole[3]?.recordedAtMicros as bigint;
    const text = (micros: bigint) =>
      `${new Date(Number(micros / 1_000_000n) * 1000).toISOString().slice(0, 19)}.${String(micros % 1_000_000n).padStart(6, "0")}Z`;
    const from = whole.filter(({ recordedAtMicros }) => recordedAtMicros >= last).map(({ position }) => position);
    const before = whole.filter(({ recordedAtMicros }) => recordedAtMicros < last).map(({ position }) => position);
    expect(await positions(ledger.audit({ from: text(last) }))).toEqual(from);
    expect(await positions(ledger.audit({ until: text(last) }))).toEqual(before);
    expect(await positions(ledger.audit({ from: new Date(0), until: "9999-12-31T00:00:00+14:00" }))).toHaveLength(4);
    expect(await positions(ledger.audit({ until: new Date(0) }))).toEqual([]);
  });

  test("a rejection that was recorded says who asked for what, and why not", async () => {
    const [rejected] = await all(ledger.audit({ type: "$CommandRejected" }));
    expect(rejected).toMatchObject({
      stream: "$audit",
      data: { actor: "bob", code: "negative", command: "refused", type: "Change" },
      metadata: { actor: "bob", commandId: "refused", ip: "10.0.0.2" },
    });
  });

  test("who, from where, with what and why stand in the metadata", async () => {
    const [changed] = await all(ledger.audit({ type: "Changed" }));
    expect(changed?.metadata).toMatchObject({
      actor: "ada",
      ip: "10.0.0.1",
      userAgent: "browser",
      reason: "sale",
      correlationId: "visit",
    });
  });
});

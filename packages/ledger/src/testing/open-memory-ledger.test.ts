import { canonicalJson } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineAccess } from "../access/define-access.ts";
import { defineCommand } from "../commands/define-command.ts";
import { query, stream } from "../commands/make-context.ts";
import { reject } from "../commands/reject.ts";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { type MemoryLedger, openMemoryLedger } from "./open-memory-ledger.ts";

const Seated = defineEvent("Seated", {
  schema: z.object({ seat: z.string(), guest: z.string() }),
  tags: ({ seat, guest }) => [`seat:${seat}`, `guest:${guest}`],
});
const seats = defineModel("seats", { initial: () => 0 }).on(Seated, (count) => count + 1);
const seat = defineCommand("Seat", {
  input: z.object({ seat: z.string(), guest: z.string() }),
  context: (input) => ({ seat: query({ tags: [`seat:${input.seat}`] }), guest: stream(`guest-${input.guest}`) }),
  model: { seat: seats, guest: seats },
  records: [Seated],
  rejects: { taken: "The seat is taken" },
  decide: ({ input, model }) =>
    model.seat === 0 ? Seated({ ...input }, { stream: `guest-${input.guest}` }) : reject("taken"),
});
const access = defineAccess(({ id }) => (id === "host" ? "all" : [{ tags: [`guest:${id}`] }]));

const open = (options: Parameters<typeof openMemoryLedger>[0] = {}): MemoryLedger =>
  openMemoryLedger({ commands: [seat], access, ...options });

/** Everything that a ledger gives out, in order. */
async function tell(ledger: MemoryLedger): Promise<string> {
  const told: unknown[] = [];
  told.push(await ledger.execute(seat, { seat: "1", guest: "ada" }, { actor: "ada" }));
  ledger.advance(1_500);
  told.push(await ledger.execute(seat, { seat: "1", guest: "bob" }, { actor: "bob", commandId: "b1" }));
  told.push(await ledger.append("guest-bob", Seated({ seat: "2", guest: "bob" }), { actor: "bob" }));
  for await (const event of ledger.readAll()) told.push(event);
  return JSON.stringify(told, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

describe("openMemoryLedger", () => {
  test("tells the same story each time, hashes and ids included", async () => {
    const story = await tell(open());
    expect(await tell(open())).toBe(story);
    expect(await tell(open({ origin: "other.test" }))).not.toBe(story);
  });

  test("its clock stands still until it is moved on", async () => {
    const ledger = open({ startMs: 1_000n });
    const times: bigint[] = [];
    await ledger.append("s", Seated({ seat: "1", guest: "a" }));
    await ledger.append("s", Seated({ seat: "2", guest: "a" }));
    ledger.advance(5n);
    await ledger.append("s", Seated({ seat: "3", guest: "a" }));
    for await (const { recordedAtMicros } of ledger.readStream("s")) times.push(recordedAtMicros);
    expect(times).toEqual([1_000_000n, 1_000_000n, 1_005_000n]);
    expect(() => ledger.advance(-1)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(() => ledger.advance(0.5)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("executes, rejects, repeats and reads as a ledger does", async () => {
    const ledger = open();
    const first = await ledger.execute(seat, { seat: "1", guest: "ada" }, { actor: "ada", commandId: "a1" });
    expect(first).toMatchObject({
      status: "recorded",
      command: "Seat",
      events: [{ stream: "guest-ada", version: 1n }],
    });
    expect(await ledger.execute(seat, { seat: "1", guest: "ada" }, { actor: "ada", commandId: "a1" })).toEqual(first);
    const rejected = await ledger.execute(seat, { seat: "1", guest: "bob" }, { actor: "bob", commandId: "b1" });
    expect(rejected).toMatchObject({ status: "rejected", code: "taken" });
    expect(await ledger.receipt("b1")).toEqual(rejected);
    expect(await ledger.count({ query: [{ types: ["Seated"] }] })).toBe(1n);
    expect(await ledger.state(seats, "guest-ada")).toBe(1);
    expect(await ledger.state(seats, query({ tags: ["seat:2"] }))).toBe(0);
    expect(await ledger.as("bob").count()).toBe(0n);
    expect(await ledger.as("bob").receipt("a1")).toBeUndefined();
    expect(await ledger.as("ada").receipt("a1")).toEqual(first);
  });

  test("decides commands of one moment one after the other", async () => {
    const ledger = open();
    const guests = Array.from({ length: 20 }, (_, n) => `g${n}`);
    const receipts = await Promise.all(
      guests.map((guest) => ledger.execute(seat, { seat: "1", guest }, { actor: guest })),
    );
    expect(receipts.filter(({ status }) => status === "recorded")).toHaveLength(1);
  });

  test("is never sealed, and says so", async () => {
    const ledger = open();
    const receipt = await ledger.append("s", Seated({ seat: "1", guest: "ada" }));
    const refused = { code: "not-supported", message: expect.stringContaining("never sealed") };
    await expect(ledger.prove(1n)).rejects.toMatchObject(refused);
    await expect(ledger.status()).rejects.toMatchObject(refused);
    await expect(ledger.awaitPosition(1n)).rejects.toMatchObject(refused);
    await expect(receipt.final()).rejects.toMatchObject(refused);
    await expect(receipt.progress()[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
    expect(await receipt.state()).toBe("appended");
    expect(await ledger.watermarks()).toEqual({ sealedSize: 0n, anchoredSize: 0n, finalSize: 0n });
    for (const hidden of [1n, 2n])
      await expect(ledger.as("bob").prove(hidden)).rejects.toMatchObject({ code: "not-found" });
  });

  test("checks data, and hashes it, as the format says", async () => {
    const ledger = open();
    await expect(ledger.append("s", { type: "Seated", data: { seat: 1 } })).rejects.toMatchObject({
      code: "invalid-event",
    });
    await ledger.append("s", { type: "Other", data: { b: 1, a: "é" } });
    for await (const { data, hash } of ledger.readAll()) {
      expect(canonicalJson(data)).toBe('{"a":"é","b":1}');
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test.each([
    ["a misspelt option", { starts: 1n }],
    ["an origin that is none", { origin: "no origin" }],
    ["a time before 1970", { startMs: -1n }],
    ["access that defineAccess did not make", { access: "all" }],
  ])("%s is refused by the call", (_what, options) => {
    expect(() => openMemoryLedger(options as never)).toThrow(expect.objectContaining({ name: "LedgerError" }));
  });
});

import {
  type AnyCommand,
  type Connection,
  connect,
  defineCommand,
  defineEvent,
  defineModel,
  type ExecuteOptions,
  type Ledger,
  type LedgerEvent,
  stream,
} from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  balance,
  Deposited,
  deposit,
  Frozen,
  freeze,
  streamOf,
  transfer,
  Withdrawn,
  withdraw,
} from "../support/account-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const origin = "execute.test";
let database: TestDatabase;
let connection: Connection;
let ledger: Ledger;

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, origin);
  connection = await connect({ database: database.url });
  ledger = await connection.ledger(origin);
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

const ada = { actor: "ada" };
let accounts = 0;
const newAccount = (): string => `acc-${++accounts}`;

async function all(events: AsyncIterable<LedgerEvent>): Promise<LedgerEvent[]> {
  const list: LedgerEvent[] = [];
  for await (const each of events) list.push(each);
  return list;
}

describe("a command", () => {
  test("records its events with what was said of it, and returns an envelope", async () => {
    const account = newAccount();
    const receipt = await ledger.execute(
      deposit,
      { account, amount: 5 },
      {
        actor: { id: "ada", roles: ["clerk"] },
        commandId: "deposit-1",
        ip: "10.0.0.1",
        userAgent: "till",
        reason: "cash",
        correlationId: "visit-1",
        causationId: "door-1",
        occurredAt: "2026-01-01T10:00:00+01:00",
        metadata: { shift: 1 },
      },
    );
    const [event] = await all(ledger.readStream(streamOf({ account })));
    expect(event).toMatchObject({
      type: "Deposited",
      schema: 1,
      tags: [`account:${account}`],
      data: { account, amount: 5 },
    });
    expect(event?.metadata).toEqual({
      actor: "ada",
      ip: "10.0.0.1",
      userAgent: "till",
      reason: "cash",
      correlationId: "visit-1",
      causationId: "door-1",
      commandId: "deposit-1",
      occurredAt: "2026-01-01T09:00:00.000Z",
      shift: 1,
    });
    const { position, version, stream: name, type, id, hash, recordedAtMicros } = event as LedgerEvent;
    expect(receipt).toEqual({
      id: "deposit-1",
      status: "recorded",
      commandId: "deposit-1",
      command: "Deposit",
      events: [{ position, version, stream: name, type, id, hash, recordedAtMicros }],
    });
    expect(receipt.status === "recorded" && (await receipt.state())).toBe("appended");
  });

  test("has an id of its own where none is given, under which its receipt is found", async () => {
    const receipt = await ledger.execute(deposit, { account: newAccount(), amount: 5 }, ada);
    expect(receipt.commandId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await ledger.receipt(receipt.commandId)).toEqual(receipt);
  });

  test("is decided on what was recorded before, by whichever command", async () => {
    const account = newAccount();
    await ledger.execute(deposit, { account, amount: 5 }, ada);
    await ledger.append(streamOf({ account }), Deposited({ account, amount: 2 }));
    expect(await ledger.execute(withdraw, { account, amount: 7 }, ada)).toMatchObject({ status: "recorded" });
    expect(await ledger.state(balance, streamOf({ account }))).toEqual({ sum: 0, entries: 3, frozen: false });
  });

  test("looks at two entities at once, and writes to both or to none", async () => {
    const [from, to] = [newAccount(), newAccount()];
    await ledger.execute(deposit, { account: from, amount: 5 }, ada);
    const receipt = await ledger.execute(transfer, { from, to, amount: 3 }, ada);
    expect(receipt).toMatchObject({
      status: "recorded",
      events: [
        { type: "Withdrawn", stream: streamOf({ account: from }) },
        { type: "Deposited", stream: streamOf({ account: to }) },
      ],
    });
    expect(await ledger.execute(transfer, { from, to, amount: 3 }, ada)).toMatchObject({ code: "overdrawn" });
    expect(await ledger.state(balance, streamOf({ account: from }))).toMatchObject({ sum: 2 });
    expect(await ledger.state(balance, streamOf({ account: to }))).toMatchObject({ sum: 3 });
  });
});

describe("a rejection", () => {
  test("carries the code, and the reason given or the command's sentence", async () => {
    const account = newAccount();
    const overdrawn = await ledger.execute(withdraw, { account, amount: 1 }, ada);
    const { commandId } = overdrawn;
    expect(overdrawn).toEqual({
      id: commandId,
      status: "rejected",
      commandId,
      command: "Withdraw",
      code: "overdrawn",
      reason: "There is only 0",
    });
    expect(await ledger.receipt(commandId)).toEqual(overdrawn);
    expect(await ledger.execute(transfer, { from: account, to: newAccount(), amount: 1 }, ada)).toMatchObject({
      code: "overdrawn",
      reason: "There is not enough on the account",
    });
  });

  test.each<[string, ExecuteOptions["actor"], string]>([
    ["without the role", { id: "bob", roles: ["guest"], claims: { branch: "acc" } }, "not-allowed"],
    ["authorize says false", { id: "bob", roles: ["clerk"] }, "not-allowed"],
    ["authorize denies with a code", { id: "bob", roles: ["clerk"], claims: { branch: "north" } }, "other-branch"],
  ])("is what a denied command ends in: %s", async (_, actor, code) => {
    const account = newAccount();
    const denied = await ledger.execute(freeze, { account }, { actor });
    expect(denied).toMatchObject({ status: "rejected", command: "Freeze", code, reason: expect.any(String) });
    expect(await ledger.receipt(denied.commandId)).toEqual(denied);
    expect(await ledger.count({ query: [{ streams: [streamOf({ account })] }] })).toBe(0n);
  });

  test("is an event too where the ledger is opened so, denials included", async () => {
    const strict = await connection.ledger(origin, { recordRejections: true });
    await strict.execute(withdraw, { account: newAccount(), amount: 1 }, { ...ada, commandId: "no-money", ip: "::1" });
    await strict.execute(freeze, { account: newAccount() }, { actor: "eve", commandId: "no-role" });
    const events = await all(ledger.readStream("$audit"));
    expect(events.map(({ type, data, metadata }) => ({ type, data, metadata }))).toEqual([
      {
        type: "$CommandRejected",
        data: { actor: "ada", code: "overdrawn", command: "no-money", type: "Withdraw" },
        metadata: { actor: "ada", ip: "::1", commandId: "no-money" },
      },
      {
        type: "$CommandRejected",
        data: { actor: "eve", code: "not-allowed", command: "no-role", type: "Freeze" },
        metadata: { actor: "eve", commandId: "no-role" },
      },
    ]);
  });
});

describe("what is refused before anything is read", () => {
  test.each<[string, unknown, { path: string }[]]>([
    ["each path that does not fit", { account: 1, amount: 1.5 }, [{ path: "$.account" }, { path: "$.amount" }]],
    ["what is no JSON", { account: "a", amount: 10n }, [{ path: "$.amount" }]],
    ["nothing at all", undefined, [{ path: "$" }]],
  ])("input: %s", async (_, input, issues) => {
    const given = input as { account: string; amount: number };
    await expect(ledger.execute(deposit, given, { ...ada, commandId: "bad-input" })).rejects.toMatchObject({
      code: "invalid-input",
      values: { command: "Deposit", issues },
    });
    expect(await ledger.receipt("bad-input")).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ actor: "ada", comandId: "x" }, "comandId"],
    [{}, "actor"],
    [{ actor: "" }, "actor"],
    [{ actor: "ada", maxAttempts: 0 }, "maxAttempts"],
    [{ actor: "ada", metadata: { ip: "a" }, ip: "b" }, "ip"],
  ])("options %o", async (options, named) => {
    const refused = ledger.execute(deposit, { account: "a", amount: 1 }, options as ExecuteOptions);
    await expect(refused).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(refused).rejects.toThrow(named);
  });

  test("metadata that the ledger requires, of commands and of appends", async () => {
    const strict = await connection.ledger(origin, { require: ["ip", "reason"] });
    const account = newAccount();
    await expect(strict.execute(deposit, { account, amount: 1 }, { ...ada, ip: "::1" })).rejects.toMatchObject({
      code: "invalid-argument",
      values: { missing: ["reason"] },
    });
    await expect(strict.append(streamOf({ account }), Deposited({ account, amount: 1 }))).rejects.toMatchObject({
      code: "invalid-argument",
      values: { missing: ["ip", "reason"] },
    });
    await strict.execute(deposit, { account, amount: 1 }, { ...ada, ip: "::1", reason: "cash" });
  });
});

describe("a command whose own code fails", () => {
  const input = z.object({ account: z.string() });
  const context = ({ account }: { account: string }) => stream(streamOf({ account }));
  const broken = defineModel("broken", { initial: () => 0 }).on(Deposited, () => {
    throw new Error("no such case");
  });
  const base = { input, context, model: balance, records: [Withdrawn] } as const;
  const raise = (): never => {
    throw new TypeError("oh");
  };
  const two = () => ({ one: stream("one"), two: stream("two") });
  const cases: [string, AnyCommand, string][] = [
    ["decide throws", defineCommand("A", { ...base, decide: raise }), "its decide threw: oh"],
    ["authorize throws", defineCommand("B", { ...base, authorize: raise, decide: raise }), "its authorize threw: oh"],
    ["context throws", defineCommand("C", { ...base, context: raise, decide: raise }), "its context threw: oh"],
    ["no event", defineCommand("D", { ...base, decide: () => [] }), "return an event, or reject"],
    [
      "another event",
      defineCommand("E", { ...base, decide: () => Deposited({ account: "a", amount: 1 }) as never }),
      "Deposited",
    ],
    ["a promise", defineCommand("F", { ...base, decide: async () => [] as never } as never), "a promise"],
    [
      "an unknown code",
      defineCommand("G", { ...base, decide: () => ({ kind: "rejected", code: "x" }) as never }),
      '"x"',
    ],
    ["a model throws", defineCommand("H", { ...base, model: broken, decide: raise }), "no such case"],
    [
      "no stream to go to",
      defineCommand("I", {
        input,
        records: [Frozen],
        model: { one: balance, two: balance },
        context: two,
        decide: ({ input: { account } }) => Frozen({ account }),
      }),
      "no stream to go to",
    ],
  ];

  test.each(cases)("is decision-failed, and records nothing: %s", async (_, command, message) => {
    const account = newAccount();
    await ledger.execute(deposit, { account, amount: 1 }, ada);
    const before = (await ledger.status()).size;
    const failed = ledger.execute(command, { account }, { ...ada, commandId: `fails-${account}` });
    await expect(failed).rejects.toMatchObject({ code: "decision-failed" });
    await expect(failed).rejects.toThrow(message);
    expect((await ledger.status()).size).toBe(before);
    expect(await ledger.receipt(`fails-${account}`)).toBeUndefined();
  });

  test("fails with invalid-event where it makes an event that does not fit", async () => {
    const decide = () => Withdrawn({ account: "a", amount: "much" as never });
    const command = defineCommand("J", { ...base, decide });
    await expect(ledger.execute(command, { account: newAccount() }, ada)).rejects.toMatchObject({
      code: "invalid-event",
    });
  });
});

describe("a ledger", () => {
  test("that was halted takes no command, and no rejection", async () => {
    const staged = await createStagedLedger(database.pool, "halted-execute.test");
    await staged.log.halt(staged.ledgerId, "contract-ahead", "the contract is ahead");
    const halted = await connection.ledger("halted-execute.test");
    for (const command of [deposit, withdraw])
      await expect(halted.execute(command, { account: "a", amount: 1 }, ada)).rejects.toMatchObject({
        code: "ledger-halted",
      });
  });

  test("takes no event whose schema was first used otherwise, and all else", async () => {
    await createStagedLedger(database.pool, "schemas-execute.test");
    const fresh = await connection.ledger("schemas-execute.test");
    await fresh.execute(deposit, { account: "a", amount: 1 }, ada);
    const Changed = defineEvent("Deposited", { schema: z.object({ account: z.string(), cents: z.int() }) });
    const changed = defineCommand("Deposit", {
      input: z.object({ account: z.string() }),
      context: (input) => stream(streamOf(input)),
      model: defineModel("nothing", { initial: () => 0 }),
      records: [Changed],
      decide: ({ input }) => Changed({ ...input, cents: 100 }),
    });
    const [refused, taken] = await Promise.allSettled([
      fresh.execute(changed, { account: "a" }, ada),
      fresh.execute(deposit, { account: "a", amount: 2 }, ada),
    ]);
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "schema-changed" } });
    expect(taken).toMatchObject({ status: "fulfilled", value: { status: "recorded" } });
    expect(await fresh.state(balance, streamOf({ account: "a" }))).toMatchObject({ sum: 3, entries: 2 });
  });

  test.each([
    [{ recordRejection: true }, "invalid-argument"],
    [{ require: ["user"] }, "config-invalid"],
    [{ access: () => "all" }, "config-invalid"],
    [{ rowSecurity: "yes" }, "config-invalid"],
  ])("is not opened with %o", async (options, code) => {
    await expect(connection.ledger(origin, options as never)).rejects.toMatchObject({ code });
  });
});

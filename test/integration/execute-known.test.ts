import {
  type AnyCommand,
  defineCommand,
  defineEvent,
  defineModel,
  type Ledger,
  reject,
  stream,
} from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, all, memoryLedgers, postgresLedgers } from "../support/any-ledger.ts";

const Noted = defineEvent("Noted", { schema: z.object({ text: z.string() }) });
const count = defineModel("count", { initial: () => 0 }).on(Noted, (notes) => notes + 1);
const spec = {
  input: z.object({ text: z.string() }),
  context: ({ text }: { text: string }) => stream(`notes-${text}`),
  model: count,
  records: [Noted],
  rejects: { "noted-already": "It is noted already" },
} as const;
const note = defineCommand("Note", {
  ...spec,
  decide: ({ input, model }) => (model > 0 ? reject("noted-already") : Noted(input)),
});

/** The same command as another version of the app defines it. */
function changed(how: object): typeof note {
  const command: AnyCommand = defineCommand("Note", {
    ...spec,
    decide: () => expect.fail("it was decided"),
    ...how,
  } as never);
  return command as typeof note;
}

const throwing = () => {
  throw new Error("a rule of today");
};
const allow = (allows: () => unknown) => Object.assign(allows, { describe: "nobody" });

const later: readonly (readonly [string, object, string])[] = [
  ["its schema refuses the input", { input: z.object({ text: z.string().min(99) }) }, "invalid-input"],
  ["its context throws", { context: throwing }, "decision-failed"],
  ["its allow throws", { allow: allow(throwing) }, "decision-failed"],
  ["its model cannot be read", { model: defineModel("broken", { initial: throwing }) }, "decision-failed"],
];

describe.each<[string, () => Promise<AnyLedgers>]>([
  ["in memory", memoryLedgers],
  ["in Postgres", postgresLedgers],
])("%s", (_, openLedgers) => {
  let ledgers: AnyLedgers;
  let ledger: Ledger;
  let ids = 0;
  const fresh = () => `text-${++ids}`;

  beforeAll(async () => {
    ledgers = await openLedgers();
    ({ ledger } = await ledgers.open("known.test"));
  });
  afterAll(() => ledgers?.close());

  function execute(command: AnyCommand, text: string, options: object = {}): Promise<unknown> {
    return ledger.execute(command as typeof note, { text }, { actor: "ada", commandId: text, ...options });
  }

  describe("a command id that is known", () => {
    test.each(later)("has its first receipt when by now %s", async (_what, how, code) => {
      const [recorded, rejected] = [fresh(), fresh()];
      await ledger.append(`notes-${rejected}`, Noted({ text: rejected }));
      const first = await execute(note, recorded);
      const refusal = await execute(note, rejected);
      expect([first, refusal]).toMatchObject([{ status: "recorded" }, { status: "rejected" }]);
      expect(await execute(changed(how), recorded)).toEqual(first);
      expect(await execute(changed(how), rejected)).toEqual(refusal);
      await expect(execute(changed(how), fresh())).rejects.toMatchObject({ code });
    });

    test("has its first receipt when by now its allow denies it", async () => {
      const text = fresh();
      const first = await execute(note, text);
      const denied = changed({ allow: allow(() => false) });
      expect(await execute(denied, text)).toEqual(first);
      expect(await execute(denied, fresh())).toMatchObject({ code: "not-allowed" });
    });

    test("is another request's, even where this one's input cannot be taken", async () => {
      const text = fresh();
      await execute(note, text);
      const [[, strict]] = later as [(typeof later)[0]];
      await expect(execute(changed(strict), fresh(), { commandId: text })).rejects.toMatchObject({
        code: "command-id-reused",
      });
    });
  });

  describe("a command id that is on its way with another input", () => {
    test("is reused where the first is recorded", async () => {
      const id = fresh();
      const both = [execute(note, id), execute(note, fresh(), { commandId: id })];
      expect(await Promise.allSettled(both)).toMatchObject([
        { status: "fulfilled" },
        { reason: { code: "command-id-reused" } },
      ]);
    });

    test("is free where the first fails", async () => {
      const id = fresh();
      const failing = changed({ decide: throwing });
      const both = [execute(failing, id), execute(note, fresh(), { commandId: id })];
      expect(await Promise.allSettled(both)).toMatchObject([
        { reason: { code: "decision-failed" } },
        { value: { status: "recorded", commandId: id } },
      ]);
    });
  });

  describe("what is given with a call", () => {
    test("is recorded as it was then, however its objects change", async () => {
      const text = fresh();
      const metadata = { approvedBy: { name: "ada" } };
      const receipt = execute(note, text, { metadata });
      metadata.approvedBy.name = "mallory";
      await receipt;
      const [event] = await all(ledger.readStream(`notes-${text}`));
      expect(event?.metadata).toMatchObject({ approvedBy: { name: "ada" } });
    });

    test("is decided on as it was then: its claims", async () => {
      const saying = changed({
        decide: ({ actor }: { actor: unknown }) => reject("noted-already", JSON.stringify(actor)),
      });
      const claims = { team: { name: "north" } };
      const receipt = execute(saying, fresh(), { actor: { id: "ada", claims } });
      claims.team.name = "south";
      expect(await receipt).toMatchObject({ reason: expect.stringContaining("north") });
    });

    test("is the same in each decision: its input is frozen", async () => {
      const spoiling = changed({
        decide: ({ input }: { input: { text: string } }) => {
          input.text = "spoilt";
          return Noted(input);
        },
      });
      await expect(execute(spoiling, fresh())).rejects.toMatchObject({
        code: "decision-failed",
        message: expect.stringContaining("read only"),
      });
    });
  });

  test.each([
    ["allow", { allow: allow(async () => throwing()) }],
    ["allow that says yes", { allow: allow(async () => true) }],
    ["context", { context: async () => throwing() }],
    ["context of one of several models", { model: { count }, context: () => ({ count: Promise.reject(throwing) }) }],
  ])("an asynchronous %s is refused, and records nothing", async (_what, how) => {
    const text = fresh();
    await expect(execute(changed(how), text)).rejects.toMatchObject({
      code: "decision-failed",
      message: expect.stringContaining("a promise (it is to be synchronous)"),
    });
    expect(await ledger.receipt(text)).toBeUndefined();
  });

  test.each([null, "", [], {}])("%j is no actor, where one is required", async (actor) => {
    const { ledger: strict } = await ledgers.open(`require-${fresh()}.test`, { require: ["actor", "ip"] });
    const missing = { code: "invalid-argument", values: { missing: ["actor"] } };
    await expect(
      strict.append("notes", Noted({ text: "a" }), { ip: "::1", metadata: { actor } }),
    ).rejects.toMatchObject(missing);
    const command = strict.execute(note, { text: "a" }, { actor: "ada", metadata: { ip: actor } });
    await expect(command).rejects.toMatchObject({ ...missing, values: { missing: ["ip"] } });
  });

  test.each<[string, unknown[]]>([
    ["no model", [undefined, "notes"]],
    ["no context", [count]],
    ["a context that is none", [count, { kind: "query" }]],
  ])("state with %s says what to give", async (_what, given) => {
    const state = ledger.state as (...args: unknown[]) => Promise<unknown>;
    await expect(state(...given)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

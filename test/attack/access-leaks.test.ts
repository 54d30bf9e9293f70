import {
  type AnyCommand,
  defineAccess,
  defineCommand,
  defineEvent,
  defineModel,
  type Ledger,
  type LedgerView,
  query,
  reject,
  stream,
} from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyLedgers, all, memoryLedgers, postgresLedgers } from "../support/any-ledger.ts";
import { tellAll } from "../support/tell-all.ts";

/** Stands in everything that is Bob's: whatever Ann is told must be without it, and without his events' ids and hashes. */
const SECRET = "B0B5";

const Paid = defineEvent("Paid", {
  schema: z.object({ tenant: z.string(), amount: z.number(), note: z.string() }),
  tags: ({ tenant }) => [`tenant:${tenant}`],
  stream: ({ tenant }) => `account-${tenant}`,
});
const Hidden = defineEvent(`Hidden${SECRET}`, { schema: z.object({ tenant: z.string() }), tags: () => ["legacy"] });
const Aged = defineEvent("Aged", {
  version: 2,
  schema: z.object({ note: z.string() }),
  upcast: {
    1: (old) => {
      throw new Error(`cannot read ${JSON.stringify(old)}`);
    },
  },
});
const total = defineModel("total", { initial: () => ({ sum: 0, notes: [] as string[] }) }).on(
  Paid,
  (state, { data }) => ({
    sum: state.sum + data.amount,
    notes: [...state.notes, data.note],
  }),
);
const aged = defineModel("aged", { initial: () => 0 }).on(Aged, (count) => count + 1);
const strict = defineModel("strict", { initial: () => 0, unknown: "fail" }).on(Paid, (count) => count + 1);

const everything = query({ types: [Paid] });
const input = z.object({ amount: z.number() });

let interfere: () => void = () => undefined;

/** Each depends on events of both tenants. */
const pay = defineCommand("Pay", {
  input,
  context: () => everything,
  model: total,
  records: [Paid],
  rejects: { "too-much": "It is too much" },
  decide: ({ input: { amount }, model, actor }) => {
    interfere();
    return model.sum + amount > 1_000
      ? reject("too-much")
      : Paid({ tenant: String(actor.claims.tenant), amount, note: "paid" });
  },
});
const throwing = defineCommand("Throwing", {
  input,
  context: () => everything,
  model: total,
  records: [Paid],
  decide: ({ model }) => {
    throw new Error(`on top of ${JSON.stringify(model)}`, { cause: { model } });
  },
});
const misshapen = defineCommand("Misshapen", {
  input,
  context: () => everything,
  model: total,
  records: [Paid],
  decide: ({ model }) => Paid({ tenant: "a", amount: model.notes as never, note: model.notes.join() }),
});
const tripping = defineCommand("Tripping", {
  input,
  context: () => query({ tags: ["legacy"] }),
  model: strict,
  records: [Paid],
  decide: () => Paid({ tenant: "a", amount: 0, note: "" }),
});
const outdated = defineCommand("Outdated", {
  input,
  context: () => stream(`old-${SECRET}`),
  model: aged,
  records: [Paid],
  decide: () => Paid({ tenant: "a", amount: 0, note: "" }),
});
/** Without `outdated`: a ledger that knows the newer version takes no event of the older one. */
const commands: readonly AnyCommand[] = [pay, throwing, misshapen, tripping];

const access = defineAccess(({ claims }) => [{ tags: [`tenant:${claims.tenant}`] }]);
const ann = { id: "ann", claims: { tenant: "a" } };
const bob = { id: `bob-${SECRET}`, claims: { tenant: SECRET } };

interface World {
  ledger: Ledger;
  view: LedgerView;
  /** Ids and hashes of Bob's events, and the word that all his texts have. */
  secrets: string[];
  bobs: { ids: string[]; positions: bigint[]; commands: string[] };
  anns: { ids: string[]; positions: bigint[] };
}

/** Both tenants, each with events caused by the other's; all of it by the ledger itself, as the application has it. */
async function settle(ledger: Ledger): Promise<void> {
  const bobsOwn = {
    ip: `ip-${SECRET}`,
    userAgent: `agent-${SECRET}`,
    reason: `reason-${SECRET}`,
    correlationId: `correlation-${SECRET}`,
    metadata: { extra: `extra-${SECRET}` },
  };
  const paid = (tenant: string, note: string) => ({
    type: "Paid",
    data: { tenant, amount: 10, note },
    tags: [`tenant:${tenant}`],
  });
  const first = await ledger.append("account-a", paid("a", "first"), { actor: "ann", commandId: "ann-1" });
  const answer = await ledger.append(`account-${SECRET}`, paid(SECRET, `note-${SECRET}`), {
    ...bobsOwn,
    actor: bob.id,
    commandId: `bob-1-${SECRET}`,
    causationId: first.events[0]?.id,
  });
  await ledger.append("account-a", paid("a", "second"), { actor: "ann", causationId: answer.events[0]?.id });
  await ledger.append("account-a", paid("a", "third"), { actor: "ann", causationId: `bob-1-${SECRET}` });
  await ledger.append(`account-${SECRET}`, paid(SECRET, `more-${SECRET}`), { actor: bob.id, causationId: "ann-1" });
  await ledger.execute(pay, { amount: 5 }, { ...bobsOwn, actor: bob, commandId: `bob-2-${SECRET}` });
  await ledger.execute(pay, { amount: 5_000 }, { ...bobsOwn, actor: bob, commandId: `bob-3-${SECRET}` });
  await ledger.append("mixed", [paid("a", "ours"), paid(SECRET, `theirs-${SECRET}`)], {
    actor: "system",
    commandId: "mixed",
  });
  await ledger.append("legacy", { type: Hidden.type, data: { tenant: SECRET }, tags: ["legacy", `tenant:${SECRET}`] });
  const aged = { type: "Aged", data: { remark: `old-${SECRET}` }, tags: [`tenant:${SECRET}`] };
  await ledger.append(`old-${SECRET}`, aged);
  await ledger.append("account-a", paid("a", "last"), { actor: "ann" });
}

const UNUSED = { id: "00000000-0000-7000-8000-000000000000", position: 9_999n, command: "never" };
/** An own event's metadata says by what it was caused: those who may see it see that. */
const OWN = ["causationId"];

describe.each<[string, () => Promise<AnyLedgers>, boolean]>([
  ["on Postgres", postgresLedgers, false],
  ["on Postgres with row-level security", postgresLedgers, true],
  ["in memory", memoryLedgers, false],
])("what Ann learns of Bob's events %s", (_name, openLedgers, rowSecurity) => {
  let ledgers: AnyLedgers;
  let world: World;
  beforeAll(async () => {
    ledgers = await openLedgers();
    const { ledger, seal } = await ledgers.open("leaks.test", {
      commands,
      access,
      rowSecurity,
      recordRejections: true,
    });
    await settle(ledger);
    const whole = await all(ledger.readAll());
    const anns = whole.filter(({ tags }) => tags.includes("tenant:a"));
    const others = whole.filter((event) => !anns.includes(event));
    await seal();
    world = {
      ledger,
      view: ledger.as(ann),
      secrets: [SECRET, ...others.flatMap(({ id, hash }) => [id, hash])],
      bobs: {
        ids: others.map(({ id }) => id),
        positions: others.map(({ position }) => position),
        commands: [1, 2, 3].map((n) => `bob-${n}-${SECRET}`),
      },
      anns: { ids: anns.map(({ id }) => id), positions: anns.map(({ position }) => position) },
    };
  });
  afterAll(() => ledgers?.close());

  /** What was asked with is no secret: it is Ann's own word. */
  function keepsSecret(told: unknown, asked: readonly string[] = [], without: readonly string[] = OWN): void {
    let text = tellAll(told, without);
    for (const word of asked) text = text.replaceAll(word, "asked");
    expect(world.secrets.filter((secret) => text.includes(secret))).toEqual([]);
  }
  const thrown = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => expect.fail("nothing was thrown"),
      (error: unknown) => error,
    );

  test("the secrets are there to be told", async () => {
    const told = tellAll(await all(world.ledger.readAll()));
    expect(world.secrets.filter((secret) => !told.includes(secret))).toEqual([]);
    expect(world.bobs.positions).toHaveLength(7);
  });

  test("nothing, by reads of all kinds", async () => {
    const { view, bobs } = world;
    const filters = [
      {},
      { streams: [`account-${SECRET}`, "account-a", "mixed", "legacy", "$audit"] },
      { types: ["Paid", Hidden.type, "$CommandRejected"] },
      { tags: [`tenant:${SECRET}`] },
      { tags: ["legacy"] },
      { actor: bob.id },
      { ip: `ip-${SECRET}` },
      { correlationId: `correlation-${SECRET}` },
      { causationIds: [...bobs.ids, ...bobs.commands, ...world.anns.ids, "ann-1"] },
      { recordedFromMicros: 0n },
    ];
    const queries = [
      undefined,
      "all" as const,
      [{ tags: [`tenant:${SECRET}`] }],
      [{ streams: [`account-${SECRET}`] }, { types: [Hidden.type, "$CommandRejected"] }],
      [{ tags: ["tenant:a"] }, { types: ["Paid"] }],
    ];
    const pages = [{}, { backwards: true }, { after: 2n, limit: 3 }, { after: 9n, to: 2n, backwards: true }];
    for (const filter of filters)
      for (const asked of queries)
        for (const page of pages) {
          const options = { filter, ...(asked === undefined ? {} : { query: asked }), ...page };
          const events = await all(view.readAll(options));
          keepsSecret(events);
          if (asked !== undefined) keepsSecret(await all(view.query(asked, { filter, ...page })));
          const { limit: _, backwards, ...selection } = page as { limit?: number; backwards?: boolean };
          if (backwards === undefined && !("limit" in page))
            expect(await view.count({ filter, ...(asked === undefined ? {} : { query: asked }), ...selection })).toBe(
              BigInt(events.length),
            );
        }
    for (const name of [`account-${SECRET}`, "mixed", "legacy", `old-${SECRET}`, "$audit"])
      for (const page of [{}, { backwards: true }, { after: 1n }, { limit: 1 }])
        keepsSecret(await all(view.readStream(name, page)));
    expect(await view.count()).toBe(BigInt(world.anns.ids.length));
    keepsSecret(view, [], []);
  });

  test("nothing, by audits", async () => {
    const { view } = world;
    for (const options of [
      {},
      { actor: bob.id },
      { ip: `ip-${SECRET}` },
      { stream: `account-${SECRET}` },
      { stream: "mixed" },
      { type: "$CommandRejected" },
      { tag: `tenant:${SECRET}` },
      { correlationId: `correlation-${SECRET}` },
      { from: new Date(0), backwards: true },
    ])
      keepsSecret(await all(view.audit(options)));
  });

  test("nothing, by causes and effects: from hers to his, and from his to hers", async () => {
    const { view, anns, bobs } = world;
    for (const id of anns.ids) keepsSecret(await view.related(id));
    const unknown = tellAll(await thrown(view.related(UNUSED.id))).replaceAll(UNUSED.id, "it");
    for (const id of bobs.ids) {
      const error = await thrown(view.related(id));
      keepsSecret(error, [id]);
      expect(withoutLines(tellAll(error).replaceAll(id, "it"))).toBe(withoutLines(unknown));
    }
  });

  test("nothing, by proofs but the hash before her own", async () => {
    const { view, anns, bobs } = world;
    const told = async (event: bigint | string) => {
      const error = await thrown(view.prove(event));
      keepsSecret(error, [String(event)]);
      return withoutLines(tellAll(error).replaceAll(String(event), "it"));
    };
    for (const id of bobs.ids) expect(await told(id)).toBe(await told(UNUSED.id));
    for (const position of bobs.positions) expect(await told(position)).toBe(await told(UNUSED.position));
    if (ledgers.database === undefined) return;
    // The chain links each event to the one before by its hash, which tells nothing of what was hashed.
    for (const id of anns.ids) keepsSecret(await view.prove(id, { withoutMetadata: true }), [], ["prevHash"]);
  });

  test("nothing, by receipts", async () => {
    const { view, bobs } = world;
    for (const id of [...bobs.commands, "mixed", UNUSED.command]) expect(await view.receipt(id)).toBeUndefined();
    keepsSecret(await view.receipt("ann-1"));
  });

  test("nothing, by states", async () => {
    const { view } = world;
    const empty = { sum: 0, notes: [] };
    expect(await view.state(total, `account-${SECRET}`)).toEqual(empty);
    expect(await view.state(aged, stream(`old-${SECRET}`))).toBe(0);
    expect(await view.state(total, query({ tags: [`tenant:${SECRET}`] }))).toEqual(empty);
    expect(await view.state(strict, query({ tags: ["legacy"] }))).toBe(0);
    keepsSecret(await view.state(total, everything));
    keepsSecret(await view.state(total, "mixed"));
  });

  test("nothing, by commands that fail on his events", async () => {
    const { ledger, view } = world;
    for (const [command, code, telling] of [
      [throwing, "decision-failed", true],
      [misshapen, "invalid-event", false],
      [tripping, "unknown-event", true],
      [outdated, "upcast-failed", true],
    ] as const) {
      // The ledger's own error says it all.
      const own = tellAll(await thrown(ledger.execute(command, { amount: 1 }, { actor: ann })));
      expect(own.includes(SECRET)).toBe(telling);
      const error = await thrown(view.execute(command, { amount: 1 }));
      expect(error).toMatchObject({ code });
      keepsSecret(error);
    }
  });

  test("a command id of his is taken, and nothing more", async () => {
    const { view, bobs } = world;
    for (const commandId of bobs.commands) {
      const error = await thrown(view.execute(pay, { amount: 5 }, { commandId }));
      expect(error).toMatchObject({ code: "command-id-reused" });
      keepsSecret(error, [commandId]);
    }
  });

  test("nothing, by conflicts with his events and her own receipts", async () => {
    const { ledger, view } = world;
    let count = 0;
    interfere = () => {
      for (const tenant of [SECRET, "a", SECRET]) {
        const data = { tenant, amount: 1, note: `between ${tenant}` };
        const event = { type: "Paid", data, tags: [`tenant:${tenant}`] };
        void ledger.append(`account-${tenant}`, event, { commandId: `between-${tenant}-${count++}` });
      }
    };
    const error = await thrown(view.execute(pay, { amount: 1 }, { maxAttempts: 2 }));
    interfere = () => undefined;
    expect(error).toMatchObject({ name: "ConflictError", values: { events: [{ stream: "account-a" }] } });
    const later = await all(ledger.readAll({ query: [{ tags: [`tenant:${SECRET}`] }] }));
    world.secrets.push(...later.flatMap(({ id, hash }) => [id, hash]));
    keepsSecret(error);
    keepsSecret(await view.execute(pay, { amount: 1 }));
    keepsSecret(await view.execute(pay, { amount: 10_000 }));
  });
});

/** Where in the code an error was made is the same, but for the line of the test that asked. */
function withoutLines(told: string): string {
  return told
    .split("\n")
    .filter((line) => !/^\s+at /.test(line))
    .join("\n");
}

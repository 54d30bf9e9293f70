import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Connection,
  connect,
  defineEvent,
  defineModel,
  defineProjection,
  defineSnapshots,
  type Ledger,
  type LedgerOptions,
} from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { openPostgresReactions, openPostgresTroubles } from "@eventchain/store";
import { verifyLedger } from "@eventchain/verifier";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCli } from "../support/run-cli.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

const CONFIG = `
import { defineConfig, defineEvent, defineModel, defineReaction, defineSnapshots } from "@eventchain/ledger";
import { z } from "zod";
const Opened = defineEvent("Opened", { schema: z.object({}) });
const ticket = defineModel("ticket", { initial: () => ({}) });
export default defineConfig({
  events: [Opened],
  reactions: [defineReaction("mail").on(Opened, () => {})],
  snapshots: [defineSnapshots(ticket, { every: 10 })],
  ledgers: { "own.test": { module: "./own.ts" } },
});`;
const OWN = `
import { defineEvent, defineModel, defineReaction } from "@eventchain/ledger";
import { z } from "zod";
const Opened = defineEvent("Opened", { schema: z.object({}) });
export const models = [defineModel("mine", { initial: () => ({ n: 0 }) }).on(Opened, ({ n }) => ({ n: n + 1 }))];
export const reactions = [defineReaction("call").on(Opened, () => {})];
export const without = ["mail"];`;

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
let folder = "";
let ledgers = 0;

const options = (): LedgerOptions => ({
  snapshots: [defineSnapshots(defineModel("ticket", { initial: () => ({}) }), { every: 10 })],
});

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
  folder = await mkdtemp(join(tmpdir(), "eventchain-handlers-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "eventchain.config.ts"), CONFIG);
  await writeFile(join(folder, "own.ts"), OWN);
});
beforeEach(async () => {
  staged = await createStagedLedger(database.pool, `handlers-${++ledgers}.test`);
  ledger = await connection.ledger(staged.origin, options());
});
afterEach(async () => {
  await staged.seal();
  const report = await verifyLedger({ database: database.pool, trust: staged.trust, offline: true });
  expect(report.findings).toEqual([]);
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
  await rm(folder, { recursive: true });
});

const begin = (name: string) =>
  openPostgresReactions(database.pool).begin(staged.ledgerId, [{ name, fromNow: true, isOrdered: false }]);

async function switches(of = ledger): Promise<unknown[]> {
  const found = [];
  for await (const { data, metadata } of of.readStream("$handlers")) found.push({ ...data, metadata });
  return found;
}

describe("ledger.switchHandler", () => {
  test("records each switch as one event, and none where it is so already", async () => {
    const off = await ledger.switchHandler("snapshots:ticket", false, { by: "ada", reason: "too many" });
    expect(off).toMatchObject({ enabled: false, switched: true, last: { by: "ada", position: 1n, enabled: false } });
    expect(await ledger.switchHandler("snapshots:ticket", false, { by: "bob" })).toEqual({ ...off, switched: false });
    await ledger.switchHandler("snapshots:ticket", true, { by: "bob" });
    const handler = "snapshots:ticket";
    expect(await switches()).toEqual([
      { by: "ada", enabled: false, handler, metadata: { actor: "ada", reason: "too many" } },
      { by: "bob", enabled: true, handler, metadata: { actor: "bob" } },
    ]);
  });

  test("of one that was never switched, and is on: nothing", async () => {
    const receipt = await ledger.switchHandler("snapshots:ticket", true, { by: "ada" });
    expect(receipt).toEqual({ handler: "snapshots:ticket", enabled: true, switched: false, last: null });
    expect(await switches()).toEqual([]);
  });

  test("refuses a name that nobody knows, naming those that it has, but with anyName", async () => {
    await expect(ledger.switchHandler("mial", false, { by: "ada" })).rejects.toMatchObject({
      code: "not-found",
      values: { handlers: ["snapshots:ticket"] },
    });
    expect(await ledger.switchHandler("mial", false, { by: "ada", anyName: true })).toMatchObject({ switched: true });
  });

  test.each([
    ["no by", {}, "by is not a text"],
    ["an empty reason", { by: "ada", reason: "" }, "reason is not a text"],
    ["an option that there is not", { by: "ada", from: 1 }, "has no key"],
    ["from now of what is on", { by: "ada", fromNow: true }, "switch it off first"],
  ])("refuses %s, and records nothing", async (_, given, message) => {
    const asked = ledger.switchHandler("snapshots:ticket", true, given as never);
    await expect(asked).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringContaining(message) });
    expect(await switches()).toEqual([]);
  });

  test("on a ledger in memory, the same", async () => {
    const memory = openMemoryLedger(options());
    expect(await memory.switchHandler("snapshots:ticket", false, { by: "ada" })).toMatchObject({ switched: true });
    expect(await memory.handlers()).toMatchObject([{ name: "snapshots:ticket", state: "off" }]);
    expect(await switches(memory)).toHaveLength(1);
  });
});

describe("ledger.handlers, and its status", () => {
  test("say what runs, what is off, and what is in trouble, with the reason", async () => {
    await begin("mail");
    await begin("call");
    await ledger.switchHandler("call", false, { by: "ada" });
    const troubles = openPostgresTroubles(database.pool);
    await troubles.note(staged.origin, "module:./own.ts", "failed", "it does not load");
    expect(await ledger.handlers()).toEqual([
      {
        name: "call",
        kind: "reaction",
        state: "off",
        reason: "switched off by ada at position 1",
        switched: { handler: "call", enabled: false, by: "ada", position: 1n, atMicros: expect.any(BigInt) },
      },
      { name: "mail", kind: "reaction", state: "on", reason: null, switched: null },
      { name: "module:./own.ts", kind: "module", state: "failing", reason: "it does not load", switched: null },
    ]);
    expect((await ledger.status()).handlers.map(({ name, state }) => [name, state])).toEqual([
      ["call", "off"],
      ["mail", "on"],
      ["module:./own.ts", "failing"],
    ]);
    await troubles.clear(staged.origin, "module:./own.ts");
    expect(await ledger.handlers()).toHaveLength(2);
  });
});

test("a wait for a projection that runs out of time names the trouble of what runs the handlers", async () => {
  const TicketClosed = defineEvent("TicketClosed", { schema: z.object({}) });
  const counted = defineProjection("counted", { schema: "create table counted (n int)" }).on(TicketClosed, () => {});
  await using connection = await connect({ database: database.pool });
  const waiting = await connection.ledger(staged.origin, { events: [TicketClosed], projections: [counted] });
  const receipt = await waiting.append("ticket-1", TicketClosed({}));
  const late = () => receipt.projected("counted", { timeout: 20 }).catch((error: unknown) => error);
  const troubles = openPostgresTroubles(database.pool);
  await troubles.note(staged.origin, "snapshots:ticket", "failing", "a rule of its own");
  expect(await late()).toMatchObject({ code: "timeout", message: expect.stringMatching(/within 20 ms$/) });
  await troubles.note(staged.origin, "module:./own.ts", "failed", "it does not load");
  expect(await late()).toMatchObject({
    code: "timeout",
    message: expect.stringMatching(/within 20 ms: module:\.\/own\.ts is in trouble: it does not load$/),
    values: { projection: "counted", handler: "module:./own.ts", reason: "it does not load" },
  });
});

test("a reaction that stands at an event that is not in the history any more is stopped, and says so", async () => {
  await begin("mail");
  await database.pool.query("update eventchain.reactions set hash = sha256('another') where ledger_id = $1", [
    staged.ledgerId,
  ]);
  expect(await ledger.handlers()).toMatchObject([{ state: "stopped", reason: expect.stringContaining("forked") }]);
});

describe("eventchain handlers", () => {
  const run = async (args: readonly string[], cwd = folder) => {
    const global = ["--json", "--database", database.url, "--ledger", staged.origin];
    const result = await runCli(["handlers", ...args, ...global], { cwd });
    const lines = result.stdout.split("\n").filter((line) => line !== "");
    return { ...result, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };

  test("lists those of the config and of the database, one a line", async () => {
    const { exitCode, lines } = await run([]);
    expect(exitCode).toBe(0);
    expect(lines.map(({ name, kind, state }) => [name, kind, state])).toEqual([
      ["mail", "reaction", "on"],
      ["snapshots:ticket", "snapshots", "on"],
    ]);
  });

  test("disables and enables, by whom and why", async () => {
    const off = await run(["disable", "mail", "--by", "ada", "--reason", "the server is down"]);
    expect(off).toMatchObject({ exitCode: 0, lines: [{ handler: "mail", enabled: false, switched: true }] });
    expect(off.lines[0]?.last).toEqual({ enabled: false, by: "ada", position: "1", at: expect.stringMatching(/Z$/) });
    expect((await run(["disable", "mail", "--by", "ada"])).lines[0]).toMatchObject({ switched: false });
    expect((await run([])).lines[0]).toMatchObject({ name: "mail", state: "off" });
    expect(await run(["enable", "mail", "--by", "bob"])).toMatchObject({ exitCode: 0 });
    expect(await switches()).toMatchObject([
      { by: "ada", enabled: false, metadata: { reason: "the server is down" } },
      { by: "bob", enabled: true },
    ]);
  });

  test("knows the handlers of a ledger's own module", async () => {
    staged = await createStagedLedger(database.pool, "own.test");
    expect((await run([])).lines.map(({ name }) => name)).toEqual(["call", "snapshots:ticket"]);
    expect(await run(["disable", "call", "--by", "ada"])).toMatchObject({ exitCode: 0 });
    expect((await run(["disable", "mail", "--by", "ada"])).exitCode).toBe(2);
    await (await connection.ledger("own.test")).append("a", { type: "Opened", data: {} });
    const global = ["--json", "--database", database.url, "--ledger", "own.test"];
    const { stdout } = await runCli(["state", "a", ...global], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ model: "mine", state: { n: 1 } });
  });

  test("enables a reaction from now on: what was appended while it was off is left out", async () => {
    await ledger.append("a", { type: "Opened", data: {} });
    await begin("mail");
    await run(["disable", "mail", "--by", "ada"]);
    await ledger.append("a", { type: "Opened", data: {} });
    expect(await run(["enable", "mail", "--by", "ada", "--from-now"])).toMatchObject({ exitCode: 0 });
    expect(await openPostgresReactions(database.pool).status(staged.ledgerId)).toMatchObject([{ position: 3n }]);
    expect((await switches()).at(-1)).toMatchObject({ enabled: true, metadata: { skipped: { after: "1", to: "3" } } });
  });

  test("retries a reaction's dead runs, all or those of one event", async () => {
    await begin("mail");
    const dead = (position: number) =>
      database.pool.query(
        `insert into eventchain.reaction_tasks (ledger_id, reaction, position, handler, stream, state, is_timeout, is_checked,
           is_held, attempts, due_at, error) values ($1, 'mail', $2, 'on:Opened', 'a', 'dead', false, true, false, 10, now(), 'no')`,
        [staged.ledgerId, position],
      );
    await dead(1);
    await dead(2);
    await dead(3);
    expect((await run([])).lines[0]).toMatchObject({
      name: "mail",
      state: "failing",
      reason: "3 runs are dead letters",
    });
    expect((await run(["retry", "mail", "--position", "2"])).lines).toEqual([
      { handler: "mail", kind: "reaction", retried: "1" },
    ]);
    expect((await run(["retry", "mail"])).lines).toMatchObject([{ retried: "2" }]);
    expect((await run(["retry", "mail"])).lines).toMatchObject([{ retried: "0" }]);
  });

  test("retries a projection that has stopped", async () => {
    await database.pool.query("insert into eventchain.projections (ledger_id, name) values ($1, 'open')", [
      staged.ledgerId,
    ]);
    await database.pool.query(
      `insert into eventchain.projection_builds (ledger_id, name, version, mode, hash, stopped_at, reason)
       values ($1, 'open', 1, 'async', sha256(''), now(), 'no such table')`,
      [staged.ledgerId],
    );
    expect((await run([])).lines[1]).toMatchObject({ name: "open", state: "stopped", reason: "no such table" });
    expect((await run(["retry", "open", "--position", "1"])).exitCode).toBe(2);
    expect((await run(["retry", "open"])).lines).toEqual([{ handler: "open", kind: "projection", retried: "1" }]);
    expect((await run([])).lines[1]).toMatchObject({ name: "open", state: "on" });
  });

  test.each([
    [["disable"], "needs the name"],
    [["pause", "mail"], "handlers has no"],
    [["disable", "mial", "--by", "ada"], "has no handler"],
    [["disable", "mail", "--from-now"], "is not an option of handlers disable"],
    [["enable", "mail", "--position", "3"], "is not an option of handlers enable"],
    [["--by", "ada"], "is not an option of handlers"],
    [["retry", "snapshots:ticket"], "no projection and no reaction"],
    [["enable", "mail", "--by", "ada", "--from-now"], "switch it off first"],
  ])("%j: exit code 2, and nothing recorded", async (args, message) => {
    const { exitCode, lines } = await run(args as string[]);
    expect(exitCode).toBe(2);
    expect(lines).toMatchObject([{ error: { message: expect.stringContaining(message) } }]);
    expect(await switches()).toEqual([]);
  });

  test("without a config, knows those of the database alone", async () => {
    await begin("mail");
    expect((await run([], tmpdir())).lines.map(({ name }) => name)).toEqual(["mail"]);
    expect((await run(["disable", "call", "--by", "ada"], tmpdir())).exitCode).toBe(2);
  });
});

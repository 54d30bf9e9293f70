// What a common handler may do to the worker: nothing that stops the sealing, or the other handlers for good.

import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { startHandlers } from "@eventchain/workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

const CONFIG = `
import { appendFileSync } from "node:fs";
import { defineEvent, defineReaction } from "@eventchain/ledger";
import { z } from "zod";
const Opened = defineEvent("Opened", { schema: z.object({ n: z.number() }) });
const say = (text) => appendFileSync(new URL("./done.txt", import.meta.url), text + "\\n");
export const reactions = [
  defineReaction("calm", { from: "start" }).on(Opened, ({ data }) => say("calm " + data.n)),
  defineReaction("dizzy", { from: "start", timeoutMs: 100, retry: { attempts: 2, firstMs: 1, maxMs: 1 } })
    .on(Opened, ({ data }) => {
      say("dizzy " + data.n);
      while (data.n === 1);
    }),
];`;

/** Quick where the real ones are slow; silence is long, for the machine may be busy. */
const LIMITS = {
  heapMb: 128,
  beatMs: 100,
  silentMs: 5_000,
  loadMs: 60_000,
  firstPauseMs: 200,
  maxPauseMs: 1_000,
  soundMs: 3_600_000,
  closeMs: 500,
};

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
let folder = "";
let log: string[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
  staged = await createStagedLedger(database.pool, "loop.test");
  ledger = await connection.ledger("loop.test");
  folder = await mkdtemp(join(tmpdir(), "eventchain-looping-"));
  log = [];
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "done.txt"), "");
});
afterEach(async () => {
  await connection?.close();
  await database?.drop();
  await rm(folder, { recursive: true });
});

async function start(config: string) {
  await writeFile(join(folder, "eventchain.config.ts"), config);
  return startHandlers({
    configPath: join(folder, "eventchain.config.ts"),
    pool: database.pool,
    databaseUrl: database.url,
    logger: (_, event, values) => log.push(`${event} ${values?.reason}`),
    roles: ["project", "react"],
    limits: LIMITS,
  });
}

const done = (): string[] => readFileSync(join(folder, "done.txt"), "utf8").split("\n");
const append = (n: number) => ledger.append("s", { type: "Opened", data: { n } });
const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 90_000, interval: 100 });
const handler = async (name: string) => (await ledger.handlers()).find((each) => each.name === name);

test("a common reaction that loops for ever stops neither the sealing nor the other handlers, and ends as a dead letter", async () => {
  await append(1);
  const running = await start(CONFIG);
  try {
    await until(() => expect(done()).toContain("dizzy 1"));
    await staged.seal();
    expect(await openPostgresStore({ pool: database.pool }).watermarks(staged.ledgerId)).toMatchObject({
      sealedSize: 1n,
    });
    await until(async () =>
      expect(await handler("module:eventchain.config.ts")).toMatchObject({
        state: "failing",
        reason: expect.stringContaining("does it loop?"),
      }),
    );
    await append(2);
    await until(() => expect(done()).toEqual(expect.arrayContaining(["calm 1", "calm 2", "dizzy 2"])));
    await until(async () =>
      expect(await handler("dizzy")).toMatchObject({ state: "failing", reason: "1 run is a dead letter" }),
    );
    expect(done().filter((line) => line === "dizzy 1")).toHaveLength(2);
  } finally {
    await running.close();
  }
});

test("closing ends a thread that a handler keeps busy", async () => {
  await append(1);
  const running = await start(CONFIG);
  await until(() => expect(done()).toContain("dizzy 1"));
  await running.close();
  expect(log.filter((line) => line.startsWith("handlers-ended"))).toEqual([]);
});

test.each([
  ["that throws", `throw new Error("it was never meant to load");`, "it was never meant to load"],
  ["that ends the process", "process.exit(0);", "ended the thread with exit code 0"],
  [
    "that throws where nobody catches",
    `await new Promise(() => setTimeout(() => { throw new Error("late"); }));`,
    "late",
  ],
])("a config %s fails the start by name, and is not tried again", async (_, config, message) => {
  await expect(start(config)).rejects.toMatchObject({
    code: "config-invalid",
    message: expect.stringContaining(message),
    values: { file: join(folder, "eventchain.config.ts") },
  });
  expect(log).toEqual([]);
});

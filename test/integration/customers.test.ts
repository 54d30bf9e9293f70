import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { verifyLedger } from "@eventchain/verifier";
import { loadApp, loadCustomer, startHandlers } from "@eventchain/workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

// One config for all customers; what each reaction did is a line of a file.

const COMMON = `
import { appendFileSync } from "node:fs";
import { defineEvent, defineProjection, defineReaction } from "@eventchain/ledger";
import { z } from "zod";
export const Opened = defineEvent("Opened", { schema: z.object({ n: z.number() }) });
export const counter = (name, by = 1) =>
  defineProjection(name, { schema: \`create table \${name.replaceAll("-", "_")} (n int primary key)\` })
    .on(Opened, (event, db) => db.query(\`insert into \${name.replaceAll("-", "_")} values ($1)\`, [event.data.n * by]).then(() => {}));
export const writer = (name, what = name) =>
  defineReaction(name, { from: "start" }).on(Opened, (event, { ledger }) =>
    appendFileSync(new URL("./done.txt", import.meta.url), \`\${ledger.origin} \${what} \${event.data.n}\\n\`));
`;

/** What the customers' modules do; `good` is the one that does no harm. */
const MODULES: Readonly<Record<string, string>> = {
  good: `export const projections = [counter("own"), counter("counted", 10)];
         export const reactions = [writer("call"), writer("mail", "postcard")];
         export const without = ["letters"];`,
  unloadable: `throw new Error("it was never meant to load");`,
  throwing: `export const projections = [
    defineProjection("picky", { schema: "create table picky (n int)" }).on(Opened, () => { throw new Error("not this one"); }),
  ];`,
  looping: `export const reactions = [defineReaction("dizzy", { from: "start" }).on(Opened, () => { for (;;); })];`,
  rejecting: `export const reactions = [
    defineReaction("careless", { from: "start" }).on(Opened, () => { Promise.reject(new Error("nobody listens")); }),
  ];`,
  leaving: `export const reactions = [defineReaction("rude", { from: "start" }).on(Opened, () => process.exit(0))];`,
  crashing: `export const reactions = [
    defineReaction("late", { from: "start" }).on(Opened, () => { setTimeout(() => { throw new Error("too late to catch"); }); }),
  ];`,
  hungry: `export const reactions = [
    defineReaction("hoarder", { from: "start" }).on(Opened, () => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); }),
  ];`,
};
const IMPORTS = `import { counter, Opened, writer } from "./common.ts";
import { defineProjection, defineReaction } from "@eventchain/ledger";\n`;
const CONFIG = `import { counter, Opened, writer } from "./common.ts";
export default {
  events: [Opened],
  projections: [counter("counted")],
  reactions: [writer("mail"), writer("letters")],
  ledgers: {
    ${Object.keys(MODULES)
      .map((name) => `"${name}.test": { module: "./${name}.ts" },`)
      .join("\n")}
  },
};`;

/** Quick where the real ones are slow; silence is long, for the machine may be busy. */
const LIMITS = {
  heapMb: 128,
  beatMs: 100,
  silentMs: 5_000,
  loadMs: 60_000,
  firstPauseMs: 200,
  maxPauseMs: 1_000,
  soundMs: 3_600_000,
  closeMs: 2_000,
};

let database: TestDatabase;
let connection: Connection;
let folder = "";
let running: { close(): Promise<void> };
const staged = new Map<string, StagedLedger>();
const ledgers = new Map<string, Ledger>();
const log: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
  folder = await mkdtemp(join(tmpdir(), "eventchain-customers-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "done.txt"), "");
  await writeFile(join(folder, "common.ts"), COMMON);
  for (const [name, text] of Object.entries(MODULES)) await writeFile(join(folder, `${name}.ts`), IMPORTS + text);
  await writeFile(join(folder, "eventchain.config.ts"), CONFIG);
  for (const name of ["plain", ...Object.keys(MODULES)]) {
    staged.set(name, await createStagedLedger(database.pool, `${name}.test`));
    ledgers.set(name, await connection.ledger(`${name}.test`));
    await append(name, 1);
  }
  running = await start("eventchain.config.ts", LIMITS);
});
afterAll(async () => {
  await running?.close();
  await connection?.close();
  await database?.drop();
  await rm(folder, { recursive: true });
});

const start = (config: string, limits: typeof LIMITS, ledgers?: string[]) =>
  startHandlers({
    configPath: join(folder, config),
    pool: database.pool,
    databaseUrl: database.url,
    logger: (_, event, values) =>
      log.push(`${event} ${JSON.stringify(values, (__, v) => (typeof v === "bigint" ? `${v}` : v))}`),
    roles: ["project", "react"],
    limits,
    ledgers,
  });
const ledgerOf = (name: string): Ledger => ledgers.get(name) as Ledger;
const append = (name: string, n: number) => ledgerOf(name).append(`ticket-${n}`, { type: "Opened", data: { n } });
const until = <T>(check: () => Promise<T> | T): Promise<T> => vi.waitFor(check, { timeout: 90_000, interval: 100 });

function done(name: string): string[] {
  const prefix = `${name}.test `;
  const lines = readFileSync(join(folder, "done.txt"), "utf8").split("\n");
  return [...new Set(lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length)))].sort();
}

async function rows(name: string, table: string): Promise<number[]> {
  const found = await database.pool.query<{ n: number }>(
    `select n from ledger_${staged.get(name)?.ledgerId}.${table} order by n`,
  );
  return found.rows.map(({ n }) => n);
}

const handlerOf = async (name: string, handler: string) =>
  (await ledgerOf(name).status()).handlers.find((each) => each.name === handler);

describe("a ledger's own module", () => {
  test("stands beside the common handlers, instead of those of the same name, and does without some", async () => {
    await until(async () => {
      expect(done("good")).toEqual(["call 1", "postcard 1"]);
      expect(await rows("good", "counted")).toEqual([10]);
      expect(await rows("good", "own")).toEqual([1]);
    });
    expect(log.filter((line) => line.includes('"good.test"') && line.includes("handlers-ended"))).toEqual([]);
  });

  test("changes nothing for a ledger without one", async () => {
    await until(async () => {
      expect(done("plain")).toEqual(["letters 1", "mail 1"]);
      expect(await rows("plain", "counted")).toEqual([1]);
    });
    expect((await ledgerOf("plain").handlers()).map(({ name }) => name)).toEqual(["counted", "letters", "mail"]);
  });
});

describe("what a customer's code does ends its own thread at most, and its ledger's status says why:", () => {
  test.each([
    ["unloadable", "it was never meant to load"],
    ["looping", "does it loop?"],
    ["rejecting", "unhandled rejection of careless: nobody listens"],
    ["leaving", "its code ended the thread with exit code 0"],
    ["crashing", "too late to catch"],
    ["hungry", "memory"],
  ])("%s", async (name, reason) => {
    await until(async () => {
      const found = await handlerOf(name, `module:./${name}.ts`);
      expect(found).toMatchObject({ state: "failing", reason: expect.stringContaining(reason) });
    });
  });

  test("a projection that throws stops, in a thread that goes on", async () => {
    await until(async () => {
      expect(await handlerOf("throwing", "picky")).toMatchObject({
        state: "stopped",
        reason: expect.stringContaining("not this one"),
      });
      expect(await rows("throwing", "counted")).toEqual([1]);
      expect(done("throwing")).toEqual(["letters 1", "mail 1"]);
    });
    expect(await handlerOf("throwing", "module:./throwing.ts")).toBeUndefined();
  });

  test("a thread that was ended is started again, and again", async () => {
    const ends = () => log.filter((line) => line.startsWith("handlers-ended") && line.includes('"unloadable.test"'));
    const before = ends().length;
    await until(() => expect(ends().length).toBeGreaterThan(before + 1));
  });

  test("while all other customers' handlers go on", async () => {
    for (const name of ["good", "plain", "throwing"]) await append(name, 2);
    await until(async () => {
      expect(done("good")).toEqual(["call 1", "call 2", "postcard 1", "postcard 2"]);
      expect(await rows("good", "counted")).toEqual([10, 20]);
      expect(done("plain")).toEqual(["letters 1", "letters 2", "mail 1", "mail 2"]);
      expect(await rows("plain", "counted")).toEqual([1, 2]);
      expect(done("throwing")).toEqual(["letters 1", "letters 2", "mail 1", "mail 2"]);
    });
  });
});

describe.each(["plain", "good"])("switched at run time, without a restart, on the ledger %s:", (name) => {
  const [on, off] = name === "plain" ? ["letters", "mail"] : ["call", "mail"];
  const lines = (handler: string): string[] => done(name).filter((line) => line.startsWith(`${handler} `));
  const what = name === "plain" ? "mail" : "postcard";

  test("a handler that is off rests, the others go on; on again it makes up for what it missed", async () => {
    const ledger = ledgerOf(name);
    await ledger.switchHandler(off, false, { by: "ada" });
    await ledger.switchHandler("counted", false, { by: "ada" });
    // A round that had begun before is over by then.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await append(name, 7);
    await until(() => expect(lines(on)).toContain(`${on} 7`));
    await append(name, 8);
    await until(() => expect(lines(on)).toContain(`${on} 8`));
    expect(lines(what)).not.toContain(`${what} 7`);
    expect(await rows(name, "counted")).toHaveLength(2);
    expect(await handlerOf(name, "counted")).toMatchObject({ state: "off" });
    await ledger.switchHandler(off, true, { by: "bob" });
    await ledger.switchHandler("counted", true, { by: "bob" });
    await until(async () => {
      expect(lines(what)).toEqual(expect.arrayContaining([`${what} 7`, `${what} 8`]));
      expect(await rows(name, "counted")).toHaveLength(4);
    });
    const switches = [];
    for await (const { data } of ledger.readStream("$handlers")) switches.push(Object.values(data ?? {}));
    expect(switches).toEqual([
      ["ada", false, off],
      ["ada", false, "counted"],
      ["bob", true, off],
      ["bob", true, "counted"],
    ]);
    const one = staged.get(name) as StagedLedger;
    await one.seal();
    const report = await verifyLedger({ database: database.pool, trust: one.trust, offline: true });
    expect(report).toMatchObject({ ok: true, findings: [] });
  });
});

describe("a config or a module that is none", () => {
  const load = async (text: string, own = "export const without = [];") => {
    const name = `bad-${Math.random().toString(36).slice(2)}`;
    await writeFile(join(folder, `${name}.ts`), IMPORTS + text);
    await writeFile(join(folder, `${name}-own.ts`), IMPORTS + own);
    const app = await loadApp(join(folder, `${name}.ts`));
    return loadCustomer(app.config, { name: "own", url: `file://${join(folder, `${name}-own.ts`)}` });
  };
  const good = `export const reactions = [writer("mail")];`;

  test.each([
    ["a config that throws", `throw new Error("no");`, "", "cannot be loaded: no"],
    [
      "two handlers of one name",
      `export default { reactions: [writer("a")], projections: [counter("a")] };`,
      "",
      'called "a"',
    ],
    ["what is no handler", `export default { reactions: [counter("a")] };`, "", "`reactions` holds at 0"],
    [
      "a config with a misspelt key",
      "export default { events: [Opened], projectons: [] };",
      "",
      `has no key "projectons": use events, commands, models, projections,`,
    ],
    ["a ledger without a module", `export default { ledgers: { "a.test": {} } };`, "", "no module"],
    [
      "a package that is not there",
      `export default { ledgers: { "a.test": { module: "no-such" } } };`,
      "",
      "is not there",
    ],
    ["a module that throws", good, `throw new Error("no");`, 'module "own" cannot be loaded: no'],
    ["a module of nothing", good, "export const x = 1;", "exports none of"],
    ["a module without what is not there", good, `export const without = ["post"];`, "which no common handler has"],
    ["a misspelt key", good, "export default { reaction: [] };", 'has no key "reaction"'],
    ["a default that is no object", good, "export default 5;", "exports a number by default"],
  ])("%s is refused by name", async (_, text, own, message) => {
    await expect(load(text, own === "" ? undefined : own)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining(message),
    });
  });
});

test("a module that is put right runs, and its trouble is over once it has run well", async () => {
  await running.close();
  const name = "module:./unloadable.ts";
  expect(await handlerOf("unloadable", name)).toMatchObject({ state: "failing" });
  const config = `export default { ledgers: { "unloadable.test": { module: "./unloadable.ts" } } };`;
  await writeFile(join(folder, "mended.config.ts"), config);
  await writeFile(join(folder, "unloadable.ts"), `${IMPORTS}export const reactions = [writer("mended")];`);
  const mended = await start("mended.config.ts", { ...LIMITS, soundMs: 200 });
  await until(async () => {
    expect(done("unloadable")).toContain("mended 1");
    expect(await handlerOf("unloadable", name)).toBeUndefined();
  });
  await mended.close();
});

test("where ledgers are named, only theirs run: the common handlers and the modules", async () => {
  const config = `import { writer } from "./common.ts";
    export default { reactions: [writer("picked")], ledgers: {
      "good.test": { module: "./picked.ts" }, "unloadable.test": { module: "./unloadable.ts" } } };`;
  await writeFile(join(folder, "picked.config.ts"), config);
  await writeFile(join(folder, "picked.ts"), `${IMPORTS}export const reactions = [writer("own-picked")];`);
  await running.close();
  await writeFile(join(folder, "unloadable.ts"), MODULES.unloadable as string);
  const before = log.length;
  // The last one made: whoever else were served would come before it.
  const picked = await start("picked.config.ts", LIMITS, ["good.test", "hungry.test"]);
  await until(() => {
    expect(done("good")).toEqual(expect.arrayContaining(["own-picked 1", "picked 1"]));
    expect(done("hungry")).toContain("picked 1");
  });
  await picked.close();
  for (const name of ["plain", "throwing", "leaving"]) expect(done(name)).not.toContain("picked 1");
  expect(log.slice(before).filter((line) => line.includes("unloadable"))).toEqual([]);
});

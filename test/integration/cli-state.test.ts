import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runInProcess } from "../support/run-program.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const CONFIG = `
import { defineEvent, defineModel } from "@eventchain/ledger";
import { z } from "zod";
const Added = defineEvent("Added", { schema: z.object({ n: z.number() }) });
const Noted = defineEvent("Noted", { schema: z.object({ text: z.string() }) });
const sum = defineModel("sum", { initial: () => ({ sum: 0 }), version: 3 }).on(Added, (s, { data }) => ({ sum: s.sum + data.n }));
const notes = defineModel("notes", { initial: () => [] as string[] }).on(Noted, (s, { data }) => [...s, data.text]);
const map = defineModel("map", { initial: () => new Map() }).on(Noted, (s) => s);
export default { models: [sum, notes, map] };
`;

let database: TestDatabase;
let folder = "";
let config = "";
let thirdAt = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-state-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  config = join(folder, "eventchain.config.ts");
  await writeFile(config, CONFIG);
  database = await createTestDatabase();
  await createStagedLedger(database.pool, "cli.test");
  await using connection = await connect({ database: database.url });
  const ledger = await connection.ledger("cli.test");
  for (const n of [1, 2, 3]) await ledger.append("a", { type: "Added", data: { n } });
  for await (const { recordedAtMicros } of ledger.readStream("a", { backwards: true, limit: 1 }))
    thirdAt = `${new Date(Number(recordedAtMicros / 1000n)).toISOString().slice(0, -1)}${`${recordedAtMicros % 1000n}`.padStart(3, "0")}Z`;
  await ledger.append("b", { type: "Noted", data: { text: "x" } });
  await ledger.append("c", { type: "Other", data: {} });
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]) => runInProcess([...args, "--config", config], { database: database.url });

describe("state", () => {
  test("prints what the only model that fits makes of a stream now", async () => {
    const { json, exitCode } = await run("state", "a", "--json");
    expect(exitCode).toBe(0);
    expect(json()).toEqual({ stream: "a", model: "sum", schema: 3, version: "3", position: "5", state: { sum: 6 } });
  });

  test.each([
    ["a version", ["--version", "2"], { version: "2", position: "2", state: { sum: 3 } }],
    ["a position", ["--position", "1"], { version: "1", position: "1", state: { sum: 1 } }],
    ["before the first event", ["--position", "0"], { version: "0", position: "0", state: { sum: 0 } }],
    ["a time before all", ["--time", "2020-01-01T00:00:00Z"], { version: "0", position: "0", state: { sum: 0 } }],
  ])("prints it at %s", async (_, args, expected) => {
    expect((await run("state", "a", "--json", ...args)).json()).toMatchObject(expected);
  });

  test("prints it as of a time, which is inclusive to the microsecond", async () => {
    expect((await run("state", "a", "--json", "--time", thirdAt)).json()).toMatchObject({
      version: "3",
      position: "3",
    });
  });

  test("prints words without --json", async () => {
    const { stdout } = await run("state", "a", "--version", "1");
    expect(stdout).toBe('a as sum, version 1, position 1\n{\n  "sum": 1\n}\n');
  });

  test.each([
    ["several models that fit", ["state", "b"], /--model NAME/],
    ["a model that is not there", ["state", "a", "--model", "x"], /no model "x": it has sum, notes, map/],
    ["a stream without events", ["state", "none"], /has no events/],
    ["a stream that no model fits", ["state", "c"], /no model of the config handles/],
    ["two points", ["state", "a", "--version", "1", "--position", "1"], /give one of them/],
    ["a version that is not there", ["state", "a", "--version", "4"], /no version 4/],
    ["a position past the head", ["state", "a", "--position", "99"], /no position 99/],
    ["a time without an offset", ["state", "a", "--time", "2020-01-01"], /2026-01-31T09:30:00Z/],
    ["a state without a JSON form", ["state", "b", "--model", "map"], /no JSON form/],
    ["a snapshot of such a state", ["snapshot", "b", "--model", "map"], /cannot be kept/],
    ["a snapshot of a stream without events", ["snapshot", "none", "--model", "sum"], /no event yet/],
  ])("%s: exit 2, and one line says why", async (_, args, said) => {
    const { stderr, stdout, exitCode } = await run(...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(said);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test("without a config: exit 2, which names --config", async () => {
    const { stderr, exitCode } = await runInProcess(["state", "a"], { database: database.url });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--config FILE");
  });
});

describe("snapshot", () => {
  test("keeps the state, and says where; again it gives the same one", async () => {
    const first = await run("snapshot", "a", "--json");
    expect(first.exitCode).toBe(0);
    const taken = first.json() as Record<string, unknown>;
    expect(taken).toMatchObject({ stream: "a", model: "sum", schema: 3, branch: "sum/a", position: "3", version: "3" });
    expect(taken.stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect((await run("snapshot", "a", "--json")).json()).toEqual(taken);
    const { stdout } = await run("snapshot", "a");
    expect(stdout).toBe(`sum/a: version 3 at position 3, committed to at position ${taken.eventPosition}\n`);
    expect((await run("state", "a", "--json")).json()).toMatchObject({ version: "3", state: { sum: 6 } });
  });
});

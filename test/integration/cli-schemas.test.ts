import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesToHex, canonicalJson, sha256, utf8 } from "@eventchain/core";
import { connect, defineEvent } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";
import { type CliOptions, runCli } from "../support/run-cli.ts";

const CONFIG = `
import { defineConfig, defineEvent } from "@eventchain/ledger";
import { z } from "zod";
type Id = string;
const id: Id = "E";
const Opened = defineEvent("Opened", {
  version: 2, schema: z.object({ title: z.string() }), upcast: { 1: ({ subject }) => ({ title: subject }) },
});
const Closed = defineEvent("Closed", { schema: z.object({ reason: z.string() }) });
`;

/** What the ledger has kept: an older version, a changed one. */
const Older = defineEvent("Opened", { schema: z.object({ subject: z.string() }) });
const Same = defineEvent("Opened", {
  version: 2,
  schema: z.object({ title: z.string() }),
  upcast: { 1: (old) => old },
});
const Changed = defineEvent("Closed", { schema: z.object({ reason: z.number() }) });

let database: TestDatabase;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-schemas-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(
    join(folder, "eventchain.config.ts"),
    `${CONFIG}export default defineConfig({ events: { Opened, Closed } });`,
  );
  database = await createTestDatabase();
  const store = openPostgresStore({ pool: database.pool });
  await createLedger(store, "cli.test");
  await createLedger(store, "changed.test");
  await using connection = await connect({ database: database.url });
  const open = (origin: string) => connection.ledger(origin);
  await (await open("cli.test")).append("a", Older({ subject: "a" }));
  await (await open("cli.test")).append("a", Same({ title: "a" }));
  await (await open("changed.test")).append("a", Changed({ reason: 1 }));
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});

const schemas = async (args: readonly string[] = [], options: CliOptions = {}) => {
  const { exitCode, stdout, stderr } = await runCli(["schemas", ...args], { cwd: folder, ...options });
  const lines = (): Record<string, unknown>[] =>
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { exitCode, stdout, stderr, lines };
};
const onDatabase = (origin: string) => ["--database", database.url, "--ledger", origin];

async function config(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

describe("schemas", () => {
  test("prints the config of the working directory, one object a line, with each schema's hash", async () => {
    const { exitCode, lines } = await schemas(["--json"]);
    expect(exitCode).toBe(0);
    expect(lines().map(({ type, version, kept }) => [type, version, kept])).toEqual([
      ["Closed", 1, null],
      ["Opened", 2, null],
    ]);
    for (const { schema, hash, ...rest } of lines()) {
      expect(Object.keys(rest)).toEqual(["type", "version", "kept"]);
      expect(schema).toMatchObject({ $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" });
      expect(hash).toBe(bytesToHex(sha256(utf8(canonicalJson(schema)))));
    }
  });

  test("prints them for people too", async () => {
    const { exitCode, stdout } = await schemas();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Closed version 1 \(sha256 [0-9a-f]{64}\)\n\{\n {2}"\$schema": /);
    expect(stdout).toMatch(/^Opened version 2 \(sha256/m);
  });

  test("prints the versions that the ledger has kept as well, and says which are", async () => {
    const { exitCode, lines, stderr } = await schemas(["--json", ...onDatabase("cli.test")]);
    expect(lines().map(({ type, version, kept }) => [type, version, kept])).toEqual([
      ["Closed", 1, false],
      ["Opened", 1, true],
      ["Opened", 2, true],
    ]);
    expect(lines()[1]?.schema).toMatchObject({ properties: { subject: { type: "string" } } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test("finds a version that was first used with another schema, prints both and ends with 1", async () => {
    const { exitCode, lines, stderr } = await schemas(["--json", ...onDatabase("changed.test")]);
    const closed = lines().filter(({ type }) => type === "Closed");
    expect(closed.map(({ version, kept, schema }) => [version, kept, schema])).toMatchObject([
      [1, false, { properties: { reason: { type: "string" } } }],
      [1, true, { properties: { reason: { type: "number" } } }],
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^Closed version 1 was first used with another schema: raise its version to 2 and add upcast 1/,
    );
  });

  test("takes the config that --config names, with named exports, and the events of its commands", async () => {
    const file = await config(
      "named.ts",
      `${CONFIG}
import { defineCommand, defineModel, stream } from "@eventchain/ledger";
const ticket = defineModel("ticket", { initial: () => 0 }).on(Opened, (n) => n + 1);
export const commands = [defineCommand("Close", {
  input: z.object({}), context: () => stream("a"), model: ticket, records: [Closed], decide: () => Closed({ reason: id }),
})];
`,
    );
    for (const args of [
      ["--config", file, "--json"],
      ["--json", "--config", join(folder, file)],
    ]) {
      const { exitCode, lines } = await schemas(args);
      expect({ exitCode, types: lines().map(({ type }) => type) }).toEqual({
        exitCode: 0,
        types: ["Closed", "Opened"],
      });
    }
  });
});

describe("a config that cannot be used ends with 2", () => {
  const errorOf = async (args: string[], options: CliOptions = {}) => {
    const { exitCode, stdout, stderr } = await schemas(["--json", ...args], options);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`eventchain: ${error.message}\n`);
    return `${error.code}: ${error.message}`;
  };

  test("where there is none", async () => {
    expect(await errorOf([], { cwd: tmpdir() })).toBe(
      "config-invalid: there is no eventchain.config.ts in the working directory: give --config FILE",
    );
    expect(await errorOf(["--config", "none.ts"])).toBe(
      'config-invalid: there is no file "none.ts": give an app\'s config by --config FILE',
    );
  });

  test.each([
    ["throws", 'throw new Error("no weather today");', /cannot be loaded: no weather today/],
    [
      "defines an event that has no JSON Schema",
      `${CONFIG}export default { events: [defineEvent("At", { schema: z.object({ at: z.date() }) })] };`,
      /cannot be loaded: the schema of event "At" has no JSON Schema at \$\.at: /,
    ],
    ["is no TypeScript", "export default {", /cannot be loaded: /],
    ["exports nothing of use", "export const a = 1;", /exports neither events nor commands/],
    [
      "has a misspelt key",
      "export default { events: [], projectons: [] };",
      /no key .{0,2}"projectons.{0,2}": use events, commands/,
    ],
    [
      "has two definitions of a type",
      `${CONFIG}export default { events: [Closed, defineEvent("Closed", { schema: z.object({}) })] };`,
      /event "Closed" has two definitions/,
    ],
  ])("that %s", async (what, text, message) => {
    const file = await config(`${what.replaceAll(" ", "-")}.ts`, text);
    expect(await errorOf(["--config", file])).toMatch(message);
  });
});

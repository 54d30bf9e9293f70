// Every code block of the guide, and of README's "In an application", is compiled and run: neither can rot.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openPostgresStore } from "@eventchain/store";
import { loadApp, loadCustomer } from "@eventchain/workers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileBlocks, joinCodeBlocks, type ModuleFolder, writeModules } from "../support/code-blocks.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const chapters = readdirSync(fileURLToPath(new URL("docs/guide", root)))
  .filter((name) => /^\d\d-.*\.md$/.test(name))
  .sort();

/** README's section of that heading, and nothing after it. */
function section(markdown: string, heading: string): string {
  const [, text] = markdown.split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`README has no section "${heading}"`);
  return text.split("\n## ")[0] ?? "";
}

const readme = joinCodeBlocks(section(read("README.md"), "In an application"));
const modules = new Map([
  ["readme", readme],
  ...chapters.map((name): [string, string] => [name.replace(/\.md$/, ""), joinCodeBlocks(read(`docs/guide/${name}`))]),
]);

/** Chapter 17's code as the config that it is, with the files that it shows beside it. */
const handlersChapter = read("docs/guide/17-handlers-at-run-time.md");
const app = new Map([
  ["app/eventchain.config", joinCodeBlocks(handlersChapter)],
  ...Array.from(fileBlocks(handlersChapter), ([name, text]): [string, string] => [`app/${name}`, text]),
]);

let database: TestDatabase;
let folder: ModuleFolder;
const ledgers: StagedLedger[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  for (const origin of ["helpdesk.example", "bank.example"])
    ledgers.push(await createStagedLedger(database.pool, origin));
  folder = await writeModules(new Map([...modules, ...app]));
});
afterAll(async () => {
  await folder?.[Symbol.asyncDispose]();
  await database?.drop();
});

/** Runs a module while what it appends is sealed, anchored and made final. */
async function runWithWorkers(name: string): Promise<string> {
  const store = openPostgresStore({ pool: database.pool });
  let done = false;
  const ran = folder.run(name, { DATABASE_URL: database.url }).finally(() => {
    done = true;
  });
  while (!done) {
    for (const ledger of ledgers) {
      const { position } = await store.head(ledger.ledgerId);
      const { finalSize } = await store.watermarks(ledger.ledgerId);
      if (position > finalSize) await ledger.makeFinal();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return ran;
}

describe("the guide", () => {
  test("has chapters without a gap, each of them listed, with code in it", () => {
    expect(chapters.map((name) => name.slice(0, 2))).toEqual(
      Array.from({ length: chapters.length }, (_, index) => String(index + 1).padStart(2, "0")),
    );
    const list = read("docs/guide/README.md");
    for (const name of chapters) expect(list).toContain(`](${name})`);
    for (const [name, text] of modules) expect(text.trim(), name).not.toBe("");
  });

  test("compiles", async () => {
    expect(await folder.typeCheck()).toBe("");
  });

  test.each([...modules.keys()])("%s does what it says", async (name) => {
    expect(await runWithWorkers(name)).toBe("");
  });
});

test("the customer's module of chapter 17 loads, beside, instead of and without the common handlers", async () => {
  const { config, modules: own } = await loadApp(folder.path("app/eventchain.config"));
  const module = own.get("alder.example");
  if (module === undefined) throw new Error("the chapter's config names no module");
  const { handlers } = await loadCustomer(config, module);
  expect(handlers.reactions.map(({ name }) => name).sort()).toEqual(["call-on-close", "mail-on-close"]);
  expect(handlers.reactions).not.toContain(Object.values(config.reactions ?? {})[0]);
  expect(handlers.snapshots).toEqual([]);
});

test("a block that does not compile, or whose assertion fails, is found at its line", async () => {
  const text = joinCodeBlocks('# Wrong\n\n```sh\nls\n```\n\n```ts\nconst n: number = "x";\nthrow new Error(n);\n```\n');
  await using wrong = await writeModules(new Map([["wrong", text]]));
  expect(await wrong.typeCheck()).toMatch(/wrong\.ts\(8,7\): error TS2322/);
  expect(await wrong.run("wrong")).toMatch(/wrong\.ts:9\b.*Error: x/s);
});

test("README's application is forty lines at most", () => {
  expect(readme.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(40);
});

// The project's style as a test: layers, file sizes, banned calls, names. Run by `npm run check`.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What each package may import of the others. The order is the data's way; imports run one way. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  "packages/store": ["core"],
  "packages/ledger": ["core", "store"],
  "packages/chain": ["core"],
  "packages/queue": ["core"],
  "packages/routes": ["core", "ledger", "queue"],
  "packages/crud": ["core", "ledger"],
  "packages/verifier": ["core", "chain"],
  "packages/devstack": ["core", "chain"],
  workers: ["core", "store", "ledger", "chain", "queue"],
  "packages/cli": ["core", "store", "ledger", "chain", "queue", "routes", "crud", "verifier", "devstack", "workers"],
  "examples/bank": ["core", "ledger"],
  "examples/helpdesk": ["core", "ledger", "chain", "store", "workers", "verifier", "devstack", "cli"],
};

/** Where the clock, chance and the environment may be read, and text printed: the edges. */
const EDGES = [
  /^packages\/(cli|devstack)\//,
  /^workers\/src\/(main|run\/host-clock)\.ts$/,
  /^packages\/ledger\/src\/connect\.ts$/,
  /^packages\/routes\/src\/targets\/system-clock\.ts$/,
  /^(test|scripts|examples|bench)\//,
  /\.test\.ts$/,
  /^[^/]+\.ts$/,
];
const BANNED_IN_THE_MIDDLE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(/, "Date.now: take a clock"],
  [/\bnew Date\(\)/, "new Date(): take a clock"],
  [/\bMath\.random\(/, "Math.random: take a source of randomness"],
  [/\bprocess\.env\b/, "process.env: the environment is read at the edge"],
  [/\bconsole\.\w+\(/, "console: take a logger"],
];
const BANNED_EVERYWHERE: readonly (readonly [RegExp, string])[] = [
  [/\b(?:it|test|describe)\.only\(/, "a test that keeps the others from running"],
  [/\b(?:it|test|describe)\.(?:skip|todo)\(/, "a test that never runs"],
  [/\bretry: *[1-9]/, "a test that is retried hides a race"],
  [/@ts-(?:ignore|nocheck)/, "a compiler error that is hidden"],
  [/(?<![\w/.~-])\/(?:home|root|work|Users)\/\w/, "an absolute path of one machine"],
];
const MAX_LINES = 300;
/** Tests are lists of cases: they may be longer. */
const MAX_TEST_LINES = 400;

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const problems: string[] = [];

function packageOf(file: string): string | undefined {
  return Object.keys(LAYERS).find((folder) => file.startsWith(`${folder}/`));
}

function checkImports(file: string, text: string): void {
  const owner = packageOf(file);
  for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"\n]+)"/g)) {
    if (specifier === undefined) continue;
    const [, name, deep] = specifier.match(/^@eventchain\/([\w-]+)(\/.*)?$/) ?? [];
    if (deep !== undefined && deep !== "/testing" && deep !== "/json-schema")
      problems.push(`${file}: ${specifier} is not a public entry`);
    if (owner === undefined) continue;
    const allowed = LAYERS[owner] ?? [];
    const own = owner.split("/").at(-1);
    if (name !== undefined && name !== own && !allowed.includes(name)) {
      problems.push(
        `${file}: ${owner} may not import @eventchain/${name} (allowed: ${allowed.join(", ") || "nothing"})`,
      );
    }
    if (specifier.startsWith(".") && !normalize(join(dirname(file), specifier)).startsWith(`${owner}/`)) {
      problems.push(`${file}: ${specifier} leaves its package`);
    }
  }
  if (/from "bullmq"/.test(text) && owner !== "packages/queue" && !file.startsWith("test/"))
    problems.push(`${file}: only packages/queue imports bullmq`);
}

function checkLines(file: string, text: string, rules: readonly (readonly [RegExp, string])[]): void {
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    for (const [pattern, why] of rules) if (pattern.test(line)) problems.push(`${file}:${index + 1}: ${why}`);
  }
}

for (const file of files) {
  if (!/\.(ts|js|mjs|sol|sql|md|json|sh)$/.test(file) || file === "package-lock.json" || file === "scripts/tidy.ts")
    continue;
  const text = readFileSync(join(root, file), "utf8");
  checkLines(file, text, BANNED_EVERYWHERE);
  if (!/\.(ts|sol)$/.test(file)) continue;
  const lines = text.split("\n").length - 1;
  const most = file.endsWith(".test.ts") ? MAX_TEST_LINES : MAX_LINES;
  if (lines > most && !file.includes("/generated/"))
    problems.push(`${file}: ${lines} lines, at most ${most}: give it one job`);
  if (!/^([a-z0-9]+(-[a-z0-9]+)*)(\.[a-z]+)*\.(ts|sol)$|^[A-Z]\w+(\.t)?\.sol$/.test(file.split("/").at(-1) ?? ""))
    problems.push(`${file}: names are kebab-case`);
  if (!file.endsWith(".ts")) continue;
  checkImports(file, text);
  if (!EDGES.some((edge) => edge.test(file))) checkLines(file, text, BANNED_IN_THE_MIDDLE);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

// `npm run check`: everything about the sources that can be checked without running them. Two at a time, since that is
// how many cores a small machine has; prints a line for each, and what a failing one said.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const CHECKS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["types (tsc -b)", "tsc", "-b"],
  ["contract's ABI is current", "node", "scripts/generate-abi.ts", "--check"],
  ["list of commands and events is current", "node", "scripts/generate-docs.ts", "--check"],
  ["format and lint (biome)", "biome", "ci", "--colors=off", "--error-on-warnings", "."],
  ["layers and tidiness", "node", "scripts/tidy.ts"],
  ["unused code and dependencies (knip)", "knip"],
  ["Solidity lint (solhint)", "solhint", "--max-warnings", "0", "contracts/**/*.sol"],
  ["Solidity format (prettier)", "prettier", "--check", "contracts/**/*.sol"],
  ["lock file is complete", "node", "scripts/lock-file.ts"],
];

const root = fileURLToPath(new URL("..", import.meta.url));

function run([name, command, ...args]: (typeof CHECKS)[number]): Promise<boolean> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    child.on("error", (error) => output.push(Buffer.from(`${error.message}: run it as npm run check\n`)));
    child.on("close", (code) => {
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
      if (code !== 0) console.log(Buffer.concat(output).toString("utf8").trimEnd());
      resolve(code === 0);
    });
  });
}

const waiting = [...CHECKS];
let failed = 0;
async function lane(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) if (!(await run(next))) failed += 1;
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
console.log(failed === 0 ? `${CHECKS.length} checks passed` : `${failed} of ${CHECKS.length} checks failed`);
process.exitCode = failed === 0 ? 0 : 1;

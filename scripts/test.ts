// `npm test`: the contract's own tests, then all TypeScript tests (unit, vectors, integration, conformance, property,
// fault, attack). Servers come from @eventchain/devstack; nothing has to be running. Arguments go to vitest.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const filters = process.argv.slice(2);
if (filters.length === 0) run("hardhat", ["test", "solidity"]);
run("vitest", ["run", ...filters]);

// `npm test`: the contract's own tests, then all TypeScript tests (unit, vectors, integration, conformance, property,
// fault, attack). Servers come from @eventchain/devstack; nothing has to be running. Arguments go to vitest.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Servers that no npm package brings, with Debian's packages of them; tests say so where one is missing. */
const SERVERS = [
  ["redis-server", "redis-server"],
  ["pgbouncer", "pgbouncer"],
] as const;

/** Installs what is missing where that can be done: as root, by apt. */
function installServers(): void {
  if (process.getuid?.() !== 0) return;
  const isThere = (program: string): boolean =>
    [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"].some((dir) => existsSync(join(dir, program)));
  const missing = SERVERS.filter(([program]) => !isThere(program)).map(([, name]) => name);
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]): boolean =>
    spawnSync("apt-get", args, { stdio: "ignore", timeout: 180_000, env }).status === 0;
  const install = (): boolean => apt("install", "-y", "--no-install-recommends", ...missing);
  if (install() || (apt("update") && install())) return;
  console.warn(`${missing.join(" and ")} could not be installed: what needs it is not tested`);
}

installServers();
const filters = process.argv.slice(2);
if (filters.length === 0) run("hardhat", ["test", "solidity"]);
run("vitest", ["run", ...filters]);

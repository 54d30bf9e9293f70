import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PEERS_DIR } from "./load-peer.ts";

const BENCH_DIR = join(import.meta.dirname, "..");
/** What an installation is made of; a copy of each lies where it was made. */
const SOURCES = ["package.json", "package-lock.json", "no-hardhat"];

/** True where the peers are installed as bench/package-lock.json has them. */
export function arePeersInstalled(): boolean {
  return existsSync(join(PEERS_DIR, "installed")) && SOURCES.slice(0, 2).every(isSame);
}

function isSame(name: string): boolean {
  return readFileSync(join(BENCH_DIR, name)).equals(readFileSync(join(PEERS_DIR, name)));
}

/**
 * Installs the peers into bench/.peers: a folder that is above no source, so that none resolves or types its own imports
 * from there. No install script runs.
 *
 * Order: 1. the old ones are removed; 2. `npm ci` on a copy of the lock file; 3. marked as whole.
 *
 * @throws an Error with what npm said
 */
export async function installPeers(): Promise<void> {
  rmSync(PEERS_DIR, { recursive: true, force: true });
  mkdirSync(PEERS_DIR, { recursive: true });
  for (const name of SOURCES) cpSync(join(BENCH_DIR, name), join(PEERS_DIR, name), { recursive: true });
  await npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  mkdirSync(join(PEERS_DIR, "installed"));
}

function npm(...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd: PEERS_DIR, stdio: ["ignore", "ignore", "pipe"], env: npmEnv() });
    const said: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args.join(" ")} failed in ${PEERS_DIR}:\n${Buffer.concat(said).toString().trim()}`));
    });
  });
}

/** Without what an `npm run` of the repository's root says of itself, which would hold for the npm in it too. */
function npmEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name)),
  );
}

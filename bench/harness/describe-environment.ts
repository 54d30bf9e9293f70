import { execFile } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import { promisify } from "node:util";
import pg from "pg";
import { measureFsyncMicros } from "./measure-fsync.ts";
import type { BenchServer } from "./open-server.ts";

/** What figures depend on, and are kept with. */
export interface Environment {
  /** ISO 8601, UTC. */
  date: string;
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  postgres: string;
  /** Of the server: the ones that say how durable and how big it is. */
  settings: Readonly<Record<string, string>>;
  /** Write and fdatasync of 8 KiB, median. */
  fsyncMicros: number;
  /** Of the repository; with a `+` where files have been changed since. */
  commit: string;
  /** npm name → version. */
  peers: Readonly<Record<string, string>>;
}

const SETTINGS = [
  "shared_buffers",
  "max_wal_size",
  "min_wal_size",
  "max_connections",
  "synchronous_commit",
  "fsync",
  "full_page_writes",
  "wal_level",
  "checkpoint_timeout",
  "io_method",
  "max_parallel_workers_per_gather",
  "autovacuum",
];

const run = promisify(execFile);

export async function describeEnvironment(
  server: BenchServer,
  peers: Readonly<Record<string, string>>,
): Promise<Environment> {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: totalmem() / 1024 ** 3,
    kernel: `${type()} ${release()}`,
    node: process.version,
    ...(await describeServer(server.url)),
    fsyncMicros: measureFsyncMicros(server.dir),
    commit: await describeCommit(),
    peers,
  };
}

async function describeServer(url: string): Promise<Pick<Environment, "postgres" | "settings">> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, current_setting(name) as setting from unnest($1::text[]) with ordinality as s(name, i)
        where current_setting(name, true) is not null order by i`,
      [SETTINGS],
    );
    const { rows: versions } = await client.query<{ server_version: string }>("show server_version");
    return {
      postgres: versions[0]?.server_version ?? "unknown",
      settings: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    };
  } finally {
    await client.end();
  }
}

async function describeCommit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await run("git", args, { cwd: import.meta.dirname })).stdout.trim();
  try {
    const isChanged = (await git("status", "--porcelain", "--untracked-files=no")) !== "";
    return `${await git("rev-parse", "--short=12", "HEAD")}${isChanged ? "+" : ""}`;
  } catch {
    // An unpacked archive has no history.
    return "unknown";
  }
}

/** The header of a run. */
export function printEnvironment(environment: Environment): string {
  const { date, cpu, cores, memoryGiB, kernel, node, postgres, settings, fsyncMicros, commit, peers } = environment;
  const list = (record: Readonly<Record<string, string>>, by: string): string =>
    Object.entries(record)
      .map(([name, value]) => `${name}${by}${value}`)
      .join(", ");
  return [
    `date      ${date}, commit ${commit}`,
    `machine   ${cpu}, ${cores} cores, ${memoryGiB.toFixed(1)} GiB, ${kernel}`,
    `disk      8 KiB written and fdatasync'ed: ${fsyncMicros.toFixed(0)} µs (median of 200)`,
    `versions  Node ${node}, PostgreSQL ${postgres}`,
    `settings  ${list(settings, "=")}`,
    `peers     ${Object.keys(peers).length === 0 ? "left out" : list(peers, " ")}`,
  ].join("\n");
}

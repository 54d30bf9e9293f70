import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@eventchain/devstack";
import pg from "pg";

/** Runs a benchmark on a fresh database of the server at DATABASE_URL, else of one that is started for it; both are gone after it. */
export async function withDatabase(run: (databaseUrl: string) => Promise<void>): Promise<void> {
  if (process.env.DATABASE_URL !== undefined) return onServer(process.env.DATABASE_URL, run);
  const dir = await mkdtemp(join(tmpdir(), "eventchain-bench-"));
  const postgres = await startPostgres({ dir });
  try {
    await onServer(postgres.url, run);
  } finally {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function onServer(serverUrl: string, run: (databaseUrl: string) => Promise<void>): Promise<void> {
  const name = `eventchain_bench_${randomBytes(6).toString("hex")}`;
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  try {
    await run(url.toString());
  } finally {
    await server.query(`drop database if exists ${name} with (force)`);
    await server.end();
  }
}

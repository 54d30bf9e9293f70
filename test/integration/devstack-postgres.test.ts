import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startPostgres } from "@eventchain/devstack";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-devstack-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

test("a new server speaks UTF-8, sorts by bytes, is durable and keeps its password to itself", async () => {
  const postgres = await startPostgres({ dir });
  try {
    const [row] = await query(
      postgres.url,
      `select pg_encoding_to_char(encoding) as encoding, datlocprovider as provider, datlocale as locale,
              current_setting('fsync') as fsync, current_setting('listen_addresses') as address,
              current_setting('server_version_num')::int / 10000 as release
         from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      encoding: "UTF8",
      provider: "b",
      locale: "C.UTF-8",
      fsync: "on",
      address: "127.0.0.1",
      release: 18,
    });
    const password = readFileSync(join(dir, "password"), "utf8").trim();
    expect(statSync(join(dir, "password")).mode & 0o777).toBe(0o600);
    const { stdout } = spawnSync("ps", ["-o", "args=", "-p", String(postgres.pid)], { encoding: "utf8" });
    expect(stdout).toContain("postgres");
    expect(stdout).not.toContain(password);
    const wrong = postgres.url.replace(password, "wrong");
    await expect(query(wrong, "select 1")).rejects.toThrow("password authentication failed");
  } finally {
    await postgres.stop();
  }
});

test("the data, the password and the port are the same after a restart", async () => {
  const first = await startPostgres({ dir });
  await query(first.url, "create table kept as select 42 as answer");
  await first.stop();
  await first.stop();
  const second = await startPostgres({ dir });
  try {
    expect(second.url).toBe(first.url);
    expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  } finally {
    await second.stop();
  }
});

test("a folder that is in use is refused, and free again after stop", async () => {
  const first = await startPostgres({ dir });
  try {
    await expect(startPostgres({ dir })).rejects.toMatchObject({ code: "stack-failed", values: { pid: process.pid } });
  } finally {
    await first.stop();
  }
  const second = await startPostgres({ dir });
  await second.stop();
});

test("a folder with other things in it is left alone", async () => {
  writeFileSync(join(dir, "thesis.txt"), "mine");
  await expect(startPostgres({ dir })).rejects.toMatchObject({ code: "stack-failed" });
  expect(readFileSync(join(dir, "thesis.txt"), "utf8")).toBe("mine");
});

test("a port that somebody else has is told, and avoided where none was asked for", async () => {
  const taken = await listen();
  const port = (taken.address() as { port: number }).port;
  try {
    await expect(startPostgres({ dir, port })).rejects.toMatchObject({ code: "stack-failed", values: { port } });
    writeFileSync(join(dir, "port"), `${port}\n`);
    const postgres = await startPostgres({ dir });
    expect(postgres.port).not.toBe(port);
    await postgres.stop();
  } finally {
    taken.close();
  }
});

test("data of another release names the way out", async () => {
  const postgres = await startPostgres({ dir });
  await postgres.stop();
  writeFileSync(join(dir, "data", "PG_VERSION"), "12\n");
  await expect(startPostgres({ dir })).rejects.toThrow("--fresh");
});

test("what a crash left unfinished is made anew; what is damaged is not touched", async () => {
  const postgres = await startPostgres({ dir });
  await postgres.stop();
  renameSync(join(dir, "data"), join(dir, "data.new"));
  rmSync(join(dir, "data.new", "PG_VERSION"));
  const again = await startPostgres({ dir });
  expect(await query(again.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await again.stop();
  rmSync(join(dir, "data", "PG_VERSION"));
  await expect(startPostgres({ dir })).rejects.toThrow("--fresh");
  expect(existsSync(join(dir, "data", "base"))).toBe(true);
});

test("a server that is killed comes back on the same port with all it had acknowledged", async () => {
  const postgres = await startPostgres({ dir });
  try {
    await query(postgres.url, "create table kept as select 42 as answer");
    const killed = postgres.pid ?? 0;
    process.kill(killed, "SIGKILL");
    await expect.poll(() => postgres.pid, { timeout: 60_000 }).not.toBe(killed);
    const answer = async (): Promise<unknown> => (await query(postgres.url, "select answer from kept"))[0]?.answer;
    await expect.poll(() => answer().catch(() => undefined), { timeout: 60_000 }).toBe(42);
  } finally {
    await postgres.stop();
  }
});

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

describe.runIf(process.getuid?.() === 0)("as root", () => {
  test("a folder within a private one works: its data is where the server's user can go", async () => {
    const own = join(dir, "private", "postgres");
    mkdirSync(join(dir, "private"), { mode: 0o700 });
    const first = await startPostgres({ dir: own });
    await query(first.url, "create table kept as select 42 as answer");
    const data = realpathSync(join(own, "data"));
    expect(data.startsWith(own)).toBe(false);
    await first.stop();
    const moved = join(dir, "private", "moved");
    renameSync(own, moved);
    const second = await startPostgres({ dir: moved });
    expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
    await second.stop();
    rmSync(dirname(data), { recursive: true });
    await expect(startPostgres({ dir: moved })).rejects.toThrow("--fresh");
  });
});

import { readdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { type LedgerRecord, openPostgresLog, openPostgresStore } from "@eventchain/store";
import { verifyLedger } from "@eventchain/verifier";
import { type LogLevel, runWorkers, type Workers, type WorkersOptions } from "@eventchain/workers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createEmptyDatabase, onServer, urlOf } from "../support/database.ts";
import { appendSome } from "../support/ledger-workers.ts";
import { CONFIRMATIONS, createWorld, type World } from "../support/worker-world.ts";
import { createWorkersHost, type WorkersHost } from "../support/workers-process.ts";

interface Line {
  level: LogLevel;
  event: string;
  values: Readonly<Record<string, unknown>>;
}

let world: World;
let host: WorkersHost;
let miner: NodeJS.Timeout;
let lines: Line[];
let running: Workers | undefined;

beforeAll(async () => {
  world = await createWorld();
  host = await createWorkersHost({
    databaseUrl: world.database.url,
    rpcUrl: world.node.url,
    anchorKey: world.anchorKey,
  });
  miner = setInterval(() => void world.node.mine(1).catch(() => undefined), 100);
});
afterAll(async () => {
  clearInterval(miner);
  await host?.close();
  await world?.close();
});
afterEach(async () => {
  await running?.close();
  running = undefined;
});

function options(parts: Partial<WorkersOptions> = {}): WorkersOptions {
  lines = [];
  return {
    databaseUrl: world.database.url,
    rpcUrl: world.node.url,
    sealKeyFile: host.env.SEAL_KEY_FILE,
    anchorKeyFile: host.env.ANCHOR_KEY_FILE,
    guardDir: join(host.dir, "guard"),
    finality: { kind: "confirmations", count: CONFIRMATIONS },
    logger: (level, event, values = {}) => lines.push({ level, event, values }),
    ...parts,
  };
}

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 25));
}

async function isFinal({ ledgerId }: LedgerRecord): Promise<boolean> {
  const { position } = await world.store.head(ledgerId);
  return (await world.store.watermarks(ledgerId)).finalSize === position;
}

describe("the workers", () => {
  it("make several ledgers final while one is in trouble, and the verifier agrees", async () => {
    const bad = await world.open("bad.test");
    const good = [await world.open("good-1.test"), await world.open("good-2.test")];
    for (const { ledgerId } of [bad, ...good]) await appendSome(world.store, ledgerId, 20);
    await world.database.pool.query(
      "set session_replication_role = replica; update eventchain.events set data = '{}' where ledger_id = " +
        `${bad.ledgerId} and position = 5; reset session_replication_role`,
    );
    running = await runWorkers(options());
    for (const ledger of good) await until(() => isFinal(ledger));
    await until(async () => (await world.store.watermarks(bad.ledgerId)).finalSize === 4n);
    expect(await world.log.alarms(bad.ledgerId)).toMatchObject([{ code: "tampered" }]);
    await running.close();
    for (const { origin } of good) {
      const report = await verifyLedger({ database: world.database.pool, ledger: origin, chain: world.chain });
      expect(report).toMatchObject({ ok: true, size: "20", unanchored: "0", findings: [] });
    }
    const failures = lines.filter(({ event }) => event === "seal-failed");
    expect(failures.map(({ values }) => values.code)).toEqual(["tampered"]);
    expect(lines.at(-1)).toMatchObject({ event: "stopped" });
  });

  it("work with no more rights than the role eventchain_sealer has", async () => {
    const ledger = await world.open();
    const user = `sealer_${ledger.ledgerId}_${process.pid}`;
    await onServer(`create role ${user} login password 'sealer' in role eventchain_sealer`);
    try {
      await appendSome(world.store, ledger.ledgerId, 3);
      const databaseUrl = urlOf(new URL(world.database.url).pathname.slice(1), user, "sealer");
      // The queue's own tables are not the sealer's business: hints travel by none here.
      running = await runWorkers(options({ databaseUrl, redisUrl: "redis://127.0.0.1:1" }));
      await until(() => isFinal(ledger));
      await running.close();
      // The ledger of the first test is still in trouble.
      const errors = lines.filter(({ level, values }) => level === "error" && values.code !== "tampered");
      expect(errors).toEqual([]);
    } finally {
      await onServer(`drop role ${user}`);
    }
  });

  it("go on without a queue, and say so once", async () => {
    const ledger = await world.open();
    running = await runWorkers(options({ redisUrl: "redis://127.0.0.1:1" }));
    await appendSome(world.store, ledger.ledgerId, 3);
    await until(() => isFinal(ledger));
    await appendSome(world.store, ledger.ledgerId, 3);
    await until(() => isFinal(ledger));
    expect(lines.filter(({ event }) => event === "queue-unavailable")).toHaveLength(1);
  });

  it("go on when every connection to Postgres is cut, again and again", async () => {
    const ledger = await world.open();
    running = await runWorkers(options());
    for (let round = 0; round < 5; round += 1) {
      await appendSome(world.store, ledger.ledgerId, 50);
      await onServer("select pg_terminate_backend(a.pid) from pg_stat_activity a where a.datname = $1", [
        new URL(world.database.url).pathname.slice(1),
      ]);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    const fresh = openPostgresStore({ connectionString: world.database.url });
    await until(async () => (await fresh.watermarks(ledger.ledgerId)).finalSize === 250n);
    await fresh.close();
    expect(await world.log.alarms(ledger.ledgerId)).toEqual([]);
  });

  it("wait for a node that is away, say so, and go on when it is back", async () => {
    const ledger = await world.open();
    const proxy = await startProxy(world.node.url);
    running = await runWorkers(options({ rpcUrl: proxy.url }));
    await appendSome(world.store, ledger.ledgerId, 3);
    await until(() => isFinal(ledger));
    proxy.cut();
    await appendSome(world.store, ledger.ledgerId, 3);
    await until(async () => (await world.log.waiting(ledger.ledgerId)) !== null);
    expect((await world.store.watermarks(ledger.ledgerId)).sealedSize).toBe(6n);
    proxy.mend();
    await until(() => isFinal(ledger));
    expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
    expect(await world.log.alarms(ledger.ledgerId)).toEqual([]);
    await running.close();
    await proxy.close();
  });

  it("find out of a restored backup when they start, before anything is appended", async () => {
    const ledger = await world.open();
    await appendSome(world.store, ledger.ledgerId, 3);
    running = await runWorkers(options());
    await until(() => isFinal(ledger));
    await running.close();
    await world.database.pool.query(
      `set session_replication_role = replica;
       delete from eventchain.events where ledger_id = ${ledger.ledgerId} and position > 1;
       delete from eventchain.checkpoints where ledger_id = ${ledger.ledgerId};
       delete from eventchain.log_tiles where ledger_id = ${ledger.ledgerId};
       delete from eventchain.anchors where ledger_id = ${ledger.ledgerId};
       delete from eventchain.events where ledger_id = ${ledger.ledgerId};
       update eventchain.watermarks set sealed_size = 0, anchored_size = 0, final_size = 0 where ledger_id = ${ledger.ledgerId};
       reset session_replication_role`,
    );
    running = await runWorkers(options());
    await until(async () => (await world.store.findLedger(ledger.origin))?.state === "halted");
    const codes = (await world.log.alarms(ledger.ledgerId)).map(({ code }) => code);
    expect(codes.every((code) => code === "guard-mismatch" || code === "contract-ahead")).toBe(true);
    await expect(appendSome(world.store, ledger.ledgerId, 1)).rejects.toThrow("ledger-halted");
  });

  it("keep the roles apart: each stage may be a process of its own", async () => {
    const ledger = await world.open();
    const { logger: _, ...common } = options();
    const sealer = await runWorkers({ ...common, roles: ["seal"], anchorKeyFile: undefined, rpcUrl: undefined });
    await appendSome(world.store, ledger.ledgerId, 3);
    await until(async () => (await world.store.watermarks(ledger.ledgerId)).sealedSize === 3n);
    const noSeal = { sealKeyFile: undefined, guardDir: undefined };
    const anchorer = await runWorkers({ ...common, ...noSeal, roles: ["anchor"] });
    await until(async () => (await world.log.recentAnchors(ledger.ledgerId, 1)).length === 1);
    const finaliser = await runWorkers({ ...common, ...noSeal, anchorKeyFile: undefined, roles: ["finalise"] });
    await until(() => isFinal(ledger));
    await Promise.all([sealer.close(), anchorer.close(), finaliser.close()]);
    expect(await readdir(join(host.dir, "guard"))).toContain(`${ledger.origin.replace("/", "%2f")}.json`);
  });

  it("refuse what they cannot work with, in words", async () => {
    const refusal = async (parts: Partial<WorkersOptions>): Promise<unknown> => {
      try {
        running = await runWorkers(options(parts));
        return "started";
      } catch (error) {
        return error;
      }
    };
    const secret = "postgres://ada:hunter2@127.0.0.1:1/x";
    const down = await refusal({ databaseUrl: secret });
    expect(down).toMatchObject({ code: "database-unavailable" });
    expect(JSON.stringify(down)).not.toContain("hunter2");
    expect(await refusal({ databaseUrl: "mysql://x" })).toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("databaseUrl: is not a URL of postgres:"),
    });
    expect(await refusal({ guardDir: undefined })).toMatchObject({
      message: expect.stringContaining("guardDir or guardUrl: is needed for the role seal"),
    });
    expect(await refusal({ guardUrl: world.database.url })).toMatchObject({
      message: expect.stringContaining("guardUrl: is the ledger's own database"),
    });
    expect(await refusal({ rpcUrl: undefined })).toMatchObject({ message: expect.stringContaining("rpcUrl") });
    expect(await refusal({ sealKeyFile: join(host.dir, "nothing.key") })).toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("ENOENT"),
    });
    expect(await refusal({ sealKeyFile: host.env.ANCHOR_KEY_FILE })).toMatchObject({ code: "bad-key" });
    const empty = await createEmptyDatabase();
    expect(await refusal({ databaseUrl: empty.url })).toMatchObject({ code: "not-migrated" });
    await empty.drop();
  });
});

describe("a ledger", () => {
  it("that was opened with another sealing key is not sealed", async () => {
    const ledger = await world.open();
    const signer = {
      ...world.sealDeps(),
      signerFor: (line: string) => ({ ...world.sealDeps().signerFor(line), vkey: "x" }),
    };
    await appendSome(world.store, ledger.ledgerId, 1);
    const { sealBatch } = await import("@eventchain/workers");
    await expect(sealBatch(signer, ledger)).rejects.toMatchObject({ code: "bad-key" });
    expect(await openPostgresLog(world.database.pool).alarms(ledger.ledgerId)).toEqual([]);
  });
});

/** A line to a node that can be cut. */
async function startProxy(target: string): Promise<{ url: string; cut(): void; mend(): void; close(): Promise<void> }> {
  let isCut = false;
  const server: Server = createServer((request, response) => {
    if (isCut) {
      request.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const answer = await fetch(target, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: Buffer.concat(chunks),
      });
      response.setHeader("content-type", "application/json").end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

// Rules of projections, as a worker follows them: a test says when projections move and when rules are asked.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  connect,
  defineEvent,
  defineModel,
  defineProjection,
  defineSnapshots,
  type Projection,
  replaySnapshots,
  type SnapshotRule,
} from "@eventchain/ledger";
import { openPostgresProjections, openPostgresStore } from "@eventchain/store";
import { snapshotLedger } from "@eventchain/workers";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";
import { runCli } from "../support/run-cli.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const Noted = defineEvent("Noted", { schema: z.object({}) });
const model = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, ({ sum }, { data }) => ({
  sum: sum + data.n,
}));
const key = ({ stream }: { stream: string }) => stream;
const sums = defineProjection("sums", { model, key, where: { streams: ["a", "b"] } });
const later = defineProjection("sums", { version: 2, model, key, where: { streams: ["a", "b"] } });
const byThree = defineSnapshots(sums, { every: 3 });
const hourly = defineSnapshots(sums, { every: { ms: 3_600_000 } });

let database: TestDatabase;
let on: Projecting;
let nowMs: bigint;
let logged: string[];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  on = await openProjecting(database);
  nowMs = BigInt(Date.now());
  logged = [];
  return () => on.close();
});

/** As a process of its own. */
function round(rules: readonly SnapshotRule[], pool: pg.Pool = database.pool) {
  const { ledgerId, ledger } = on;
  const store = openPostgresStore({ pool });
  const app = {
    ...{ ledgerId, origin: ledger.origin, ledger, store },
    ...{ projections: [], reactions: [], snapshots: rules, isOn: () => true },
  };
  const logger = (_: string, event: string) => void logged.push(event);
  return snapshotLedger(app, { logger, clock: () => nowMs, signal: new AbortController().signal });
}

async function add(stream: string, count = 1): Promise<void> {
  for (let n = 1; n <= count; n += 1) await on.ledger.append(stream, Added({ n }));
}

/** Adds, lets the projection handle it, and asks the rules. */
async function addAndAsk(rules: readonly SnapshotRule[], stream: string, count = 1, projection: Projection = sums) {
  await add(stream, count);
  await settle(on, projection);
  return round(rules);
}

async function taken(): Promise<string[]> {
  const list: string[] = [];
  for await (const { branch, position, schema, problem } of on.ledger.snapshots()) {
    expect(problem).toBeUndefined();
    list.push(`${branch}@${position} v${schema}`);
  }
  return list;
}

const replayed = (snapshots: readonly SnapshotRule[]) =>
  replaySnapshots({ ledgerId: on.ledgerId, pool: database.pool }, { snapshots });

describe("every so many events", () => {
  test("of its own, a projection's rows are committed to, and the commitment makes none due", async () => {
    await addAndAsk([byThree], "a", 2);
    expect(await taken()).toEqual([]);
    await addAndAsk([byThree], "b");
    expect(await taken()).toEqual(["projection:sums@3 v1"]);
    for (let n = 0; n < 3; n += 1) {
      await settle(on, sums);
      await round([byThree]);
    }
    await addAndAsk([byThree], "a", 2);
    expect(await taken()).toEqual(["projection:sums@3 v1"]);
    await addAndAsk([byThree], "a");
    expect(await taken()).toEqual(["projection:sums@3 v1", "projection:sums@7 v1"]);
    expect(await replayed([byThree])).toEqual({ replayed: 2n, skipped: 0n, unfounded: [] });
  });

  test("events of other streams and types are not counted", async () => {
    await addAndAsk([byThree], "a", 2);
    await on.ledger.append("a", [Noted({}), Noted({})]);
    await addAndAsk([byThree], "c", 4);
    expect(await taken()).toEqual([]);
    await addAndAsk([byThree], "a");
    expect(await taken()).toEqual(["projection:sums@9 v1"]);
  });

  test("one that was taken by hand is counted from", async () => {
    await addAndAsk([byThree], "a", 2);
    await on.ledger.snapshotProjection(sums);
    await addAndAsk([byThree], "a", 2);
    expect(await taken()).toEqual(["projection:sums@2 v1"]);
    await addAndAsk([byThree], "a");
    expect(await taken()).toEqual(["projection:sums@2 v1", "projection:sums@6 v1"]);
  });

  test("a worker that died after one, before it could say so, finds it", async () => {
    await addAndAsk([byThree], "a", 3);
    await database.pool.query(
      `update eventchain.snapshot_cursors c set position = 0, counted = 0, hash = l.genesis_hash
         from eventchain.ledgers l where l.ledger_id = c.ledger_id and c.ledger_id = $1`,
      [on.ledgerId],
    );
    await addAndAsk([byThree], "a", 2);
    expect(await taken()).toEqual(["projection:sums@3 v1"]);
    await addAndAsk([byThree], "a");
    expect(await taken()).toEqual(["projection:sums@3 v1", "projection:sums@7 v1"]);
  });

  test("five workers at once come to one event", async () => {
    await add("a", 9);
    await settle(on, sums);
    await Promise.all([1, 2, 3, 4, 5].map(() => round([byThree])));
    await round([byThree]);
    expect(await taken()).toEqual(["projection:sums@9 v1"]);
    expect(await on.ledger.count({ filter: { types: ["$SnapshotTaken"] } })).toBe(1n);
  });
});

describe("by an interval", () => {
  test("the first is due so long after its first event, the next so long after the last, where there is more", async () => {
    const first = await addAndAsk([hourly], "a", 2);
    expect(await taken()).toEqual([]);
    expect(first.nextAtMs).toBeGreaterThan(nowMs + 3_500_000n);
    nowMs = first.nextAtMs ?? 0n;
    expect(await round([hourly])).toEqual({ more: false });
    expect(await taken()).toEqual(["projection:sums@2 v1"]);
    nowMs += 7_200_000n;
    await settle(on, sums);
    expect(await round([hourly])).toEqual({ more: false });
    await addAndAsk([hourly], "c");
    expect(await taken()).toEqual(["projection:sums@2 v1"]);
    await addAndAsk([hourly], "b");
    expect(await taken()).toEqual(["projection:sums@2 v1", "projection:sums@5 v1"]);
  });

  test("one that was taken by hand puts the next one off", async () => {
    const { nextAtMs = 0n } = await addAndAsk([hourly], "a");
    await add("a");
    await settle(on, sums);
    await on.ledger.snapshotProjection(sums);
    nowMs = nextAtMs;
    expect(await addAndAsk([hourly], "a")).toMatchObject({ nextAtMs: expect.any(BigInt) });
    expect(await taken()).toEqual(["projection:sums@2 v1"]);
  });
});

describe("is not due", () => {
  test("while the projection has no build", async () => {
    await add("a", 3);
    await round([byThree]);
    expect(await taken()).toEqual([]);
    await settle(on, sums);
    await round([byThree]);
    expect(await taken()).toEqual(["projection:sums@3 v1"]);
  });

  test.each([
    [
      "stopped",
      "update eventchain.projection_builds set stopped_at = now(), reason = 'no idea' where ledger_id = $1",
      "update eventchain.projection_builds set stopped_at = null, reason = null where ledger_id = $1",
    ],
    [
      "off",
      "insert into eventchain.handlers (ledger_id, handler, enabled, by, position, at) values ($1, 'sums', false, 'ada', 1, now())",
      "update eventchain.handlers set enabled = true where ledger_id = $1",
    ],
  ])("while the projection is %s", async (_, stop, goOn) => {
    await add("a", 3);
    await settle(on, sums);
    await database.pool.query(stop, [on.ledgerId]);
    await round([byThree]);
    expect(await taken()).toEqual([]);
    await database.pool.query(goOn, [on.ledgerId]);
    await round([byThree]);
    expect(await taken()).toEqual(["projection:sums@3 v1"]);
    expect(logged).toEqual([]);
  });

  test("where another version is live than this process has", async () => {
    await add("a", 3);
    await settle(on, sums);
    await round([defineSnapshots(later, { every: 3 })]);
    expect(await taken()).toEqual([]);
  });
});

test("after a rebuild the branch goes on: by another version from its last one, which stays", async () => {
  await addAndAsk([byThree], "a", 3);
  const next = defineSnapshots(later, { every: 3 });
  await addAndAsk([next], "a", 2, later);
  expect(await taken()).toEqual(["projection:sums@3 v1"]);
  await addAndAsk([next], "b", 1, later);
  expect(await taken()).toEqual(["projection:sums@3 v1", "projection:sums@7 v2"]);
  expect(await replayed([next])).toEqual({ replayed: 1n, skipped: 1n, unfounded: [] });
});

test("rows that are built anew in the same version go on in the branch", async () => {
  await addAndAsk([byThree], "a", 3);
  const [live] = (await on.projections.list(on.ledgerId)).projections;
  await on.projections.dropBuild(live?.live?.buildId ?? 0n);
  await addAndAsk([byThree], "a", 2);
  expect(await taken()).toEqual(["projection:sums@3 v1"]);
  await addAndAsk([byThree], "a");
  expect(await taken()).toEqual(["projection:sums@3 v1", "projection:sums@7 v1"]);
});

test("one that fails is logged and shown until it works again, and hinders no other", async () => {
  const other = defineProjection("others", { model, key });
  const rules = [byThree, defineSnapshots(other, { every: 3 })];
  await add("a", 3);
  await settle(on, sums);
  await settle(on, other);
  await database.pool.query(`alter view ledger_${on.ledgerId}.sums rename to elsewhere`);
  await round(rules);
  expect(await taken()).toEqual(["projection:others@3 v1"]);
  expect(logged).toEqual(["snapshots-stopped"]);
  const [shown] = await on.ledger.handlers().then((all) => all.filter(({ kind }) => kind === "snapshots"));
  expect(shown).toMatchObject({ name: "snapshots:projection:sums", state: "failing" });
  expect(shown?.reason).toContain("sums");
  expect((await on.ledger.status()).handlers).toContainEqual(
    expect.objectContaining({ name: "snapshots:projection:sums", state: "failing" }),
  );
  await database.pool.query(`alter view ledger_${on.ledgerId}.elsewhere rename to sums`);
  await round(rules);
  expect(await taken()).toEqual(["projection:others@3 v1", "projection:sums@3 v1"]);
  expect((await on.ledger.handlers()).filter(({ kind }) => kind === "snapshots")).toEqual([]);
});

test("a worker needs no more than the rights of eventchain_handler", async () => {
  const login = `eventchain_test_rows_${crypto.randomUUID().slice(0, 8)}`;
  await onServer(`create role ${login} login password 'test' in role eventchain_handler`);
  const pool = new pg.Pool({ connectionString: urlOf(new URL(database.url).pathname.slice(1), login, "test"), max: 3 });
  try {
    await add("a", 3);
    await settle(on, sums);
    await round([byThree], pool);
    expect(logged).toEqual([]);
    expect(await taken()).toEqual(["projection:sums@3 v1"]);
  } finally {
    await pool.end();
    await onServer(`drop role if exists ${login}`);
  }
});

test("verify --snapshots makes its rows anew by the config's rule", async () => {
  const folder = await mkdtemp(join(tmpdir(), "eventchain-rows-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  const path = join(folder, "eventchain.config.ts");
  await writeFile(
    path,
    `import { defineEvent, defineModel, defineProjection, defineSnapshots } from "@eventchain/ledger";
import { z } from "zod";
const Added = defineEvent("Added", { schema: z.object({ n: z.number() }) });
const model = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, (state, { data }) => ({ sum: state.sum + data.n }));
const sums = defineProjection("sums", { model, key: ({ stream }) => stream });
export const projections = [sums];
export const snapshots = [defineSnapshots(sums, { every: 3 })];`,
  );
  const staged = await createStagedLedger(database.pool, "rows-verified.test");
  const connection = await connect({ database: database.pool });
  try {
    const { projections, snapshots } = await import(pathToFileURL(path).href);
    const ledger = await connection.ledger(staged.origin, { projections, snapshots });
    on = { ...on, ledgerId: staged.ledgerId, projections: openPostgresProjections(database.pool), ledger };
    await addAndAsk(snapshots, "a", 3, projections[0]);
    await addAndAsk(snapshots, "b", 3, projections[0]);
    expect(await taken()).toEqual(["projection:sums@3 v1", "projection:sums@7 v1"]);
    await staged.seal();
    const global = ["--json", "--database", database.url, "--ledger", staged.origin, "--config", path];
    const { exitCode, stdout, stderr } = await runCli(["verify", "--offline", "--snapshots", ...global], {
      cwd: tmpdir(),
    });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: [], snapshots: { checked: "2" } });
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain("not replayed");
  } finally {
    await connection.close();
    await rm(folder, { recursive: true });
  }
});

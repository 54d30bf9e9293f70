import {
  type Connection,
  connect,
  defineEvent,
  defineModel,
  defineSnapshots,
  type Ledger,
  query,
  type SnapshotRule,
} from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { snapshotLedger } from "@eventchain/workers";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

const Added = defineEvent("Added", { schema: z.object({ n: z.number() }), tags: () => ["sum"] });
const sum = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, (state, { data }) => ({
  sum: state.sum + data.n,
}));
const other = defineModel("other", { initial: () => 0 }).on(Added, (count) => count + 1);
const bySize = defineSnapshots(sum, { every: 3 });

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
let ledgers = 0;
let nowMs: bigint;
let logged: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
});
beforeEach(async () => {
  staged = await createStagedLedger(database.pool, `snapshots-worker-${++ledgers}.test`);
  ledger = await connection.ledger(staged.origin, { events: [Added] });
  nowMs = BigInt(Date.now());
  logged = [];
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

function round(
  rules: readonly SnapshotRule[],
  isOn: (name: string) => boolean = () => true,
  pool: pg.Pool = database.pool,
) {
  const store = openPostgresStore({ pool });
  const app = {
    ledgerId: staged.ledgerId,
    origin: staged.origin,
    ledger,
    store,
    projections: [],
    reactions: [],
    snapshots: rules,
    isOn,
  };
  const deps = {
    logger: (_: string, event: string) => void logged.push(event),
    clock: () => nowMs,
    signal: new AbortController().signal,
  };
  return snapshotLedger(app, deps);
}

const add = (name: string, count = 1) =>
  ledger.append(
    name,
    Array.from({ length: count }, () => ({ type: "Added", data: { n: 1 }, tags: ["sum"] })),
  );

async function taken(): Promise<string[]> {
  const list: string[] = [];
  for await (const { branch, position, problem } of ledger.snapshots()) {
    expect(problem).toBeUndefined();
    list.push(`${branch}@${position}`);
  }
  return list;
}

describe("a round", () => {
  test("takes what is due of the events that came since the last one, and not of its own", async () => {
    await add("a", 2);
    await add("b", 4);
    expect(await round([bySize])).toEqual({ more: false });
    expect(await taken()).toEqual(["sum/b@5"]);
    await add("a", 1);
    await round([bySize]);
    await round([bySize]);
    expect(await taken()).toEqual(["sum/a@8", "sum/b@5"]);
  });

  test("passes over a rule that is off, which goes on from where it was", async () => {
    await add("a", 3);
    await round([bySize], () => false);
    expect(await taken()).toEqual([]);
    await round([bySize]);
    expect(await taken()).toEqual(["sum/a@3"]);
  });

  test("leaves rules that are sync to who appends", async () => {
    await add("a", 3);
    await round([defineSnapshots(sum, { every: 1, mode: "sync" })]);
    expect(await taken()).toEqual([]);
  });

  test("looks at 500 events at most, and says that there is more", async () => {
    const streams = Array.from({ length: 6 }, (_, n) => `s-${n}`);
    for (const name of streams) await add(name, 100);
    const every = defineSnapshots(sum, { every: 100 });
    expect(await round([every])).toEqual({ more: true });
    expect(await taken()).toHaveLength(5);
    expect(await round([every])).toEqual({ more: false });
    expect(await taken()).toHaveLength(6);
  });

  test("of a query takes its one branch's", async () => {
    const of = query({ tags: ["sum"] });
    await add("a", 2);
    await add("b", 2);
    await round([defineSnapshots(sum, { every: 4, of, branch: "all" })]);
    expect(await taken()).toEqual(["all@4"]);
  });

  test("by an interval takes what waits though nothing comes any more, and says when", async () => {
    const rule = defineSnapshots(sum, { every: { ms: 60_000 } });
    await add("a", 2);
    const first = await round([rule]);
    expect(await taken()).toEqual([]);
    expect(first.nextAtMs).toBeGreaterThan(nowMs);
    nowMs = first.nextAtMs ?? 0n;
    expect(await round([rule])).toEqual({ more: false });
    expect(await taken()).toEqual(["sum/a@2"]);
    nowMs += 120_000n;
    await round([rule]);
    expect(await taken()).toHaveLength(1);
  });

  test("by a predicate takes each event that asks for it", async () => {
    await add("a", 5);
    await round([defineSnapshots(sum, { every: (_, state) => state.sum % 2 === 0 })]);
    expect(await taken()).toEqual(["sum/a@2", "sum/a@4"]);
  });

  test("of a model that fails is logged, and hinders no other rule", async () => {
    const bad = defineModel("bad", { initial: () => 0 }).on(Added, () => {
      throw new Error("no idea");
    });
    await add("a", 3);
    await round([defineSnapshots(bad, { every: 1 }), bySize]);
    expect(await taken()).toEqual(["sum/a@3"]);
    expect(logged).toEqual(["snapshot-failed"]);
  });

  test("of a rule that fails shows it among the handlers, until the rule takes a snapshot again", async () => {
    let isBroken = true;
    const moody = defineModel("moody", { initial: () => 0 }).on(Added, (count) => {
      if (isBroken) throw new Error("no idea");
      return count + 1;
    });
    const rule = defineSnapshots(moody, { every: 1 });
    await add("a", 1);
    await round([rule]);
    const failing = { name: "snapshots:moody", kind: "snapshots", state: "failing" };
    expect(await ledger.handlers()).toMatchObject([{ ...failing, reason: expect.stringContaining("no idea") }]);
    await round([rule]);
    expect(await ledger.handlers()).toMatchObject([failing]);
    isBroken = false;
    await add("a", 1);
    await round([rule]);
    expect(await ledger.handlers()).toEqual([]);
    expect(await taken()).toContain("moody/a@2");
  });

  test("stops a rule whose history was forked, and says so", async () => {
    await add("a", 3);
    await round([bySize]);
    await database.pool.query("update eventchain.snapshot_cursors set hash = sha256('x') where ledger_id = $1", [
      staged.ledgerId,
    ]);
    await add("a", 3);
    await round([bySize]);
    expect(await taken()).toEqual(["sum/a@3"]);
    expect(logged).toEqual(["snapshots-stopped"]);
    expect(await ledger.handlers()).toMatchObject([
      {
        name: "snapshots:sum",
        state: "failing",
        reason: expect.stringContaining("is not in the ledger's history any more"),
      },
    ]);
    await database.pool.query("delete from eventchain.snapshot_cursors where ledger_id = $1", [staged.ledgerId]);
    // By another process, which finds nothing to take up to where the first one did.
    await round([defineSnapshots(sum, { every: 100 })]);
    expect(await ledger.handlers()).toEqual([]);
  });
});

test("a worker needs no more than the rights of eventchain_handler", async () => {
  const login = `eventchain_test_snapshots_${process.pid}_${performance.timeOrigin.toFixed(0)}`;
  await onServer(`create role ${login} login password 'test' in role eventchain_handler`);
  const pool = new pg.Pool({ connectionString: urlOf(new URL(database.url).pathname.slice(1), login, "test"), max: 3 });
  try {
    await add("a", 3);
    await round([bySize, defineSnapshots(other, { every: { ms: 1 } })], () => true, pool);
    expect(logged).toEqual([]);
    expect(await taken()).toContain("sum/a@3");
  } finally {
    await pool.end();
    await onServer(`drop role if exists ${login}`);
  }
});

test("five workers at once take each snapshot once", async () => {
  for (let n = 0; n < 20; n += 1) await add(`s-${n}`, 3);
  await Promise.all([1, 2, 3, 4, 5].map(() => round([bySize])));
  await round([bySize]);
  expect(await taken()).toHaveLength(20);
  const { rows } = await database.pool.query(
    "select count(*)::int as n from eventchain.events where ledger_id = $1 and type = '$SnapshotTaken'",
    [staged.ledgerId],
  );
  expect(rows).toEqual([{ n: 20 }]);
});

test("a round that dies before its cursor moves is done again, and its snapshots are found", async () => {
  await add("a", 3);
  await round([bySize]);
  await database.pool.query(
    "update eventchain.snapshot_cursors c set position = 0, hash = l.genesis_hash from eventchain.ledgers l where l.ledger_id = c.ledger_id and c.ledger_id = $1",
    [staged.ledgerId],
  );
  await round([bySize]);
  expect(await taken()).toEqual(["sum/a@3"]);
  expect((await ledger.status()).size).toBe(4n);
});

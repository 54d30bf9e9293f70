import {
  type Connection,
  connect,
  defineEvent,
  defineModel,
  defineProjection,
  defineSnapshots,
  type Ledger,
  type SnapshotOnceDeps,
  type SnapshotProblem,
  snapshotOnce,
} from "@eventchain/ledger";
import {
  openPostgresProjections,
  openPostgresSnapshotCursors,
  openPostgresSnapshots,
  openPostgresStore,
  type SnapshotCursors,
  type SnapshotStore,
} from "@eventchain/store";
import { verifyLedger } from "@eventchain/verifier";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { settle } from "../support/projecting.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";
import { type FaultyProxy, startFaultyProxy } from "./append-proxy.ts";

/**
 * A round of a rule: each snapshot is a commit, and the cursor is one. Each fails before it was stored, or is stored but
 * reported as failed; the next round ends as if nothing had happened. Whoever appends is hindered by neither.
 */

const Added = defineEvent("Added", { schema: z.object({ n: z.number() }) });
const sum = defineModel("sum", { initial: () => 0 }).on(Added, (total, { data }) => total + data.n);
const rule = defineSnapshots(sum, { every: 2 });

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
let ledgers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.pool });
});
beforeEach(async () => {
  staged = await createStagedLedger(database.pool, `snapshot-fault-${++ledgers}.test`);
  ledger = await connection.ledger(staged.origin, { events: [Added] });
});
afterEach(async () => {
  await staged.seal();
  const report = await verifyLedger({ database: database.pool, trust: staged.trust, offline: true, snapshots: true });
  expect(report.findings).toEqual([]);
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

const lost = () => {
  throw Object.assign(new Error("the connection was lost"), { code: "database-unavailable" });
};

function deps(parts: { snapshots?: Partial<SnapshotStore>; cursors?: SnapshotCursors } = {}): SnapshotOnceDeps {
  const { pool } = database;
  return {
    ledgerId: staged.ledgerId,
    origin: staged.origin,
    store: openPostgresStore({ pool }),
    snapshots: { ...openPostgresSnapshots(pool), ...parts.snapshots },
    cursors: parts.cursors ?? openPostgresSnapshotCursors(pool),
    projections: openPostgresProjections(pool),
    clock: () => BigInt(Date.now()),
    report: ({ detail }) => expect.unreachable(detail),
  };
}

/** A round's commit fails before it was stored, or is stored, but reported as failed. */
function lossyCursors(isStored: boolean): SnapshotCursors {
  const real = openPostgresSnapshotCursors(database.pool);
  return {
    async work(ledgerId, name, work) {
      const result = await real.work(ledgerId, name, async (round) => {
        const done = await work(round);
        return isStored ? done : lost();
      });
      return isStored ? lost() : result;
    },
  };
}

async function taken(): Promise<string[]> {
  const list: string[] = [];
  for await (const { branch, version } of ledger.snapshots()) list.push(`${branch} v${version}`);
  return list;
}

async function cursor(): Promise<unknown> {
  const { rows } = await database.pool.query("select position from eventchain.snapshot_cursors where ledger_id = $1", [
    staged.ledgerId,
  ]);
  return rows[0]?.position;
}

describe("of three snapshots that are due, the second", () => {
  beforeEach(async () => {
    for (const name of ["a", "b", "c"]) await ledger.append(name, [Added({ n: 1 }), Added({ n: 2 })]);
  });

  test.each([
    ["fails before it was stored", false],
    ["is stored, but reported as failed", true],
  ])("%s: the cursor stays, and the next round takes what is missing", async (_, isStored) => {
    const real = openPostgresSnapshots(database.pool);
    let takes = 0;
    const take: SnapshotStore["take"] = async (...given) => {
      takes += 1;
      if (takes !== 2) return real.take(...given);
      if (isStored) await real.take(...given);
      return lost();
    };
    await expect(snapshotOnce(deps({ snapshots: { take } }), rule)).rejects.toMatchObject({
      code: "database-unavailable",
    });
    expect(await cursor()).toBe("0");
    await snapshotOnce(deps(), rule);
    expect(await taken()).toEqual(["sum/a v2", "sum/b v2", "sum/c v2"]);
    expect((await ledger.watermarks()).sealedSize).toBe(0n);
    expect(await cursor()).not.toBe("0");
    const { rows } = await database.pool.query(
      "select count(*)::int as n from eventchain.events where ledger_id = $1 and type = '$SnapshotTaken'",
      [staged.ledgerId],
    );
    expect(rows).toEqual([{ n: 3 }]);
  });
});

describe("the cursor", () => {
  beforeEach(() => ledger.append("a", [Added({ n: 1 }), Added({ n: 2 })]));

  test.each([
    ["fails before it was stored", false, "0"],
    ["is stored, but reported as failed", true, "2"],
  ])("%s: the next round finds the snapshot taken", async (_, isStored, position) => {
    await expect(snapshotOnce(deps({ cursors: lossyCursors(isStored) }), rule)).rejects.toMatchObject({
      code: "database-unavailable",
    });
    expect(await cursor()).toBe(position);
    expect(await taken()).toEqual(["sum/a v2"]);
    await snapshotOnce(deps(), rule);
    expect(await taken()).toEqual(["sum/a v2"]);
  });
});

describe("a snapshot of a projection's rows, and its rule's cursor", () => {
  const rows = defineProjection("sums", { model: sum });
  const ofRows = defineSnapshots(rows, { every: 2 });
  const handle = () => settle({ ledgerId: staged.ledgerId, projections: openPostgresProjections(database.pool) }, rows);
  const rowsTaken = async () => {
    const list: string[] = [];
    for await (const { branch, position } of ledger.snapshots()) list.push(`${branch}@${position}`);
    return list;
  };
  beforeEach(async () => {
    await ledger.append("a", [Added({ n: 1 }), Added({ n: 2 })]);
    await handle();
  });

  test.each([
    ["the snapshot fails before it was stored", false],
    ["the snapshot is stored, but reported as failed", true],
  ])("%s: the cursor stays, and the next round ends with one", async (_, isStored) => {
    const real = openPostgresSnapshots(database.pool);
    const take: SnapshotStore["take"] = async (...given) => {
      if (isStored) await real.take(...given);
      return lost();
    };
    await expect(snapshotOnce(deps({ snapshots: { take } }), ofRows)).rejects.toMatchObject({
      code: "database-unavailable",
    });
    expect(await cursor()).toBe("0");
    await snapshotOnce(deps(), ofRows);
    expect(await rowsTaken()).toEqual(["projection:sums@2"]);
    expect(await cursor()).toBe("2");
  });

  test.each([
    ["the cursor fails before it was stored", false, "0"],
    ["the cursor is stored, but reported as failed", true, "2"],
  ])("%s: the next one is counted from the snapshot", async (_, isStored, position) => {
    await expect(snapshotOnce(deps({ cursors: lossyCursors(isStored) }), ofRows)).rejects.toMatchObject({
      code: "database-unavailable",
    });
    expect(await cursor()).toBe(position);
    await ledger.append("a", Added({ n: 3 }));
    await handle();
    await snapshotOnce(deps(), ofRows);
    expect(await rowsTaken()).toEqual(["projection:sums@2"]);
    await ledger.append("a", Added({ n: 4 }));
    await handle();
    await snapshotOnce(deps(), ofRows);
    expect(await rowsTaken()).toEqual(["projection:sums@2", "projection:sums@5"]);
  });
});

describe("whoever appends under a sync rule", () => {
  let proxy: FaultyProxy;
  beforeAll(async () => {
    proxy = await startFaultyProxy(database.url);
  });
  afterAll(() => proxy?.close());

  test.each([
    ["fails before it was stored", "lose-request", []],
    ["is stored, but reported as failed", "lose-response", ["sum/a v2"]],
  ] as const)("has the receipt though the snapshot %s, which is reported", async (_, fault, expected) => {
    const problems: SnapshotProblem[] = [];
    await using lossy = await connect({ database: proxy.url, report: (problem) => problems.push(problem) });
    const sync = await lossy.ledger(staged.origin, {
      events: [Added],
      snapshots: [defineSnapshots(sum, { every: 2, mode: "sync" })],
    });
    await sync.append("a", Added({ n: 1 }));
    proxy.loseNext(fault, "take_snapshot");
    const { events } = await sync.append("a", Added({ n: 2 }));
    expect(events.map(({ version }) => version)).toEqual([2n]);
    expect(problems).toMatchObject([{ code: "snapshot-failed", branch: "sum/a", position: 2n }]);
    expect(await taken()).toEqual(expected);
    await sync.append("a", Added({ n: 3 }));
    expect(await taken()).toEqual(["sum/a v2"]);
    expect(await sync.state(sum, "a")).toBe(6);
  });
});

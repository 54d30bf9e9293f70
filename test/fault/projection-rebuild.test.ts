import { defineProjection, type Projection } from "@eventchain/ledger";
import type { ProjectionStore } from "@eventchain/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Fault, type FaultMode, failing, faultModes, InjectedFault } from "../support/ledger-workers.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle, settleAll } from "../support/projecting.ts";

let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  on = await openProjecting(database);
  return () => on.close();
});

function counts(version: number, mode: "inline" | "async" = "async"): Projection {
  const extra = version === 1 ? "" : "of_version int not null default 2, ";
  const schema = `create table counts (${extra}stream text primary key, n bigint not null)`;
  return defineProjection("counts", { version, mode, schema }).on(Added, async ({ stream }, db) => {
    await db.query(
      "insert into counts (stream, n) values ($1, 1) on conflict (stream) do update set n = counts.n + 1",
      [stream],
    );
  });
}

/** The steps of `stepBuild`, each by the call that makes it durable. Of the new version's: the third moves the live one. */
interface Step {
  method: keyof ProjectionStore & string;
  nthCall: number;
  /** How the builds stand where it failed before it was stored. */
  live: string;
  building: string | undefined;
}
const steps: Record<string, Step> = {
  "1, making the build,": { method: "createBuild", nthCall: 1, live: "1@12", building: undefined },
  "2, a batch,": { method: "transact", nthCall: 1, live: "1@12", building: "2@0" },
  "3, the swap, which retires the old build,": { method: "transact", nthCall: 2, live: "1@12", building: "2@12" },
  "4, the drop of the old build,": { method: "dropRetired", nthCall: 1, live: "2@12", building: undefined },
};

describe.each(["async", "inline"] as const)("a rebuild of an %s projection", (mode) => {
  describe.each(Object.entries(steps))("whose step %s", (_name, { method, nthCall, live, building }) => {
    test.each(faultModes)(
      "failed %s it was stored goes on with a restart, and counts each event once",
      async (how: FaultMode) => {
        await on.add(12);
        await settle(on, counts(1, mode));
        const fault: Fault = { fired: false };
        const faulty = { ...on, projections: failing(on.projections, method, how, fault, nthCall) };
        await expect(settle(faulty, counts(2, mode))).rejects.toThrow(InjectedFault);
        expect(fault.fired).toBe(true);
        if (how === "before") expect(await buildsOf(on, "counts")).toMatchObject({ live, building });
        // Readers have one of the two, whole.
        expect(await on.rows("select sum(n)::int as n from $views.counts")).toEqual([{ n: 12 }]);
        await on.add(3);
        await settle(on, counts(2, mode));
        expect(await buildsOf(on, "counts")).toEqual({ live: "2@15", building: undefined, reason: null });
        expect(await on.rows("select sum(n)::int as n, max(of_version) as of from $views.counts")).toEqual([
          { n: 15, of: 2 },
        ]);
        expect(
          await on.rows("select count(*)::int as n from pg_namespace where nspname like '$views\\_build\\_%'"),
        ).toEqual([{ n: 1 }]);
      },
    );
  });
});

describe("noting that a swap is put off", () => {
  test.each(faultModes)("that failed %s it was stored is done again by a restart, or waited for", async (how) => {
    await on.add(2);
    await settle(on, counts(1));
    const reader = await database.pool.connect();
    await reader.query(`begin; select from ledger_${on.ledgerId}.counts`);
    const fault: Fault = { fired: false };
    const faulty = { ...on, projections: failing(on.projections, "putOff", how, fault) };
    await expect(settle(faulty, counts(2))).rejects.toThrow(InjectedFault);
    expect(await settle(on, counts(2))).toMatchObject({ putOff: true, reason: undefined });
    const [{ building } = { building: null }] = await on.ledger.projections();
    expect(building?.reason).toContain("its swap is put off: somebody reads");
    await reader.query("commit");
    reader.release();
    await settleAll(on, counts(2));
    expect(await buildsOf(on, "counts")).toEqual({ live: "2@2", building: undefined, reason: null });
  });
});

describe("stopping a build that cannot be swapped in", () => {
  test.each(faultModes)("that failed %s it was stored is done again by a restart", async (how: FaultMode) => {
    await on.add(2);
    await settle(on, counts(1));
    await on.rows("create view $views_report as select n from $views.counts");
    const fault: Fault = { fired: false };
    const faulty = { ...on, projections: failing(on.projections, "transact", how, fault, 3) };
    await expect(settle(faulty, counts(2))).rejects.toThrow(InjectedFault);
    expect(await settle(on, counts(2))).toMatchObject({ reason: expect.stringContaining("report") });
    expect(await on.rows("select sum(n)::int as n from $views.counts")).toEqual([{ n: 2 }]);
  });
});

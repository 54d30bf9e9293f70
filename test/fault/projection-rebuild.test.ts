import { defineProjection, type Projection } from "@eventchain/ledger";
import type { ProjectionStore } from "@eventchain/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Fault, type FaultMode, failing, faultModes, InjectedFault } from "../support/ledger-workers.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

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
const steps: Record<string, { method: keyof ProjectionStore & string; nthCall: number; building: string | undefined }> =
  {
    "1, making the build,": { method: "createBuild", nthCall: 1, building: undefined },
    "2, a batch,": { method: "transact", nthCall: 1, building: "2@0" },
    "3, the swap,": { method: "transact", nthCall: 2, building: "2@12" },
  };

describe.each(["async", "inline"] as const)("a rebuild of an %s projection", (mode) => {
  describe.each(Object.entries(steps))("whose step %s", (_name, { method, nthCall, building }) => {
    test.each(faultModes)(
      "failed %s it was stored goes on with a restart, and counts each event once",
      async (how: FaultMode) => {
        await on.add(12);
        await settle(on, counts(1, mode));
        const fault: Fault = { fired: false };
        const faulty = { ...on, projections: failing(on.projections, method, how, fault, nthCall) };
        await expect(settle(faulty, counts(2, mode))).rejects.toThrow(InjectedFault);
        expect(fault.fired).toBe(true);
        if (how === "before") expect(await buildsOf(on, "counts")).toMatchObject({ live: "1@12", building });
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

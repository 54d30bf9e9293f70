import { defineProjection, type Projection } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { asAdministrator } from "../support/ledger-workers.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";

/** A history is put back to an older backup, and grows on. */
let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

function seen(mode: "inline" | "async"): Projection {
  return defineProjection("seen", { mode, schema: "create table seen (n int)" }).on(Added, ({ data }, db) =>
    db.query("insert into seen values ($1)", [data.n]),
  );
}

describe.each(["inline", "async"] as const)(
  "a projection (%s) that is past the head of a history that was put back",
  (mode) => {
    beforeEach(async () => {
      on = await openProjecting(database, [seen(mode)]);
      await on.add(20, 1);
      await settle(on, seen(mode));
      for (const table of ["event_tags", "events"])
        await asAdministrator(
          database.pool,
          on.ledgerId,
          `delete from eventchain.${table} where ledger_id = $1 and position > 10`,
        );
      return () => on.close();
    });

    test("is not told to have an event that came after, whether or not a worker is there", async () => {
      const receipt = await on.ledger.append("s", Added({ n: 1000 }));
      const refused = { code: "projection-stopped", values: { reason: expect.stringMatching(/^forked: /) } };
      await expect(receipt.projected("seen")).rejects.toMatchObject(refused);
      await settle(on, seen(mode));
      await expect(receipt.projected("seen")).rejects.toMatchObject(refused);
      expect(await on.ledger.count()).toBe(11n);
    });

    test("is stopped in the status, and behind by nothing that there is", async () => {
      const status = { state: "stopped", behind: 0n, reason: expect.stringMatching(/^forked: /) };
      expect(await on.ledger.projections()).toMatchObject([status]);
      expect(await on.ledger.handlers()).toMatchObject([{ state: "stopped", reason: status.reason }]);
    });

    test("is stopped by the worker where the new history has come to its position", async () => {
      await on.add(10, 1);
      expect(await settle(on, seen(mode))).toMatchObject({ reason: expect.stringMatching(/^forked: /) });
    });
  },
);

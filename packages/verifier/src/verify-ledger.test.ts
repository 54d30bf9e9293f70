import { expect, test } from "vitest";
import { verifyLedger } from "./verify-ledger.ts";

test.each([0, -1, 1.5, 65, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d threads", async (threads) => {
  const done = verifyLedger({ database: "postgres://127.0.0.1:1/none", offline: true, threads });
  await expect(done).rejects.toMatchObject({ code: "invalid-argument", values: { threads } });
});

import {
  type Connection,
  connect,
  defineEvent,
  defineModel,
  defineSnapshots,
  type SnapshotProblem,
} from "@eventchain/ledger";
import { verifyLedger } from "@eventchain/verifier";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const Added = defineEvent("Added", { schema: z.object({ n: z.number() }) });
const list = defineModel("list", { initial: () => [] as readonly number[] }).on(Added, (all, { data }) => [
  ...all,
  data.n,
]);
const APPENDERS = 5;
const EACH = 12;
const EVERY = 4;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

test("five connections that append to one stream take each snapshot once, at the same versions as one would", async () => {
  const staged = await createStagedLedger(database.pool, "racing.test");
  const problems: SnapshotProblem[] = [];
  const connections: Connection[] = [];
  try {
    const rule = defineSnapshots(list, { every: EVERY, mode: "sync" });
    await Promise.all(
      Array.from({ length: APPENDERS }, async (_, who) => {
        const connection = await connect({
          database: database.url,
          maxConnections: 2,
          report: (one) => problems.push(one),
        });
        connections.push(connection);
        const ledger = await connection.ledger(staged.origin, { events: [Added], snapshots: [rule] });
        for (let n = 0; n < EACH; n += 1) await ledger.append("s", Added({ n: who * EACH + n }));
      }),
    );
    const [first] = connections;
    const ledger = await (first ?? expect.unreachable()).ledger(staged.origin);
    const versions: (bigint | undefined)[] = [];
    for await (const { version, problem } of ledger.snapshots()) {
      expect(problem).toBeUndefined();
      versions.push(version);
    }
    expect(versions).toEqual(Array.from({ length: (APPENDERS * EACH) / EVERY }, (_, n) => BigInt((n + 1) * EVERY)));
    const taken = await ledger.count({ filter: { types: ["$SnapshotTaken"] } });
    expect(taken).toBe(BigInt(versions.length));
  } finally {
    for (const connection of connections) await connection.close();
  }
  expect(problems).toEqual([]);
  await staged.seal();
  expect((await verifyLedger({ database: database.pool, trust: staged.trust, offline: true })).findings).toEqual([]);
});

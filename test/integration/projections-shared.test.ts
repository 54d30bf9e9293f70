import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { checkProjection, connect } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Counted, countingProjections } from "../support/counting-config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";

const program = fileURLToPath(new URL("../support/project-process.ts", import.meta.url));
const config = fileURLToPath(new URL("../support/counting-config.ts", import.meta.url));
const children: ChildProcess[] = [];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await database.drop();
});

async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, database.url, config], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}

test("two workers share a ledger's projections: each event is handled once, and receipts find it there", {
  timeout: 60_000,
}, async () => {
  const { origin, ledgerId } = await createLedger(openPostgresStore({ pool: database.pool }));
  await using connection = await connect({ database: database.pool });
  const ledger = await connection.ledger(origin, { events: [Counted] });
  await Promise.all([start(), start()]);
  const projections = Object.values(countingProjections(1));
  // This process does not have them: it can wait for one once the ledger knows it.
  await vi.waitFor(async () => expect(await ledger.projections()).toHaveLength(projections.length), 20_000);
  for (let round = 0; round < 20; round += 1) {
    const receipts = await Promise.all(
      Array.from({ length: 10 }, (_, n) => ledger.append(`s-${n}`, [Counted({ n }), Counted({ n: round })])),
    );
    const [receipt] = receipts;
    if (round % 5 === 0) for (const { name } of projections) await receipt?.projected(name, { timeout: 20_000 });
  }
  const last = await ledger.append("s-0", Counted({ n: 1 }));
  for (const projection of projections) {
    await last.projected(projection.name, { timeout: 20_000 });
    expect(await checkProjection({ ledgerId, pool: database.pool }, projection)).toMatchObject({
      kind: "compared",
      differences: [],
    });
  }
  expect(await ledger.projections()).toMatchObject(projections.map(() => ({ state: "live", behind: 0n })));
  // The next worker goes on where one of two has died.
  children[0]?.kill("SIGKILL");
  const later = await ledger.append("s-0", Counted({ n: 1 }));
  for (const { name } of projections) await later.projected(name, { timeout: 20_000 });
});

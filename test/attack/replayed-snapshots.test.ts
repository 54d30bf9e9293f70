import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { randomBytes } from "@eventchain/core";
import { type Connection, connect, type Ledger, type LedgerOptions } from "@eventchain/ledger";
import { openPostgresSnapshots } from "@eventchain/store";
import { newEvent } from "@eventchain/store/testing";
import type { VerifyReport } from "@eventchain/verifier";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCli } from "../support/run-cli.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

// Snapshots as the SDK takes them; and one by whoever may call the function, with a state that no event gives.

const CONFIG = `
import { defineEvent, defineModel, defineSnapshots, query } from "@eventchain/ledger";
import { z } from "zod";
const Changed = defineEvent("Changed", { schema: z.object({ n: z.number() }) });
const sum = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Changed, (state, { data }) => ({ sum: state.sum + data.n }));
export const snapshots = [
  defineSnapshots(sum, { every: 5, mode: "sync" }),
  defineSnapshots(sum, { every: 20, mode: "sync", of: query({ types: [Changed] }), branch: "all" }),
];`;

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
let folder = "";
let ledgers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
  folder = await mkdtemp(join(tmpdir(), "eventchain-snapshots-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "eventchain.config.ts"), CONFIG);
});
beforeEach(async () => {
  staged = await createStagedLedger(database.pool, `replayed-${++ledgers}.test`);
  const options = (await import(pathToFileURL(join(folder, "eventchain.config.ts")).href)) as LedgerOptions;
  ledger = await connection.ledger(staged.origin, { snapshots: options.snapshots });
  for (let n = 1; n <= 60; n += 1) await ledger.append(`s-${n % 3}`, { type: "Changed", data: { n } });
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
  await rm(folder, { recursive: true });
});

async function verify(...args: string[]): Promise<{ exitCode: number | null; report: VerifyReport; stderr: string }> {
  await staged.seal();
  const global = ["--json", "--database", database.url, "--ledger", staged.origin];
  const { exitCode, stdout, stderr } = await runCli(["verify", "--offline", "--snapshots", ...args, ...global], {
    cwd: tmpdir(),
  });
  return { exitCode, report: JSON.parse(stdout) as VerifyReport, stderr };
}
const withConfig = () => verify("--config", join(folder, "eventchain.config.ts"));

/** As somebody who may drop triggers. */
async function spoil(columns: string): Promise<bigint> {
  const { rows } = await database.pool.query<{ at: string }>(
    `update eventchain.snapshots set ${columns}
     where ledger_id = $1 and branch = 'sum/s-1' and version = 10 returning event_position as at`,
    [staged.ledgerId],
  );
  return BigInt(rows[0]?.at ?? "0");
}

describe("verify --snapshots, of what the SDK has taken", () => {
  test("finds nothing, and nothing more by replaying it with the config's models", async () => {
    const { exitCode, report, stderr } = await withConfig();
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ ok: true, findings: [], snapshots: { checked: "15", pruned: "0" } });
    expect(stderr).not.toContain("not replayed");
  });

  test.each([
    ["its state", `state = '{"sum":1}'`],
    ["its position", "position = position + 1"],
  ])("%s changed by SQL: not used, and reported", async (_, columns) => {
    const { sum } = await import(pathToFileURL(join(folder, "eventchain.config.ts")).href).then(
      ({ snapshots: [{ model }] }) => ({ sum: model }),
    );
    const before = await ledger.state(sum, "s-1");
    const position = (await spoil(columns)).toString();
    expect(await ledger.state(sum, "s-1")).toEqual(before);
    for (const { exitCode, report } of [await verify(), await withConfig()]) {
      expect(exitCode).toBe(1);
      expect(report.findings).toMatchObject([{ kind: "bad-snapshot", position, branch: "sum/s-1" }]);
    }
  });

  test("a state that was committed to, but that no event gives, is found by replaying alone", async () => {
    const { id, salt, metaSalt } = newEvent();
    const { eventPosition } = await openPostgresSnapshots(database.pool).take(staged.ledgerId, {
      ...{ branch: "sum/s-2", of: "s-2", position: 2n, version: 1n, schema: 1, state: '{"sum":3}' },
      salt: randomBytes(32),
      event: { id, salt, metaSalt, metadata: "{}" },
    });
    expect((await verify()).report.findings).toEqual([]);
    const { exitCode, report } = await withConfig();
    expect(exitCode).toBe(1);
    expect(report.findings).toEqual([
      {
        kind: "bad-snapshot",
        position: eventPosition.toString(),
        branch: "sum/s-2",
        detail: "the snapshot of position 2: its state is not what its events give",
      },
    ]);
  });

  test("of a model that the config has not: said, and no finding", async () => {
    await writeFile(join(folder, "other.config.ts"), CONFIG.replace('defineModel("sum"', 'defineModel("other"'));
    const { exitCode, stderr } = await verify("--config", join(folder, "other.config.ts"));
    expect(exitCode).toBe(0);
    expect(stderr).toContain("12 snapshots were not replayed");
  });
});

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect } from "@eventchain/ledger";
import { openPostgresProjections, openPostgresStore } from "@eventchain/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Counted } from "../support/counting-config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";
import { type CliResult, ended, runCli, startCli } from "../support/run-cli.ts";

const config = fileURLToPath(new URL("../support/counting-config.ts", import.meta.url));
const EVENTS = 10_000;

let database: TestDatabase;
let ledgerId: bigint;
beforeAll(async () => {
  database = await createTestDatabase();
  const store = openPostgresStore({ pool: database.pool });
  ({ ledgerId } = await createLedger(store, "replay.test"));
  await createLedger(store, "other.test");
  await using connection = await connect({ database: database.url });
  const ledger = await connection.ledger("replay.test", { events: [Counted] });
  for (let done = 0; done < EVENTS; done += 1_000)
    await ledger.append(
      `s-${done / 1_000}`,
      Array.from({ length: 1_000 }, (_, n) => Counted({ n })),
    );
});
afterAll(() => database.drop());

const args = (...given: string[]): string[] => [
  ...["--database", database.url, "--config", config, "--ledger", "replay.test", "replay"],
  ...given,
];
const replay = (...given: string[]): Promise<CliResult> => runCli(args(...given));

async function buildOf(name: string) {
  const { projections } = await openPostgresProjections(database.pool).list(ledgerId);
  return projections.find((projection) => projection.name === name);
}

describe("replay", () => {
  test("prints one JSON document, and nothing but it", async () => {
    const { stdout, stderr, exitCode } = await replay("by-batch", "--json");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(JSON.parse(stdout)).toEqual({
      projection: "by-batch",
      version: 1,
      build: expect.stringMatching(/^\d+$/),
      events: String(EVENTS),
      seconds: expect.any(Number),
      eventsPerSecond: expect.any(Number),
      swapped: true,
    });
    const { rows } = await database.pool.query(`select sum(events)::int as n from ledger_${ledgerId}.by_batch`);
    expect(rows).toEqual([{ n: EVENTS }]);
  });

  test("says in words what it did", async () => {
    const { stdout, exitCode } = await replay("by-model");
    expect(stdout).toMatch(
      /^by-model version 1 was built from 10000 events in [\d.]+ s \(\d+ events\/s\), and is live\n$/,
    );
    expect(exitCode).toBe(0);
  });

  test("of two projections, and twice of one, may run at once", async () => {
    const all = await Promise.all([
      replay("by-batch", "--json"),
      replay("by-batch", "--json"),
      replay("in-append", "--json"),
    ]);
    expect(all.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect((await buildOf("by-batch"))?.building).toBeNull();
  });

  test("runs no reaction", async () => {
    const { rows } = await database.pool.query("select * from eventchain.reaction_tasks");
    expect(rows).toEqual([]);
  });

  test("that is interrupted leaves a build, which the next one finishes", async () => {
    const child = startCli(args("by-event", "--json"));
    const result = ended(child);
    while (child.exitCode === null && (await buildOf("by-event"))?.building == null)
      await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    await once(child, "exit");
    expect(await result).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('"code":"aborted"') });
    const left = (await buildOf("by-event"))?.building;
    const { stdout } = await replay("by-event", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ build: String(left?.buildId), swapped: true });
  });

  test("with --cancel drops a build, or says that there is none", async () => {
    const draft = {
      name: "by-batch",
      version: 1,
      mode: "async",
      schema: "create table by_batch (a int)",
      describe: undefined,
    } as const;
    await openPostgresProjections(database.pool).createBuild(ledgerId, draft);
    expect(JSON.parse((await replay("by-batch", "--cancel", "--json")).stdout)).toEqual({
      projection: "by-batch",
      cancelled: true,
    });
    expect(JSON.parse((await replay("by-batch", "--cancel", "--json")).stdout)).toEqual({
      projection: "by-batch",
      cancelled: false,
    });
    expect((await buildOf("by-batch"))?.live).not.toBeNull();
  });
});

describe("replay is refused", () => {
  const refused = async (given: string[], environment: Record<string, string> = {}) => {
    const { stdout, exitCode } = await runCli(given, { env: environment });
    return { exitCode, error: JSON.parse(stdout).error };
  };

  test("for an unknown name, and names those that there are", async () => {
    expect(await refused(args("by-bach", "--json"))).toEqual({
      exitCode: 2,
      error: {
        code: "not-found",
        message: 'the config has no projection "by-bach": it has by-event, by-batch, by-model, in-append',
        projection: "by-bach",
        projections: ["by-event", "by-batch", "by-model", "in-append"],
      },
    });
  });

  test("without --ledger where there are several", async () => {
    const given = ["--database", database.url, "--config", config, "replay", "by-batch", "--json"];
    expect(await refused(given)).toMatchObject({
      exitCode: 2,
      error: { code: "invalid-argument", ledgers: ["replay.test", "other.test"] },
    });
  });

  test("without a config", async () => {
    const given = ["--database", database.url, "--ledger", "replay.test", "replay", "by-batch", "--json"];
    expect(await refused(given)).toMatchObject({ exitCode: 2, error: { code: "config-invalid" } });
  });

  test("where a later version is live, unless --older is given", async () => {
    await replay("by-batch");
    await database.pool.query("update eventchain.projection_builds set version = 9 where name = 'by-batch'");
    expect(await refused(args("by-batch", "--json"))).toMatchObject({
      exitCode: 1,
      error: { code: "conflict", version: 1, live: 9 },
    });
    expect(await replay("by-batch", "--older")).toMatchObject({ exitCode: 0 });
    expect((await buildOf("by-batch"))?.live).toMatchObject({ version: 1 });
  });

  test("with --clean and --cancel", async () => {
    expect(await refused(args("by-batch", "--clean", "--cancel", "--json"))).toMatchObject({
      exitCode: 2,
      error: { code: "invalid-argument" },
    });
  });

  test("where the new build stops, and says why", async () => {
    await database.pool.query(`create view public.in_the_way as select events from ledger_${ledgerId}.by_batch`);
    const { exitCode, error } = await refused([...args("by-batch", "--json")], { VERSION: "2" });
    expect({ exitCode, error }).toMatchObject({
      exitCode: 2,
      error: { code: "projection-stopped", message: expect.stringContaining("in_the_way") },
    });
    await database.pool.query("drop view public.in_the_way");
    expect((await runCli(args("by-batch"), { env: { VERSION: "2" } })).exitCode).toBe(0);
  });
});

import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { connect, type Ledger, type Projection, projectOnce } from "@eventchain/ledger";
import { openPostgresProjections } from "@eventchain/store";
import type { VerifyReport } from "@eventchain/verifier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCli } from "../support/run-cli.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

// 400 events of 20 tickets, and what three projections made of them: tables with a key, with a numbered key, without one;
// a model's states, some events of which were passed over.

const config = (version: number): string => `
import { defineEvent, defineModel, defineProjection } from "@eventchain/ledger";
import { z } from "zod";
const Changed = defineEvent("Changed", { schema: z.object({ ticket: z.string(), n: z.number() }) });
const ticket = defineModel("ticket", { initial: () => ({ sum: 0 }) })
  .on(Changed, (state, { data }) => {
    if (data.n % 50 === 0) throw new Error("not this one");
    return { sum: state.sum + data.n };
  });
const tickets = defineProjection("tickets", {
  version: ${version},
  schema: \`create table tickets (ticket text, half int, last bigint not null, primary key (ticket, half));
           create table changes (id bigint generated always as identity primary key, ticket text not null, n int not null);
           create view busy as select ticket from tickets;\`,
}).on(Changed, async ({ data, position }, db) => {
  await db.query("insert into tickets values ($1, $2, $3) on conflict (ticket, half) do update set last = excluded.last",
    [data.ticket, data.n % 2, position]);
  await db.query("insert into changes (ticket, n) values ($1, $2)", [data.ticket, data.n]);
});
const bare = defineProjection("bare", { schema: "create table bare (n int)", where: { streams: ["ticket-3"] } })
  .on(Changed, async ({ data }, db) => { await db.query("insert into bare values ($1), ($1)", [data.n]); });
const sums = defineProjection("sums", { model: ticket, key: (event) => event.stream, onError: "dead-letter" });
export const projections = [tickets, bare, sums];
`;

let database: TestDatabase;
let staged: StagedLedger;
let folder = "";
let views = "";

beforeAll(async () => {
  database = await createTestDatabase();
  staged = await createStagedLedger(database.pool, "projections.test");
  views = `ledger_${staged.ledgerId}`;
  folder = await mkdtemp(join(tmpdir(), "eventchain-projections-"));
  await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  for (const version of [1, 2]) await writeFile(join(folder, `v${version}.config.ts`), config(version));
  await using connection = await connect({ database: database.url });
  const ledger = await connection.ledger("projections.test");
  for (let n = 1; n <= 400; n += 1) await append(ledger, n);
  await catchUp();
  // The live builds stand behind the ledger's head.
  await append(ledger, 401);
  await staged.seal();
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});

const append = (ledger: Ledger, n: number) => {
  const data = { ticket: `${n % 20}`, n };
  return ledger.append(`ticket-${n % 20}`, { type: "Changed", data });
};

async function catchUp(): Promise<void> {
  const module = (await import(pathToFileURL(join(folder, "v1.config.ts")).href)) as { projections: Projection[] };
  const store = openPostgresProjections(database.pool);
  const deps = { ledgerId: staged.ledgerId, projections: store };
  for (;;) {
    const { headPosition, projections } = await store.list(staged.ledgerId);
    const isDone = ({ name }: Projection) =>
      projections.some((each) => each.name === name && each.live?.position === headPosition);
    if (module.projections.every(isDone)) return;
    for (const projection of module.projections)
      await projectOnce(
        deps,
        projection,
        projections.find(({ name }) => name === projection.name),
        headPosition,
      );
  }
}

async function verify(version = 1): Promise<{ exitCode: number | null; report: VerifyReport; stderr: string }> {
  const global = ["--json", "--database", database.url, "--config", join(folder, `v${version}.config.ts`)];
  const { exitCode, stdout, stderr } = await runCli(["verify", "--offline", "--projections", ...global]);
  return { exitCode, report: JSON.parse(stdout) as VerifyReport, stderr };
}

/** What is found after a change, which is taken back. */
async function findings(...changes: string[]): Promise<unknown[]> {
  const tables = ["tickets", "changes", "bare", "sums"];
  for (const table of tables)
    await database.pool.query(`create table public.kept_${table} as select * from ${views}.${table}`);
  try {
    for (const sql of changes) await database.pool.query(sql);
    const { exitCode, report } = await verify();
    expect([exitCode, report.ok]).toEqual([report.findings.length === 0 ? 0 : 1, report.findings.length === 0]);
    return report.findings.map(({ kind, projection, position, detail }) => [kind, projection, position, detail]);
  } finally {
    for (const table of tables) {
      const given = table === "changes" ? "overriding system value" : "";
      await database.pool.query(
        `delete from ${views}.${table}; insert into ${views}.${table} ${given} select * from public.kept_${table}; drop table public.kept_${table}`,
      );
    }
  }
}

const bad = (projection: string, detail: string) => [
  "bad-projection",
  projection,
  undefined,
  `${detail}, by the events up to 400`,
];

describe("verify --projections", () => {
  test("finds nothing in honest projections, views by others' roles and events passed over among them", async () => {
    expect(await findings()).toEqual([]);
    const { rows } = await database.pool.query("select count(*)::int as n from eventchain.projection_dead_letters");
    expect(rows[0]).toEqual({ n: 8 });
  });

  test.each([
    [
      "a value changed",
      "update v.tickets set last = 1 where ticket = '7'",
      ["tickets", 'tickets {"half":1,"ticket":"7"}: differs in last'],
    ],
    [
      "a row deleted",
      "delete from v.tickets where ticket = '7'",
      ["tickets", 'tickets {"half":1,"ticket":"7"}: is missing'],
    ],
    [
      "a row added",
      "insert into v.tickets values ('99', 0, 1)",
      ["tickets", 'tickets {"half":0,"ticket":"99"}: should not be there'],
    ],
    [
      "a row of a numbered table deleted",
      "delete from v.changes where n = 17",
      ["tickets", 'changes {"n":17,"ticket":"17"}: is missing'],
    ],
    [
      "a row of a table without a key doubled",
      "insert into v.bare values (3)",
      ["bare", 'bare {"n":3}: is there 3 times, not 2'],
    ],
    [
      "a model's state changed",
      `update v.sums set state = '{"sum":1}' where key = 'ticket-5'`,
      ["sums", 'sums {"key":"ticket-5"}: differs in state'],
    ],
  ])("%s: one bad-projection", async (_, sql, [projection, detail]) => {
    expect(await findings(sql.replaceAll("v.", `${views}.`))).toEqual([bad(projection as string, detail as string)]);
  });

  test("numbers that the database gives out are its own", async () => {
    expect(
      await findings(`with gone as (delete from ${views}.changes returning *)
       insert into ${views}.changes overriding system value select id + 1000, ticket, n from gone`),
    ).toEqual([]);
  });

  test("many rows: the first are named, the others counted", async () => {
    const found = (await findings(`update ${views}.changes set n = -n`)) as unknown[][];
    expect(found).toHaveLength(21);
    expect(found.at(-1)).toEqual(["bad-projection", "tickets", undefined, "and 780 more rows that differ"]);
  });

  test("the view that people read, given other rows than the build's table", async () => {
    const { rows } = await database.pool.query<{ sql: string }>(`select pg_get_viewdef('${views}.bare') as sql`);
    const was = `create or replace view ${views}.bare as ${rows[0]?.sql}`;
    await database.pool.query(was.replace(/;\s*$/, " where n <> 3;"));
    const { report } = await verify();
    await database.pool.query(was);
    expect(report.findings.map(({ detail }) => detail)).toEqual(['bare {"n":3}: is missing, by the events up to 400']);
  });

  test("with a config of another version than what is live it cannot judge: exit code 2", async () => {
    const { exitCode, report } = await verify(2);
    expect(exitCode).toBe(2);
    expect(report).toMatchObject({
      error: { code: "config-invalid", message: expect.stringContaining("version 1 is live") },
    });
  });

  test("an event altered as well is told of alone: there is nothing to compare with", async () => {
    const change = (from: number, to: number) =>
      database.pool.query(
        `set session_replication_role = replica;
         update eventchain.events set data = replace(data::text, '"n":${from}', '"n":${to}')::json
         where ledger_id = ${staged.ledgerId} and position = 7;
         reset session_replication_role`,
      );
    await change(7, 8);
    const { exitCode, report, stderr } = await verify();
    await change(8, 7);
    expect(exitCode).toBe(1);
    expect(report.findings.map(({ kind, position }) => [kind, position])).toEqual([["altered", "7"]]);
    expect(stderr).toContain("nothing was made anew");
  });

  test("leaves nothing behind", async () => {
    const { rows } = await database.pool.query("select nspname from pg_namespace where nspname like '%scratch%'");
    expect(rows).toEqual([]);
  });

  test("without a config: exit code 2", async () => {
    const result = await runCli(["verify", "--offline", "--projections", "--json", "--database", database.url], {
      cwd: tmpdir(),
    });
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toContain("--config");
  });
});

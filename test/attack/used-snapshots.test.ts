import { type Connection, connect, defineSnapshots, type Ledger, type SnapshotProblem } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { accountCommands, balance, deposit, streamOf, withdraw } from "../support/account-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

/** Whoever may write to the tables changes a snapshot: no state and no decision is made of it, and it is reported. */

const account = "a";
const stream = streamOf({ account });
const ada = { actor: "ada" };
let database: TestDatabase;
let connection: Connection;
let ledger: Ledger;
let origin: string;
let ledgerId: bigint;
let problems: SnapshotProblem[];
let ledgers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** Two snapshots, at positions 2 and 5: the balance is 2 and 4 there, and 5 at the end. */
beforeEach(async () => {
  problems = [];
  origin = `used-snapshots-${++ledgers}.test`;
  ({ ledgerId } = await createStagedLedger(database.pool, origin));
  await reopen();
  for (let n = 0; n < 5; n += 1) await ledger.execute(deposit, { account, amount: 1 }, ada);
  expect(await positions()).toEqual([2n, 5n]);
  expect(problems).toEqual([]);
  // Nothing is kept in memory then.
  await connection.close();
  await reopen();
  return () => connection.close();
});

async function reopen(): Promise<void> {
  connection = await connect({ database: database.url, report: (problem) => problems.push(problem) });
  const snapshots = [defineSnapshots(balance, { every: 2, mode: "sync" })];
  ledger = await connection.ledger(origin, { commands: accountCommands, snapshots });
}

async function positions(): Promise<bigint[]> {
  const list: bigint[] = [];
  for await (const { position } of ledger.snapshots()) list.push(position);
  return list;
}

/** As a superuser, past the triggers. */
async function spoil(statement: string): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query("begin; set local session_replication_role = replica");
    const { rowCount } = await client.query(statement.replaceAll("$ledger", `ledger_id = ${ledgerId}`));
    expect(rowCount).toBe(1);
    await client.query("commit");
  } finally {
    client.release(true);
  }
}

const newest = `$ledger and position = 5`;
const itsEvent = `$ledger and position = 6`;
const richer = `'{"entries":4,"frozen":false,"sum":4000}'`;

const attacks: readonly (readonly [string, string])[] = [
  ["its state", `update eventchain.snapshots set state = ${richer} where ${newest}`],
  ["its salt", `update eventchain.snapshots set salt = sha256('x') where ${newest}`],
  ["its row's version", `update eventchain.snapshots set version = 3 where ${newest}`],
  ["its row's position, to an earlier one", `update eventchain.snapshots set position = 4 where ${newest}`],
  ["its row's position, to a later one", `update eventchain.snapshots set position = 7 where ${newest}`],
  ["what it is of", `update eventchain.snapshots set of = 'account-b' where ${newest}`],
  ["which event it names", `update eventchain.snapshots set event_position = 7 where ${newest}`],
  ["its event, deleted", `delete from eventchain.events where ${itsEvent}`],
  [
    "its event's data",
    `update eventchain.events set data = replace(data::text, '"position":"5"', '"position":"4"')::json where ${itsEvent}`,
  ],
  [
    "its event's data and the row together",
    `with row as (update eventchain.snapshots set state = ${richer} where ${newest} returning salt) update eventchain.events set data = replace(data::text, data ->> 'stateHash', encode(sha256('\\x53' || row.salt || convert_to(${richer}, 'UTF8')), 'hex'))::json from row where ${itsEvent}`,
  ],
  ["its event's stream", `update eventchain.events set stream = '$snapshot/other' where ${itsEvent}`],
  ["its event's type", `update eventchain.events set type = 'SnapshotTaken' where ${itsEvent}`],
  ["its event, erased", `update eventchain.events set data = null, salt = null where ${itsEvent}`],
];

describe.each(attacks)("changed in %s, a snapshot", (_, statement) => {
  beforeEach(() => spoil(statement));

  test("is no part of a state, and is reported", async () => {
    expect(await ledger.state(balance, stream)).toEqual({ sum: 5, entries: 5, frozen: false });
    expect(problems.map(({ code, ledger: where, branch }) => [code, where, branch])).toEqual([
      ["bad-snapshot", origin, `balance/${stream}`],
    ]);
  });

  test("is no part of a decision, and is reported", async () => {
    const receipt = await ledger.execute(withdraw, { account, amount: 6 }, ada);
    expect(receipt.status).toBe("rejected");
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every(({ code }) => code === "bad-snapshot")).toBe(true);
  });

  test("is listed with what is wrong with it", async () => {
    const listed: (string | undefined)[] = [];
    for await (const { problem } of ledger.snapshots()) listed.push(problem);
    expect(listed.map((problem) => problem === undefined)).toEqual([true, false]);
  });
});

test("deleted, a snapshot is not missed: the one before it, and the events, give the state", async () => {
  await spoil(`delete from eventchain.snapshots where ${newest}`);
  expect(await ledger.state(balance, stream)).toMatchObject({ sum: 5 });
  expect(problems).toEqual([]);
});

test("where several are changed, a bounded number of them is tried, and the events are replayed", async () => {
  for (let n = 0; n < 10; n += 1) await ledger.execute(deposit, { account, amount: 1 }, ada);
  await database.pool.query(`update eventchain.snapshots set salt = sha256('x') where ledger_id = $1`, [ledgerId]);
  problems.length = 0;
  expect(await ledger.state(balance, stream)).toMatchObject({ sum: 15 });
  expect(problems).toHaveLength(3);
});

test("a snapshot that another ledger's row was copied from is not used", async () => {
  await database.pool.query(
    `insert into eventchain.snapshots select ledger_id, branch || '-2', position, schema, of || '-2', version, state, salt, event_position, taken_at
       from eventchain.snapshots where ledger_id = $1 and position = 5`,
    [ledgerId],
  );
  expect(await ledger.state(balance, `${stream}-2`)).toMatchObject({ sum: 0 });
  expect(problems).toMatchObject([{ code: "bad-snapshot", branch: `balance/${stream}-2` }]);
});

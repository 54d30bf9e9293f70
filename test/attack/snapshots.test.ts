import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import type { LedgerBuilder } from "../support/ledger-builder.ts";
import { takeSnapshot } from "../support/take-snapshot.ts";

// Three streams of 40 events, a snapshot of each after every fourth of its events, and one of a query after every 30th of
// all. Sealed but for the last ones; partly anchored.

const STREAMS = ["ticket-1", "ticket-2", "ticket-3"] as const;

async function build(ledger: LedgerBuilder): Promise<void> {
  for (let version = 1; version <= 40; version++) {
    for (const stream of STREAMS) {
      await ledger.append([{ stream }]);
      const position = BigInt(ledger.events.length);
      if (version % 4 !== 0) continue;
      const state = { n: version, words: ["ö", '"', "\n"] };
      await takeSnapshot(ledger, { branch: `ticket/${stream}`, of: stream, position, version: BigInt(version), state });
    }
    if (version % 10 !== 0) continue;
    const position = BigInt(ledger.events.length);
    // States of one query by two schemas of its model.
    for (const schema of [1, 2])
      await takeSnapshot(ledger, { branch: "open", of: "open", position, schema, state: [schema] });
  }
  await ledger.seal(100n).then(() => ledger.anchor());
  await ledger.seal(BigInt(ledger.events.length - 5));
}

let stage: AttackStage;
/** The events of the snapshots of ticket-2, in their order. */
let taken: bigint[];
beforeAll(async () => {
  stage = await setTheStage(build, "attack.test/snapshots");
  const branch = (at: string): bigint[] =>
    stage.ledger.events.filter(({ stream }) => stream === `$snapshot/${at}`).map(({ position }) => position);
  taken = branch("ticket/ticket-2");
});
afterAll(() => stage.close());

const spoil = (sql: string, options = {}) => stage.verify((victim) => victim.sql(sql), { snapshots: true, ...options });
const third = (columns: string): string =>
  `alter table snapshots drop constraint if exists snapshots_check; alter table snapshots drop constraint if exists snapshots_version_check;
   update snapshots set ${columns} where branch = 'ticket/ticket-2' and version = 12`;

describe("an honest ledger with many snapshots", () => {
  test("has no finding, and says how many it compared", async () => {
    const report = await stage.verify(undefined, { snapshots: true });
    expect(report).toMatchObject({ ok: true, findings: [], snapshots: { checked: "38", pruned: "0" } });
  });

  test("says nothing of them where nobody asked", async () => {
    expect(await stage.verify()).not.toHaveProperty("snapshots");
    expect(told(await stage.verify((victim) => victim.sql(third("state = '{}'"))))).toEqual([]);
  });

  test.each([2n, 60n, 61n, 130n])("checked from %d on", async (from) => {
    expect(told(await stage.verify(undefined, { snapshots: true, from }))).toEqual([]);
  });

  test("from which snapshots were pruned: no finding, but a count", async () => {
    const report = await spoil("delete from snapshots where version < 12");
    expect(report).toMatchObject({ ok: true, findings: [], snapshots: { checked: "32", pruned: "6" } });
  });
});

describe("a snapshot's row that is not what its event commits to is one bad-snapshot", () => {
  test.each([
    ["its state", `state = '{"n":13,"words":["ö","\\"","\\n"]}'`, "its state is not the one committed to"],
    ["its state, the same but not canonical", `state = replace(state::text, ',', ', ')::json`, "its state is not"],
    ["its state, to a null", "state = 'null'", "its state is not the one committed to"],
    ["its salt", `salt = sha256('x')`, "its state is not the one committed to"],
    ["its position", "position = position + 1", "its position is not the one committed to"],
    ["its version", "version = 13", "its version is not the one committed to"],
    ["its version, away", "version = null", "its version is not the one committed to"],
    ["its branch", "branch = 'ticket/ticket-9'", "its branch is not the one committed to"],
    ["the name of what it is of", "of = 'ticket-9'", "its of is not the one committed to"],
    ["its schema", "schema = 2", "its schema is not the one committed to"],
  ])("%s", async (_, columns, detail) => {
    const report = await spoil(third(columns));
    expect(told(report)).toEqual([`bad-snapshot ${taken[2]}`]);
    expect(report.findings[0]).toMatchObject({
      branch: "ticket/ticket-2",
      stream: "$snapshot/ticket/ticket-2",
      eventId: stage.ledger.events[Number(taken[2]) - 1]?.id,
      detail: expect.stringContaining(detail),
    });
  });

  test("moved to another branch's newest place", async () => {
    const report = await spoil(third("branch = 'ticket/ticket-1', of = 'ticket-1', position = position + 1"));
    expect(told(report)).toEqual([`bad-snapshot ${taken[2]}`]);
  });

  test("given the state and salt of an older one", async () => {
    const older = "(select state from snapshots where branch = 'ticket/ticket-2' and version = 4)";
    const salt = older.replace("select state", "select salt");
    expect(told(await spoil(third(`state = ${older}, salt = ${salt}`)))).toEqual([`bad-snapshot ${taken[2]}`]);
  });

  test("neighbours are told one by one", async () => {
    const report = await spoil(
      "update snapshots set state = '[3]' where branch = 'open' and position = (select min(position) from snapshots where branch = 'open')",
    );
    expect(told(report)).toHaveLength(2);
    expect(new Set(told(report).map((line) => line.split(" ")[0]))).toEqual(new Set(["bad-snapshot"]));
  });
});

describe("a snapshot's row", () => {
  test("of an event that took none", async () => {
    const report = await spoil(third("event_position = event_position + 1"));
    expect(told(report)).toEqual([`bad-snapshot ${(taken[2] ?? 0n) + 1n}`]);
    expect(report.findings[0]?.detail).toContain("took no snapshot");
  });

  test("of an event past the newest", async () => {
    expect(told(await spoil(third("event_position = 9999")))).toEqual(["bad-snapshot 9999"]);
  });

  test("of another snapshot's event", async () => {
    expect(told(await spoil(third(`event_position = ${taken[3]}`)))).toEqual([`bad-snapshot ${taken[3]}`]);
  });

  test("that was invented with an event's name", async () => {
    const copy = `insert into snapshots select ledger_id, 'forged', position, schema, of, version, '{"n":1}', salt, event_position, taken_at
                  from snapshots where branch = 'ticket/ticket-2' and version = 12`;
    expect(told(await spoil(copy))).toEqual([`bad-snapshot ${taken[2]}`]);
  });
});

describe("what is found of events is not told again of snapshots", () => {
  const at = (position: bigint | undefined): string => `position = ${position}`;

  test("the event altered", async () => {
    const cut = `update events set data = replace(data::text, '"schema":1', '"schema":2')::json where ${at(taken[2])}`;
    expect(told(await spoil(cut))).toEqual([`altered ${taken[2]}`]);
  });

  test("the event deleted", async () => {
    const cut = `delete from events where ${at(taken[2])}; delete from event_tags where ${at(taken[2])}`;
    expect(told(await spoil(cut))).toEqual([`deleted ${taken[2]}`]);
  });

  test("an event deleted that snapshots rest on", async () => {
    const first = stage.ledger.events.find(({ stream }) => stream === "ticket-2")?.position;
    const cut = ["events", "event_tags"].map((table) => `delete from ${table} where ${at(first)}`);
    const commands = `delete from commands where first_${at(first)}`;
    expect(told(await spoil([...cut, commands].join("; ")))).toEqual([`deleted ${first}`]);
  });

  test("the newest events gone", async () => {
    const newest = BigInt(stage.ledger.events.length);
    const cut = ["events", "event_tags"].map((table) => `delete from ${table} where position > ${newest - 30n}`);
    const findings = told(
      await spoil([...cut, `delete from commands where last_position > ${newest - 30n}`].join("; ")),
    );
    expect(findings).toEqual([`truncated ${newest - 29n}-${newest - 5n}`]);
  });
});

test("an event that names a version its stream has not at that position is a bad-snapshot", async () => {
  const odd = await setTheStage(async (ledger) => {
    await ledger.append([{ stream: "ticket-1" }, { stream: "ticket-1" }, { stream: "ticket-2" }]);
    await takeSnapshot(ledger, { branch: "ticket/ticket-1", of: "ticket-1", position: 2n, version: 2n, state: {} });
    await takeSnapshot(ledger, { branch: "ticket/ticket-2", of: "ticket-2", position: 2n, version: 1n, state: {} });
    await ledger.append(1);
    await takeSnapshot(ledger, { branch: "ticket/ticket-3", of: "ticket-1", position: 3n, version: 3n, state: {} });
    await ledger.seal();
  }, "attack.test/versions");
  try {
    expect(told(await odd.verify(undefined, { snapshots: true }))).toEqual(["bad-snapshot 5", "bad-snapshot 7"]);
  } finally {
    await odd.close();
  }
});

test("a state that is committed to as a text that is not canonical is a bad-snapshot, and told as what it is", async () => {
  const raw = await setTheStage(async (ledger) => {
    await ledger.append([{ stream: "ticket-1" }]);
    const texts = ['{"a": 1}', '{"b":1,"a":2}', "1.0", '{"a":1,"a":2}'];
    for (const [index, state] of texts.entries()) {
      const parts = { branch: `ticket/${index}`, of: "ticket-1", position: 1n, version: 1n };
      await takeSnapshot(ledger, { ...parts, state: {} }, state);
    }
    await ledger.seal();
  }, "attack.test/raw-states");
  try {
    const { findings } = await raw.verify(undefined, { snapshots: true });
    const detail = "the snapshot of position 1: the text of its state is not canonical, though committed to";
    expect(findings).toMatchObject(
      [2, 3, 4, 5].map((position) => ({ kind: "bad-snapshot", position: `${position}`, detail })),
    );
  } finally {
    await raw.close();
  }
});

describe("a row of handlers that is not what the last switch says is altered", () => {
  let switches: AttackStage;
  beforeAll(async () => {
    const event = (enabled: boolean, handler = "open-tickets") => ({
      stream: "$handlers",
      type: "$HandlerSwitched",
      tags: [],
      data: JSON.stringify({ by: "ada", enabled, handler }),
      metadata: "{}",
    });
    switches = await setTheStage(async (ledger) => {
      await ledger.append([{}, event(false), {}, event(true), event(false, "mail"), {}]);
      await ledger.seal();
    }, "attack.test/switches");
  });
  afterAll(() => switches.close());

  test.each([
    ["nothing is changed", "select 1", []],
    [
      "a handler that was switched on again is off",
      "update handlers set enabled = false where handler <> 'mail'",
      ["altered 4"],
    ],
    ["a handler that is off is on", "update handlers set enabled = true where handler = 'mail'", ["altered 5"]],
    ["somebody else did it", "update handlers set by = 'mallory' where handler = 'mail'", ["altered 5"]],
    ["an older event is named", "update handlers set position = 2 where handler <> 'mail'", ["altered 4"]],
    ["a row is gone", "delete from handlers where handler = 'mail'", ["altered 5"]],
    [
      "a row is invented",
      "insert into handlers select ledger_id, 'forged', false, 'ada', 3, now() from ledgers",
      ["altered 3"],
    ],
  ])("%s", async (_, sql, findings) => {
    expect(told(await switches.verify((victim) => victim.sql(sql)))).toEqual(findings);
  });
});

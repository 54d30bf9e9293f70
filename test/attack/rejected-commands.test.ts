import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import type { EventParts } from "../support/ledger-builder.ts";
import { recomputeForward, type Victim } from "../support/tamper.ts";

// Forty events, all sealed, thirty of them anchored and final: every fifth is a rejection's, all others are of recorded commands.
// `bare-1` was rejected without an event.

const rejection = (command: string, parts: object = {}): EventParts => ({
  stream: "$audit",
  type: "$CommandRejected",
  tags: [],
  data: JSON.stringify({ actor: "ada", code: "overdrawn", command, type: "Withdraw", ...parts }),
  metadata: JSON.stringify({ actor: "ada", commandId: command }),
});

const insertBare = (id: string): string =>
  `insert into eventchain.commands (ledger_id, command_id, request_hash, outcome, code, type, actor, at)
   select ledger_id, '${id}', '\\x00', 'rejected', 'overdrawn', 'Withdraw', 'ada', now() from eventchain.ledgers`;

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage(async (ledger) => {
    const parts = Array.from({ length: 40 }, (_, i) => ((i + 1) % 5 === 0 ? rejection(`no-${i + 1}`) : {}));
    await ledger.append(parts.slice(0, 20));
    await ledger.append([
      ...parts.slice(20, 24),
      rejection("no-25", { actor: null, type: null, code: 'ö"\n' }),
      ...parts.slice(25),
    ]);
    await ledger.seal(30n).then(() => ledger.anchor());
    await ledger.seal();
  }, "attack.test/rejected");
});
afterAll(() => stage.close());

const sql = (text: string) => (victim: Victim) => victim.sql(text);
const find = async (text: string): Promise<string[]> => told(await stage.verify(sql(text)));

describe("an honest ledger with rejections has no finding", () => {
  test("with their events and without", async () => {
    const report = await stage.verify(sql(insertBare("bare-1")));
    expect(report).toMatchObject({ ok: true, size: "40", sealed: "40", findings: [] });
  });

  test.each([2n, 15n, 16n, 30n])("checked from %d on", async (from) => {
    expect(told(await stage.verify(sql(insertBare("bare-1")), { from }))).toEqual([]);
  });

  test.each([
    ["data", "data = null, salt = null"],
    ["metadata", "metadata = null, meta_salt = null"],
    ["both", "data = null, salt = null, metadata = null, meta_salt = null"],
  ])("but for the erasure that nothing explains: %s", async (_, columns) => {
    expect(await find(`update events set ${columns} where position = 15`)).toEqual(["erased-unlogged 15"]);
  });
});

describe("a rejection's row that does not fit its event", () => {
  test.each([
    ["outcome", "outcome = 'recorded'"],
    ["outcome", "outcome = 'recorded', code = null"],
    ["code", "code = 'account-frozen'"],
    ["code", "code = null"],
    ["type", "type = 'Deposit'"],
    ["type", "type = null"],
    ["actor", "actor = 'mallory'"],
    ["actor", "actor = null"],
  ])("%s: %s", async (column, columns) => {
    const report = await stage.verify(sql(`update commands set ${columns} where command_id = 'no-15'`));
    expect(told(report)).toEqual(["altered 15"]);
    expect(report.findings[0]).toMatchObject({
      eventId: stage.ledger.events[14]?.id,
      stream: "$audit",
      detail: `the ${column} of "no-15" in commands is not the event's`,
    });
  });

  test("an actor or a type where the event says that there is none", async () => {
    expect(await find("update commands set actor = 'ada' where command_id = 'no-25'")).toEqual(["altered 25"]);
    expect(await find("update commands set type = 'Deposit' where command_id = 'no-25'")).toEqual(["altered 25"]);
  });

  test.each([
    ["its positions gone", "first_position = null, last_position = null", ["altered 15"]],
    ["one of them gone", "last_position = null", ["altered 15"]],
    ["the other gone", "first_position = null", ["altered 15"]],
    ["a range that ends before it begins", "last_position = 14", ["altered 15"]],
    ["the positions of another event", "first_position = 16, last_position = 16", ["altered 15-16"]],
    ["an event more", "last_position = 16", ["altered 16"]],
    ["events that are not there", "first_position = 41, last_position = 41", ["altered 15", "altered 41"]],
    ["another name", "command_id = 'no-16'", ["altered 15"]],
  ])("%s", async (_, columns, findings) => {
    expect(await find(`update commands set ${columns} where command_id = 'no-15'`)).toEqual(findings);
  });

  test("is gone", async () => {
    expect(await find("delete from commands where command_id = 'no-15'")).toEqual(["altered 15"]);
  });

  test("is gone, with the metadata that names its command", async () => {
    const erase = "update events set metadata = null, meta_salt = null where position = 15";
    const findings = await find(`delete from commands where command_id = 'no-15'; ${erase}`);
    expect(findings).toEqual(["altered 15", "erased-unlogged 15"]);
  });

  test("is invented, with no event between its positions", async () => {
    const positions = "update commands set first_position = 15, last_position = 14 where command_id = 'bare-1'";
    expect(await find(`${insertBare("bare-1")}; ${positions}`)).toEqual(["altered 15"]);
  });

  test("claims events past the newest", async () => {
    expect(await find("update commands set last_position = 42 where command_id = 'no-40'")).toEqual(["altered 41-42"]);
  });
});

describe("a recorded command's row", () => {
  test.each([
    ["turned to rejected", "outcome = 'rejected', code = 'overdrawn'"],
    ["turned to rejected, its positions gone", "outcome = 'rejected', first_position = null, last_position = null"],
    ["given a code", "code = 'overdrawn'"],
    ["given no outcome", "outcome = 'lost'"],
  ])("%s", async (_, columns) => {
    const report = await stage.verify(async (victim) => {
      await victim.sql("alter table commands drop constraint if exists commands_outcome_check");
      await victim.sql(`update commands set ${columns} where command_id = 'command-14'`);
    });
    expect(told(report)).toEqual(["altered 14"]);
    expect(report.findings[0]?.detail).toContain("commands");
  });

  test("is not to be had by turning a bare rejection to recorded", async () => {
    const turned = "update commands set outcome = 'recorded' where command_id = 'bare-1'";
    expect(await find(`${insertBare("bare-1")}; ${turned}`)).toEqual(["altered 1"]);
  });
});

describe("a rejection's event", () => {
  test.each([
    ["data", `data = replace(data::text, 'overdrawn', 'forgiven')::json`],
    ["type", "type = 'TicketOpened'"],
    ["stream", "stream = 'ticket-1'"],
  ])("altered in its %s", async (_, columns) => {
    expect(await find(`update events set ${columns} where position = 15`)).toEqual(["altered 15"]);
  });

  test("altered together with its row, every hash recomputed", async () => {
    const report = await stage.verify(async (victim) => {
      await victim.sql("update commands set code = 'forgiven' where command_id = 'no-15'");
      await victim.sql(
        `update events set data = replace(data::text, 'overdrawn', 'forgiven')::json where position = 15`,
      );
      await recomputeForward(victim, stage.ledger, 15n);
    });
    expect(told(report)).toEqual(["altered 15"]);
  });

  test("deleted with its row", async () => {
    const cut = ["events", "event_tags"].map((table) => `delete from ${table} where position = 15`);
    expect(await find([...cut, "delete from commands where command_id = 'no-15'"].join("; "))).toEqual(["deleted 15"]);
  });
});

test("a rejection without an event has no chained witness: its row may be anything", async () => {
  const set = (columns: string): string =>
    `${insertBare("bare-1")}; update commands set ${columns} where command_id = 'bare-1'`;
  expect(await find(set("code = 'forgiven', type = null, actor = 'mallory'"))).toEqual([]);
  expect(await find(`${insertBare("bare-1")}; delete from commands where command_id = 'bare-1'`)).toEqual([]);
});

describe("a sealed event that the ledger's own functions do not write", () => {
  const notItsData = "its data is not that of a $CommandRejected event";
  const notItsCommand = "its data names another command than its metadata";
  const wrong: readonly [string, EventParts, string][] = [
    ["an empty object", { ...rejection("c-1"), data: "{}" }, notItsData],
    ["a key is missing", { ...rejection("c-2"), data: '{"actor":"ada","code":"x","command":"c-2"}' }, notItsData],
    ["a key is too many", rejection("c-3", { why: "x" }), notItsData],
    ["its code is no text", rejection("c-4", { code: null }), notItsData],
    ["its command is no text", rejection("c-5", { command: 5 }), notItsData],
    ["its actor is no text", rejection("c-6", { actor: { id: "ada" } }), notItsData],
    ["its type is no text", rejection("c-7", { type: false }), notItsData],
    ["it names another command", rejection("c-8", { command: "another" }), notItsCommand],
    ["its metadata names none", { ...rejection("c-9"), metadata: "{}" }, notItsCommand],
    ["another stream", { ...rejection("c-10"), stream: "ticket-1" }, "a $CommandRejected event stands in $audit only"],
  ];
  let odd: AttackStage;
  beforeAll(async () => {
    odd = await setTheStage(async (ledger) => {
      // A sound event between any two keeps their findings apart.
      await ledger.append(wrong.flatMap(([, parts]) => [parts, {}]));
      await ledger.seal();
    }, "attack.test/odd");
  });
  afterAll(() => odd.close());

  test("is malformed, and nothing else is said of it", async () => {
    const report = await odd.verify();
    expect(told(report)).toEqual(wrong.map((_, i) => `malformed ${2 * i + 1}`));
    expect(report.findings.map(({ detail }, i) => [wrong[i]?.[0], detail])).toEqual(
      wrong.map(([name, , detail]) => [name, detail]),
    );
  });
});

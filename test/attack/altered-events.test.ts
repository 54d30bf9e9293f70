import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { recomputeForward, type Victim } from "../support/tamper.ts";

// Each attack is done to a copy of a clean ledger: 330 events, 320 sealed, 300 anchored and final.

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

const set = (columns: string, position = 150) => {
  return (victim: Victim) => victim.sql(`update events set ${columns} where position = ${position}`);
};

describe("one event altered, in any of its parts", () => {
  test.each([
    ["data", `data = '{"n":150,"title":"Nothing was broken"}'`],
    ["one digit of data", `data = replace(data::text, '"n":150', '"n":151')::json`],
    ["metadata", `metadata = '{"actor":"mallory","commandId":"command-150"}'`],
    ["time", "recorded_at = recorded_at - interval '1 microsecond'"],
    ["time, to infinity", "recorded_at = 'infinity'"],
    ["type", "type = 'TicketLost'"],
    ["stream", "stream = 'ticket-of-another'"],
    ["a new tag", "tags = tags || array['vip']"],
    ["tags in another order", "tags = array[tags[2], tags[1]]"],
    ["a null among the tags", "tags = tags || array[null]::text[]"],
    ["id", "id = '019a9f00-0000-7000-8000-0000ffffffff'"],
    ["schema", "schema = 2"],
    ["version", "version = 999"],
    ["version, below 1", "version = 1000 - 1"],
    ["salt", "salt = decode('00112233445566778899aabbccddeeff', 'hex')"],
    ["salt, of another length", "salt = '\\x00'"],
    ["salt gone while data stays", "salt = null"],
    ["salts swapped", "salt = meta_salt, meta_salt = salt"],
    ["data and metadata swapped", "data = metadata, metadata = data, salt = meta_salt, meta_salt = salt"],
    ["the data's hash", "data_hash = meta_hash"],
    ["the content's hash", "content_hash = data_hash"],
    ["the hash", "hash = data_hash"],
    ["the previous hash", "prev_hash = data_hash"],
    ["a hash cut short", "content_hash = '\\x00'"],
  ])("%s", async (_, columns) => {
    const report = await stage.verify(set(columns));
    expect(told(report)).toEqual(["altered 150"]);
    expect(report.ok).toBe(false);
    expect(report.findings[0]).toMatchObject({ eventId: expect.any(String), stream: expect.any(String) });
  });

  test.each([1, 2, 256, 257, 300, 301, 320])("at position %d", async (position) => {
    const report = await stage.verify(set(`data = '{"n":0}'`, position));
    expect(told(report)).toEqual([`altered ${position}`]);
  });

  test("says which part, as far as the hashes beside it tell", async () => {
    const detail = async (columns: string): Promise<string | undefined> =>
      (await stage.verify(set(columns))).findings[0]?.detail;
    expect(await detail(`data = '{"n":0}'`)).toBe("data does not match its hash");
    expect(await detail(`metadata = '{}'`)).toBe("metadata does not match its hash");
    expect(await detail("salt = meta_salt, meta_salt = salt")).toBe("data and metadata do not match its hash");
    expect(await detail("type = 'TicketLost'")).toBe("its type, stream, tags, id or schema is not what was sealed");
    expect(await detail("version = 999")).toBe("its time, version or position is not what was sealed");
    expect(await detail("hash = data_hash")).toBe("the event is the sealed one, but its column hash was changed");
  });
});

describe("an altered event whose hashes were recomputed", () => {
  test.each([1n, 120n, 257n, 310n])("to the end, from %d on", async (position) => {
    const report = await stage.verify(async (victim) => {
      await set(`data = '{"n":0}'`, Number(position))(victim);
      await recomputeForward(victim, stage.ledger, position);
    });
    expect(told(report)).toEqual([`altered ${position}`]);
  });

  test("in its own row only", async () => {
    const report = await stage.verify(async (victim) => {
      const { rows: before } = await victim.sql("select position, prev_hash, hash from events where position > 150");
      await set("type = 'TicketLost'")(victim);
      await recomputeForward(victim, stage.ledger, 150n);
      for (const row of before) {
        await victim.sql("update events set prev_hash = $2, hash = $3 where position = $1", [
          row.position,
          row.prev_hash,
          row.hash,
        ]);
      }
    });
    expect(told(report)).toEqual(["altered 150"]);
  });
});

describe("several events altered", () => {
  test("neighbours are one finding", async () => {
    const report = await stage.verify((victim) =>
      victim.sql(`update events set data = '{}' where position between 97 and 131`),
    );
    expect(told(report)).toEqual(["altered 97-131"]);
  });

  test("every single one", async () => {
    const report = await stage.verify((victim) => victim.sql("update events set metadata = '{}'"));
    expect(told(report)).toEqual(["altered 1-330"]);
  });

  test("every second one", async () => {
    const report = await stage.verify((victim) =>
      victim.sql("update events set data = '{}' where position % 2 = 0 and position <= 40"),
    );
    expect(told(report)).toEqual(Array.from({ length: 20 }, (_, i) => `altered ${2 * i + 2}`));
  });

  test("in two places are two findings, hashes recomputed or not", async () => {
    const spoil = async (victim: Victim): Promise<void> => {
      await set(`data = '{}'`, 50)(victim);
      await set("type = 'TicketLost'", 250)(victim);
    };
    expect(told(await stage.verify(spoil))).toEqual(["altered 50", "altered 250"]);
    const forward = await stage.verify(async (victim) => {
      await spoil(victim);
      await recomputeForward(victim, stage.ledger);
    });
    expect(told(forward)).toEqual(["altered 50", "altered 250"]);
  });
});

describe("payloads", () => {
  test.each([
    ["data", "data = null, salt = null"],
    ["data, its salt forgotten", "data = null"],
    ["metadata", "metadata = null, meta_salt = null"],
    ["both", "data = null, salt = null, metadata = null, meta_salt = null"],
  ])("gone without a word: %s", async (_, columns) => {
    const report = await stage.verify(set(columns));
    expect(told(report)).toEqual(["erased-unlogged 150"]);
    expect(report.findings[0]).toMatchObject({ eventId: expect.any(String) });
  });

  test("gone, and their hash changed", async () => {
    expect(told(await stage.verify(set("data = null, salt = null, data_hash = meta_hash")))).toEqual(["altered 150"]);
  });

  test.each([
    ["space", `data = '{"n":150, "title":"Printer 150 does not answer"}'`],
    ["another order of keys", `data = '{"title":"Printer 150 does not answer","n":150}'`],
    ["another spelling of a number", `data = '{"n":1.5e2,"title":"Printer 150 does not answer"}'`],
    ["another spelling of a letter", `data = '{"n":150,"title":"\\u0050rinter 150 does not answer"}'`],
    ["a key that stands there twice", `data = '{"n":7,"n":150,"title":"Printer 150 does not answer"}'`],
    ["space in metadata", `metadata = '{ "actor":"ada","commandId":"command-150"}'`],
  ])("that mean the same but are not canonical: %s", async (_, columns) => {
    expect(told(await stage.verify(set(columns)))).toEqual(["malformed 150"]);
  });
});

describe("tables beside the events", () => {
  test.each([
    ["a tag is missing", "delete from event_tags where position = 150 and tag = 'ticket:150'"],
    [
      "a tag is too many",
      "insert into event_tags select ledger_id, 'vip', type, position from events where position = 150",
    ],
    [
      "a tag is listed under another type",
      "update event_tags set type = 'X' where position = 150 and tag = 'ticket:150'",
    ],
    ["a command is missing", "delete from commands where first_position = 150"],
    ["a command has another name", "update commands set command_id = 'x' where first_position = 150"],
    ["a command has other events", "update commands set last_position = 150 where first_position = 149"],
  ])("%s", async (_, sql) => {
    const report = await stage.verify((victim) => victim.sql(sql));
    expect(told(report)).toEqual(["altered 150"]);
    expect(report.findings[0]?.detail).toMatch(/event_tags|commands/);
  });

  test("a command names events that are not there", async () => {
    const sql = "update commands set first_position = 400, last_position = 401 where first_position = 330";
    expect(told(await stage.verify((victim) => victim.sql(sql)))).toEqual(["altered 330", "altered 400-401"]);
  });
});

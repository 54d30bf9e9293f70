import { eventHash } from "@eventchain/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { insertEvents } from "../support/insert-events.ts";
import type { BuiltEvent } from "../support/ledger-builder.ts";
import { recomputeForward, renumber, type Victim } from "../support/tamper.ts";

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

const ALL = ["events", "event_tags"];

async function remove(victim: Victim, from: number, to = from): Promise<void> {
  for (const table of ALL) await victim.sql(`delete from ${table} where position between ${from} and ${to}`);
  await victim.sql(`delete from commands where first_position between ${from} and ${to}`);
}

/** Closes the gaps in the streams' versions. */
async function renumberVersions(victim: Victim): Promise<void> {
  await victim.sql("update events set version = version + 1000000");
  await victim.sql(
    `update events e set version = n.version
     from (select position, row_number() over (partition by stream order by position) as version from events) n
     where e.position = n.position`,
  );
}

/** An event that looks like any other. */
function invented(position: bigint, stream = "ticket-new", version = 1n): BuiltEvent {
  const event = {
    ...(stage.ledger.events[0] as BuiltEvent),
    position,
    stream,
    version,
    id: "019a9f00-0000-7000-8000-00000badbeef",
    tags: [],
    metadata: "{}",
    recordedAtMicros: stage.ledger.events[Number(position) - 1]?.recordedAtMicros as bigint,
  };
  return { ...event, hash: eventHash({ ...event, ledger: stage.ledger.origin }).hash };
}

describe("deleted", () => {
  test.each([
    [1, 1, "deleted 1"],
    [2, 2, "deleted 2"],
    [150, 150, "deleted 150"],
    [256, 257, "deleted 256-257"],
    [100, 180, "deleted 100-180"],
    [320, 320, "deleted 320"],
    [325, 326, "deleted 325-326"],
    [318, 324, "deleted 318-324"],
  ])("%d to %d", async (from, to, expected) => {
    expect(told(await stage.verify((victim) => remove(victim, from, to)))).toEqual([expected]);
    const forward = await stage.verify(async (victim) => {
      await remove(victim, from, to);
      await recomputeForward(victim, stage.ledger, BigInt(from));
    });
    expect(told(forward)).toEqual([expected]);
  });

  test.each([
    [1, 1, "deleted 1"],
    [150, 150, "deleted 150"],
    [256, 257, "deleted 256-257"],
    [100, 180, "deleted 100-180"],
    [2, 299, "deleted 2-299"],
    [314, 319, "deleted 314-319"],
    [319, 319, "deleted 319"],
  ])("%d to %d, followers renumbered", async (from, to, expected) => {
    const steps = async (victim: Victim): Promise<void> => {
      await remove(victim, from, to);
      await renumber(victim, stage.ledger, BigInt(to), BigInt(from - to - 1), ALL);
    };
    expect(told(await stage.verify(steps))).toEqual([expected]);
    const versions = async (victim: Victim): Promise<void> => {
      await steps(victim);
      await renumberVersions(victim);
      await recomputeForward(victim, stage.ledger);
    };
    expect(told(await stage.verify(versions))).toEqual([expected]);
  });

  test("in two places, followers renumbered", async () => {
    const report = await stage.verify(async (victim) => {
      await remove(victim, 60);
      await renumber(victim, stage.ledger, 60n, -1n, ALL);
      await remove(victim, 199, 200);
      await renumber(victim, stage.ledger, 200n, -2n, ALL);
      await renumberVersions(victim);
      await recomputeForward(victim, stage.ledger);
    });
    expect(told(report)).toEqual(["deleted 60", "deleted 200-201"]);
  });

  test("and another inserted further on, all renumbered: as if nothing were more or less", async () => {
    const report = await stage.verify(async (victim) => {
      await remove(victim, 60);
      await renumber(victim, stage.ledger, 60n, -1n, ALL);
      await renumber(victim, stage.ledger, 199n, 1n, ALL);
      await insertEvents(victim.client, stage.ledger.ledgerId, stage.ledger.origin, [invented(200n, "ticket-4", 999n)]);
      await renumberVersions(victim);
      await recomputeForward(victim, stage.ledger);
    });
    expect(told(report)).toEqual(["deleted 60", "inserted 201"]);
  });

  test("all of a stream", async () => {
    const report = await stage.verify(async (victim) => {
      const { rows } = await victim.sql("select position from events where stream = 'ticket-3' and position <= 60");
      for (const { position } of rows) await remove(victim, Number(position));
      expect(rows.map((row) => row.position)).toEqual(["6", "19", "32", "45", "58"]);
    });
    expect(told(report)).toEqual(["deleted 6", "deleted 19", "deleted 32", "deleted 45", "deleted 58"]);
  });
});

describe("inserted", () => {
  test.each([1n, 2n, 150n, 257n, 300n])("before %d, followers renumbered", async (position) => {
    const steps = async (victim: Victim): Promise<void> => {
      await renumber(victim, stage.ledger, position - 1n, 1n, ALL);
      await insertEvents(victim.client, stage.ledger.ledgerId, stage.ledger.origin, [invented(position)]);
    };
    expect(told(await stage.verify(steps))).toEqual([`inserted ${position}`]);
    const forward = async (victim: Victim): Promise<void> => {
      await steps(victim);
      await recomputeForward(victim, stage.ledger);
    };
    expect(told(await stage.verify(forward))).toEqual([`inserted ${position}`]);
  });

  test("into a stream, whose versions were renumbered too", async () => {
    const report = await stage.verify(async (victim) => {
      await renumber(victim, stage.ledger, 149n, 1n, ALL);
      await insertEvents(victim.client, stage.ledger.ledgerId, stage.ledger.origin, [invented(150n, "ticket-9", 999n)]);
      await renumberVersions(victim);
      await recomputeForward(victim, stage.ledger);
    });
    expect(told(report)).toEqual(["inserted 150"]);
  });

  test("beside the one that has the position already", async () => {
    const report = await stage.verifyClone(async (victim) => {
      await victim.sql("alter table events drop constraint events_pkey");
      await insertEvents(victim.client, stage.ledger.ledgerId, stage.ledger.origin, [invented(150n)]);
    });
    expect(told(report)).toEqual(["inserted 150"]);
  });

  test.each([0n, -5n])("at position %d, before there are any", async (position) => {
    const report = await stage.verifyClone(async (victim) => {
      await victim.sql("alter table events drop constraint events_position_check");
      const event = { ...invented(1n), position: 5_000n };
      await insertEvents(victim.client, stage.ledger.ledgerId, stage.ledger.origin, [event]);
      await victim.sql(`update events set position = ${position} where position = 5000`);
    });
    expect(told(report)).toEqual(["inserted 1"]);
  });

  test("where the tables allow what they should not", async () => {
    const report = await stage.verifyClone(async (victim) => {
      for (const column of ["stream", "type", "id", "tags", "data_hash", "hash", "recorded_at", "version", "schema"]) {
        await victim.sql(`alter table events alter ${column} drop not null`);
      }
      await victim.sql("alter table checkpoints alter note drop not null, alter root drop not null");
      await victim.sql("alter table anchors alter tx_hash drop not null, alter size drop not null");
      await victim.sql(
        "update events set stream = null, type = null, data_hash = null, hash = null where position = 50",
      );
      await victim.sql("update events set tags = null, recorded_at = null where position = 60");
      await victim.sql("update events set id = null, version = null, schema = null where position = 70");
      await victim.sql("update checkpoints set note = null, root = null where size = 150");
      await victim.sql("update anchors set tx_hash = null where size = 200");
    });
    expect(told(report)).toEqual(["altered 50", "altered 60", "altered 70", "bad-checkpoint 150", "forged-anchor 200"]);
  });

  test("a copy of a sealed event", async () => {
    const report = await stage.verifyClone(async (victim) => {
      await victim.sql("alter table events drop constraint events_pkey, drop constraint events_ledger_id_id_key");
      await victim.sql("alter table events drop constraint events_ledger_id_stream_version_key");
      await victim.sql("insert into events select * from events where position = 150");
    });
    expect(told(report)).toEqual(["inserted 150"]);
  });
});

describe("reordered", () => {
  const swap = (a: number, b: number) => async (victim: Victim) => {
    await victim.sql(`update events set position = 1000000 where position = ${a}`);
    await victim.sql(`update events set position = ${a} where position = ${b}`);
    await victim.sql(`update events set position = ${b} where position = 1000000`);
  };

  test.each([
    [150, 151],
    [1, 2],
    [10, 290],
    [1, 320],
    [256, 258],
    [319, 320],
    [318, 320],
  ])("%d and %d", async (a, b) => {
    expect(told(await stage.verify(swap(a, b)))).toEqual([`reordered ${a}-${b}`]);
    const forward = await stage.verify(async (victim) => {
      await swap(a, b)(victim);
      await recomputeForward(victim, stage.ledger);
    });
    expect(told(forward)).toEqual([`reordered ${a}-${b}`]);
  });

  test("two pairs", async () => {
    const report = await stage.verify(async (victim) => {
      await swap(20, 30)(victim);
      await swap(200, 280)(victim);
    });
    expect(told(report)).toEqual(["reordered 20-30", "reordered 200-280"]);
  });

  test("one moved on, those between moved up", async () => {
    const report = await stage.verify(async (victim) => {
      await victim.sql("update events set position = 1000050 where position = 50");
      await victim.sql("update events set position = position + 2000000 where position between 51 and 100");
      await victim.sql("update events set position = position - 2000001 where position between 2000000 and 2999999");
      await victim.sql("update events set position = 100 where position = 1000050");
    });
    expect(told(report)).toEqual(["reordered 50-100"]);
  });
});

describe("two tamperings in different places are two findings", () => {
  const alter = (position: number) => (victim: Victim) =>
    victim.sql(`update events set data = '{}' where position = ${position}`);

  test.each<[string, ((victim: Victim) => Promise<unknown>)[], string[]]>([
    ["altered, then deleted", [alter(50), (v) => remove(v, 250)], ["altered 50", "deleted 250"]],
    [
      "deleted and renumbered, then altered",
      [(v) => remove(v, 50), (v) => renumber(v, stage.ledger, 50n, -1n, ALL), alter(249)],
      ["deleted 50", "altered 250"],
    ],
    [
      "inserted and renumbered, then deleted",
      [
        (v) => renumber(v, stage.ledger, 49n, 1n, ALL),
        (v) => insertEvents(v.client, stage.ledger.ledgerId, stage.ledger.origin, [invented(50n)]),
        (v) => remove(v, 251),
      ],
      ["inserted 50", "deleted 250"],
    ],
    ["altered twice", [alter(50), alter(52)], ["altered 50", "altered 52"]],
    ["deleted next to altered", [alter(50), (v) => remove(v, 51)], ["altered 50", "deleted 51"]],
    ["altered, and not sealed yet deleted", [alter(50), (v) => remove(v, 325)], ["altered 50", "deleted 325"]],
  ])("%s", async (_, steps, expected) => {
    const report = await stage.verify(async (victim) => {
      for (const step of steps) await step(victim);
    });
    expect(told(report)).toEqual(expected);
  });
});

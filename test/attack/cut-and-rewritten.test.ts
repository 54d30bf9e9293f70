import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { cutAnchors, cutEvents, cutLog, cutTiles, run, type Spoil, sequence } from "../support/spoil.ts";
import { rebuildTiles, recomputeForward, resign } from "../support/tamper.ts";

// 330 events, sealed at 40, 100, 150, 200, 256, 300, 320; anchored and final at 100, 200, 300.

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

const SIZES = [40n, 100n, 150n, 200n, 256n, 300n, 320n];
const found = async (spoil: Spoil, options = {}): Promise<string[]> => told(await stage.verify(spoil, options));

describe("the newest events cut off", () => {
  test.each<[string, Spoil, string]>([
    ["plainly", cutEvents(290), "truncated 291-320"],
    ["to the last anchor", cutEvents(300), "truncated 301-320"],
    ["all of them", cutEvents(0), "truncated 1-320"],
    ["with their tiles", sequence(cutEvents(290), cutTiles(290)), "truncated 291-320"],
    [
      "with tiles and checkpoints",
      sequence(cutEvents(256), cutTiles(256), run("delete from checkpoints where size > 256")),
      "truncated 257-320",
    ],
    [
      "with everything but the watermarks",
      sequence(cutEvents(256), cutLog(256), run("update watermarks set sealed_size = 300")),
      "truncated 257-300",
    ],
    [
      "with everything but the checkpoints",
      sequence(cutEvents(200), cutTiles(200), run("update watermarks set sealed_size = 200")),
      "truncated 201-320",
    ],
  ])("%s", async (_, spoil, expected) => {
    expect(await found(spoil)).toEqual([expected]);
  });

  test.each<[string, Spoil, string]>([
    ["between two anchors", sequence(cutEvents(256), cutLog(256), cutAnchors(256)), "restored 257-300"],
    ["to an anchor", sequence(cutEvents(200), cutLog(200), cutAnchors(200)), "restored 201-300"],
    ["to before the first anchor", sequence(cutEvents(40), cutLog(40), cutAnchors(40)), "restored 41-300"],
    ["as an old backup, with a tail", sequence(cutEvents(260), cutLog(256), cutAnchors(256)), "restored 261-300"],
    ["but for the anchors", sequence(cutEvents(256), cutLog(256)), "restored 257-300"],
    ["to nothing", sequence(cutEvents(0), run("delete from log_tiles"), cutLog(0), cutAnchors(0)), "restored 1-300"],
  ])("so carefully that the database agrees with itself: %s", async (_, spoil, expected) => {
    expect(await found(spoil)).toEqual([expected]);
  });

  test("an event that came after the loss is not one that was kept", async () => {
    const later: Spoil = async (victim) => {
      await victim.sql("update events set recorded_at = now() + interval '1 day' where position = 257");
      await recomputeForward(victim, stage.ledger, 257n);
    };
    const cut = sequence(cutEvents(257), cutLog(256), cutAnchors(256));
    expect(await found(cut)).toEqual(["restored 258-300"]);
    expect(await found(sequence(cut, later))).toEqual(["restored 257-300"]);
  });

  test("offline, that is not seen without a checkpoint from outside", async () => {
    const careful = sequence(cutEvents(256), cutLog(256), cutAnchors(256));
    const offline = { offline: true };
    expect(await stage.verify(careful, offline)).toMatchObject({ ok: true, offline: true, anchored: null });
    const checkpoints = [stage.ledger.checkpoints.at(-1)?.note as string];
    expect(await found(careful, { ...offline, checkpoints })).toEqual(["contradicted 320"]);
  });

  test("and an altered event before it are two findings", async () => {
    expect(await found(sequence(run("update events set data = '{}' where position = 9"), cutEvents(290)))).toEqual([
      "altered 9",
      "truncated 291-320",
    ]);
  });
});

describe("history rewritten", () => {
  const rewrite =
    (position: number, sign: boolean): Spoil =>
    async (victim) => {
      await victim.sql(`update events set data = '{"n":0}' where position = ${position}`);
      await recomputeForward(victim, stage.ledger, BigInt(position));
      const roots = await rebuildTiles(victim, stage.ledger, SIZES);
      if (sign) await resign(victim, stage.ledger, roots, stage.ledger.signer);
    };

  test.each([
    [1, "rewritten 1-320"],
    [50, "rewritten 1-320"],
    [101, "rewritten 101-320"],
    [199, "rewritten 101-320"],
    [300, "rewritten 201-320"],
  ])("from %d on, with tiles, with or without the sealing key", async (position, expected) => {
    expect(await found(rewrite(position, false))).toEqual([expected]);
    expect(await found(rewrite(position, true))).toEqual([expected]);
  });

  test("and the anchors' rows made to fit", async () => {
    const spoil = sequence(rewrite(150, true), async (victim) => {
      await victim.sql("update anchors a set root = c.root from checkpoints c where a.size = c.size");
    });
    expect(await found(spoil)).toEqual(["rewritten 101-320"]);
  });

  test("and the anchors' rows deleted", async () => {
    expect(await found(sequence(rewrite(150, true), run("delete from anchors where size > 100")))).toEqual([
      "rewritten 101-320",
    ]);
  });

  test("beyond the last anchor: without the sealing key the checkpoints tell", async () => {
    expect(await found(rewrite(310, false))).toEqual(["rewritten 301-320"]);
  });

  test("beyond the last anchor with the sealing key: only a checkpoint from outside tells", async () => {
    expect(await found(rewrite(310, true))).toEqual([]);
    const checkpoints = [stage.ledger.checkpoints.at(-1)?.note as string];
    expect(await found(rewrite(310, true), { checkpoints })).toEqual(["contradicted 320"]);
  });

  test("and an event before it altered plainly are two findings", async () => {
    const spoil = sequence(rewrite(150, true), run("update events set type = 'X' where position = 20"));
    expect(await found(spoil)).toEqual(["altered 20", "rewritten 101-320"]);
  });

  test("and cut short", async () => {
    const spoil: Spoil = async (victim) => {
      await cutEvents(280)(victim);
      await victim.sql(`update events set data = '{"n":0}' where position = 150`);
      await recomputeForward(victim, stage.ledger, 150n);
      await resign(
        victim,
        stage.ledger,
        await rebuildTiles(victim, stage.ledger, [40n, 100n, 150n, 200n, 256n, 280n]),
        stage.ledger.signer,
      );
      await victim.sql("update watermarks set sealed_size = 280");
    };
    expect(await found(spoil)).toEqual(["rewritten 101-280"]);
  });

  test("in the tail, which nothing but a receipt outside tells", async () => {
    const spoil: Spoil = async (victim) => {
      await victim.sql(`update events set data = '{"n":0}' where position = 325`);
      await recomputeForward(victim, stage.ledger, 325n);
    };
    expect(await found(spoil)).toEqual([]);
    const receipts = [324, 325, 330].map((position) => {
      const event = stage.ledger.events[position - 1];
      return { position: BigInt(position), hash: event?.hash as Uint8Array };
    });
    expect(await found(spoil, { receipts })).toEqual(["contradicted 325", "contradicted 330"]);
    expect(await found(run(), { receipts })).toEqual([]);
    expect(await found(cutEvents(324), { receipts })).toEqual(["contradicted 325", "contradicted 330"]);
  });
});

describe("tiles spoiled, events left alone", () => {
  test.each<[string, Spoil, string]>([
    [
      "one entry changed",
      run("update log_tiles set hashes = overlay(hashes placing '\\xffff' from 1601) where level = -1 and tile = 0"),
      "bad-checkpoint 51",
    ],
    ["a tile deleted", run("delete from log_tiles where level = -1 and tile = 0"), "bad-checkpoint 1-320"],
    ["the last tile deleted", run("delete from log_tiles where level = -1 and tile = 1"), "bad-checkpoint 257-320"],
    ["the last tile cut", cutTiles(290), "bad-checkpoint 291-320"],
    [
      "a node tile changed",
      run("update log_tiles set hashes = overlay(hashes placing '\\xffff' from 1) where level = 1"),
      "bad-checkpoint 1-256",
    ],
    ["a node tile deleted", run("delete from log_tiles where level = 1"), "bad-checkpoint 1-256"],
    [
      "entries of what was not sealed",
      run(
        "update log_tiles set hashes = hashes || (select hash from events where position = 321) where level = -1 and tile = 1",
      ),
      "bad-checkpoint 321",
    ],
  ])("%s", async (_, spoil, expected) => {
    expect(await found(spoil)).toEqual([expected]);
  });
});

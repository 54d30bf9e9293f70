import { createGenesis, formatCheckpoint, sha256, signerFromSeed, signNote, utf8 } from "@eventchain/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { rebuildTiles, recomputeForward, resign, type Victim } from "../support/tamper.ts";

// 330 events, sealed at 40, 100, 150, 200, 256, 300, 320; anchored and final at 100, 200, 300.

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

const SIZES = [40n, 100n, 150n, 200n, 256n, 300n, 320n];
type Spoil = (victim: Victim) => Promise<unknown>;
const run = (...statements: string[]): Spoil => {
  return async (victim) => {
    for (const sql of statements) await victim.sql(sql);
  };
};
const sequence = (...steps: Spoil[]): Spoil => {
  return async (victim) => {
    for (const step of steps) await step(victim);
  };
};
const found = async (spoil: Spoil, options = {}): Promise<string[]> => told(await stage.verify(spoil, options));

const cutEvents = (size: number): Spoil =>
  run(
    `delete from events where position > ${size}`,
    `delete from event_tags where position > ${size}`,
    `delete from commands where last_position > ${size}`,
  );
/** Tiles as they were when the log had this size. */
const cutTiles = (size: number): Spoil =>
  run(
    `delete from log_tiles where level = -1 and tile * 256 >= ${size}`,
    `update log_tiles set hashes = substr(hashes, 1, ((${size} - tile * 256) * 32)::int) where level = -1 and (tile + 1) * 256 > ${size}`,
    `delete from log_tiles where level = 1 and ${size} < 256`,
  );
const cutLog = (size: number): Spoil =>
  sequence(
    cutTiles(size),
    run(
      `delete from checkpoints where size > ${size}`,
      `update watermarks set sealed_size = ${size}, anchored_size = least(anchored_size, ${size}), final_size = least(final_size, ${size})`,
    ),
  );
const cutAnchors = (size: number): Spoil =>
  run(
    `delete from anchors where size > ${size}`,
    "update watermarks set anchored_size = (select coalesce(max(size), 0) from anchors), final_size = (select coalesce(max(size), 0) from anchors)",
  );

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

describe("checkpoints", () => {
  const stranger = signerFromSeed("attack.test/main", sha256(utf8("stranger")));
  const note = (size: bigint, root: Uint8Array, signer = stage.ledger.signer): string =>
    signNote(formatCheckpoint({ origin: stage.ledger.origin, size, root }), signer);
  const rootOf = (size: bigint): Uint8Array =>
    stage.ledger.checkpoints.find((one) => one.size === size)?.root as Uint8Array;

  test.each<[string, Spoil, string]>([
    [
      "a note changed",
      run("update checkpoints set note = replace(note, E'\\n150\\n', E'\\n151\\n') where size = 150"),
      "bad-checkpoint 150",
    ],
    ["a note without signature", run("update checkpoints set note = 'nothing' where size = 320"), "bad-checkpoint 320"],
    ["a root column changed", run("update checkpoints set root = sha256(root) where size = 300"), "bad-checkpoint 300"],
    ["a size column changed", run("update checkpoints set size = 123 where size = 150"), "bad-checkpoint 123"],
    [
      "notes exchanged",
      run(
        "update checkpoints c set note = (select note from checkpoints where size = 456 - c.size) where size in (200, 256)",
      ),
      "bad-checkpoint 200-256",
    ],
    ["the newest one deleted", run("delete from checkpoints where size = 320"), "bad-checkpoint 301-320"],
    ["all deleted", run("delete from checkpoints"), "bad-checkpoint 301-320"],
  ])("%s", async (_, spoil, expected) => {
    expect(await found(spoil)).toEqual([expected]);
  });

  test("one signed with the real key that contradicts the anchored log", async () => {
    const root = sha256(utf8("another root"));
    const values = [stage.ledger.ledgerId, 210, Buffer.from(root), note(210n, root)];
    const insert = "insert into checkpoints (ledger_id, size, root, note) values ($1, $2, $3, $4)";
    expect(await found((victim) => victim.sql(insert, values))).toEqual(["bad-checkpoint 210"]);
  });

  test("all re-signed with another key", async () => {
    const spoil: Spoil = async (victim) => {
      await resign(victim, stage.ledger, new Map(SIZES.map((size) => [size, rootOf(size)])), stranger);
    };
    expect(await found(spoil)).toEqual(["bad-checkpoint 40-320"]);
    const withKey = sequence(spoil, (victim) => victim.sql("update log_keys set vkey = $1", [stranger.vkey]));
    expect(await found(withKey)).toEqual(["bad-checkpoint 40-320"]);
    // Without a trust root the genesis still names the key, and the events are chained to the genesis.
    expect(await found(withKey, { trust: undefined })).toEqual(["bad-checkpoint"]);
  });

  test("the key alone exchanged", async () => {
    const spoil: Spoil = (victim) => victim.sql("update log_keys set vkey = $1", [stranger.vkey]);
    expect(await found(spoil)).toEqual(["bad-checkpoint"]);
    expect(await found(run("update log_keys set vkey = 'nonsense'"))).toEqual(["bad-checkpoint"]);
  });

  test("given from outside, by another key or of another log", async () => {
    const checkpoints = [note(300n, rootOf(300n), stranger)];
    expect(await found(run(), { checkpoints })).toEqual(["contradicted 300"]);
    expect(await found(run(), { checkpoints: [note(300n, rootOf(200n))] })).toEqual(["contradicted 300"]);
    expect(await found(run(), { checkpoints: [note(300n, rootOf(300n))] })).toEqual([]);
    const other = signNote(formatCheckpoint({ origin: "other.test/log", size: 1n, root: rootOf(40n) }), stranger);
    await expect(stage.verify(run(), { checkpoints: [other] })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(stage.verify(run(), { checkpoints: ["nonsense"] })).rejects.toMatchObject({ code: "bad-checkpoint" });
  });
});

describe("claims of anchors", () => {
  const forge = (size: number, state: string): string =>
    `insert into anchors (ledger_id, from_size, size, root, chain_id, contract, sender, nonce, raw_tx, tx_hash, state, block_number, block_hash)
     select ledger_id, 300, ${size}, sha256('x'), chain_id, contract, sender, 99, raw_tx, sha256('tx'), '${state}', 12, block_hash
     from anchors where size = 300`;

  test.each<[string, Spoil, string]>([
    ["a row invented", run(forge(320, "final")), "forged-anchor 301-320"],
    [
      "a row invented, and the watermarks",
      run(forge(320, "final"), "update watermarks set anchored_size = 320, final_size = 320"),
      "forged-anchor 301-320",
    ],
    ["a row called mined", run(forge(320, "mined")), "forged-anchor 301-320"],
    ["a row within what is anchored", run(forge(150, "final")), "forged-anchor 150"],
    ["a root changed", run("update anchors set root = sha256(root) where size = 200"), "forged-anchor 200"],
    ["a size changed", run("update anchors set size = 220 where size = 200"), "forged-anchor 220"],
    [
      "a block changed",
      run("update anchors set block_number = block_number - 1 where size = 200"),
      "forged-anchor 200",
    ],
    [
      "a transaction changed",
      run("update anchors set tx_hash = sha256(tx_hash) where size = 300"),
      "forged-anchor 300",
    ],
    ["anchored too much", run("update watermarks set anchored_size = 310"), "forged-anchor 301-310"],
    ["final too much", run("update watermarks set final_size = 320"), "forged-anchor 301-320"],
    [
      "all watermarks too much",
      run("update watermarks set sealed_size = 330, anchored_size = 330, final_size = 330"),
      "forged-anchor 301-330",
    ],
    [
      "all watermarks much too much",
      run("update watermarks set sealed_size = 900, anchored_size = 900, final_size = 900"),
      "forged-anchor 301-900",
    ],
    ["sealed too much", run("update watermarks set sealed_size = 325"), "bad-checkpoint 321-325"],
    ["sealed more than there is", run("update watermarks set sealed_size = 400"), "truncated 331-400"],
    ["sealed too little", run("update watermarks set sealed_size = 300"), "bad-checkpoint 301-320"],
    ["watermarks gone", run("delete from watermarks"), "bad-checkpoint 1-320"],
    [
      "another contract",
      run("update ledger_contracts set contract = substr(sha256(contract), 1, 20)"),
      "forged-anchor",
    ],
    ["another id in the contract", run("update ledger_contracts set onchain_id = sha256(onchain_id)"), "forged-anchor"],
  ])("%s", async (_, spoil, expected) => {
    expect(await found(spoil)).toEqual([expected]);
  });

  test("rows that claim nothing yet, or are gone, hide nothing: the chain says what is anchored", async () => {
    expect(await found(run(forge(320, "sent"), "delete from anchors where size = 100"))).toEqual([]);
  });
});

describe("the genesis", () => {
  const other = createGenesis({
    origin: "attack.test/main",
    vkey: signerFromSeed("attack.test/main", sha256(utf8("stranger"))).vkey,
  });
  test.each<[string, Spoil]>([
    ["exchanged", (victim) => victim.sql("update ledgers set genesis = $1", [other])],
    [
      "exchanged with its hash",
      (victim) =>
        victim.sql(
          "update ledgers set genesis = $1::json, genesis_hash = sha256('\\x47' || convert_to($1::text, 'UTF8'))",
          [other],
        ),
    ],
    ["its nonce changed", run(`update ledgers set genesis = replace(genesis::text, '"nonce":"', '"nonce":"0')::json`)],
    ["its hash changed", run("update ledgers set genesis_hash = sha256(genesis_hash)")],
    ["no longer canonical", run("update ledgers set genesis = replace(genesis::text, ',', ' ,')::json")],
  ])("%s", async (_, spoil) => {
    expect(await found(spoil)).toEqual(["altered 1"]);
  });

  test("of a later format is not judged", async () => {
    const spoil = run(`update ledgers set genesis = replace(genesis::text, '"format":1', '"format":2')::json`);
    await expect(stage.verify(spoil)).rejects.toMatchObject({ code: "unsupported-format" });
  });

  test("with everything after it rewritten", async () => {
    const spoil: Spoil = async (victim) => {
      await victim.sql(
        "update ledgers set genesis = $1::json, genesis_hash = sha256('\\x47' || convert_to($1::text, 'UTF8'))",
        [other],
      );
      await recomputeForward(victim, stage.ledger);
      await resign(victim, stage.ledger, await rebuildTiles(victim, stage.ledger, SIZES), stage.ledger.signer);
    };
    expect(await found(spoil)).toEqual(["rewritten 1-320"]);
  });
});

describe("the ledger itself", () => {
  test("removed from the database", async () => {
    expect(await found(run("delete from ledgers"))).toEqual(["ledger-missing"]);
    await expect(stage.verify(run("delete from ledgers"), { trust: undefined })).rejects.toMatchObject({
      code: "ledger-not-found",
    });
  });

  test("renamed", async () => {
    expect(await found(run("update ledgers set origin = 'other.test'"))).toEqual(["ledger-missing"]);
  });
});

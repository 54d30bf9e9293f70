import { createGenesis, formatCheckpoint, sha256, signerFromSeed, signNote, utf8 } from "@eventchain/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { run, type Spoil, sequence } from "../support/spoil.ts";
import { rebuildTiles, recomputeForward, resign } from "../support/tamper.ts";

// 330 events, sealed at 40, 100, 150, 200, 256, 300, 320; anchored and final at 100, 200, 300.

let stage: AttackStage;
beforeAll(async () => {
  stage = await setTheStage();
});
afterAll(() => stage.close());

const SIZES = [40n, 100n, 150n, 200n, 256n, 300n, 320n];
const found = async (spoil: Spoil, options = {}): Promise<string[]> => told(await stage.verify(spoil, options));

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
    expect(await found(run("delete from log_keys"))).toEqual(["bad-checkpoint"]);
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
      "a block's time changed",
      run("update anchors set block_time = block_time - interval '1 day' where size = 200"),
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

  test("all anchors, and where they are said to be, moved to another contract", async () => {
    const spoil = run(
      "update ledger_contracts set contract = substr(sha256(contract), 1, 20)",
      "update anchors set contract = substr(sha256(contract), 1, 20)",
    );
    expect(await found(spoil)).toEqual(["forged-anchor 100-300"]);
  });

  test("where the ledger is anchored is said nowhere", async () => {
    const spoil = run("delete from ledger_contracts");
    expect(await found(spoil)).toEqual([]);
    expect(await found(spoil, { trust: undefined })).toEqual(["forged-anchor 1-300"]);
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

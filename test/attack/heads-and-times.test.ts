import { type Bytes, consistencyProof, extendLog, sha256, utf8 } from "@eventchain/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { sendAnchor } from "../support/send-anchor.ts";
import { rebuildTiles, recomputeForward, resign, type Victim } from "../support/tamper.ts";

const NOW_MICROS = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000n;

describe("a head that the ledger never had", () => {
  let stage: AttackStage;
  const open = async (): Promise<void> => {
    stage = await setTheStage(async (ledger) => {
      await ledger.append(130);
      await ledger.seal(100n).then(() => ledger.anchor());
      await ledger.seal(120n);
      await ledger.seal(130n);
    });
  };
  beforeAll(open);
  afterAll(() => stage.close());

  /** The holder of the anchoring key anchors invented leaves after the first 100. */
  async function anchorInvented(size: bigint): Promise<void> {
    const kept = stage.ledger.events.slice(0, 100).map((event) => event.hash);
    const invented = Array.from({ length: Number(size) - 100 }, (_, i) => sha256(utf8(`invented ${i}`)));
    const tiles = new Map<string, Bytes>();
    const log = extendLog(() => undefined, 0n, [...kept, ...invented]);
    for (const { id, hashes } of log.tiles) tiles.set(`${id.level}/${id.tile}`, hashes);
    const consistency = consistencyProof(({ level, tile }) => tiles.get(`${level}/${tile}`), 100n, size);
    await sendAnchor(stage.place, stage.ledger.onchainId, { size, root: log.root, consistency });
  }

  const guard = () => {
    const { size, root } = stage.ledger.checkpoints.at(-1) as { size: bigint; root: Bytes };
    return { size, root };
  };
  const rewrite = async (victim: Victim): Promise<void> => {
    await victim.sql(`update events set data = '{"n":0}' where position = 110`);
    await recomputeForward(victim, stage.ledger, 110n);
    await resign(
      victim,
      stage.ledger,
      await rebuildTiles(victim, stage.ledger, [100n, 120n, 130n]),
      stage.ledger.signer,
    );
  };

  test("within the log is foreign, unless anything shows that it was ours", async () => {
    const snapshot = await stage.chain.rpc("evm_snapshot");
    await anchorInvented(125n);
    expect(told(await stage.verify())).toEqual(["foreign-anchor 101-125"]);
    expect(told(await stage.verify(undefined, { guard: guard() }))).toEqual(["foreign-anchor 101-125"]);
    // The guard knows another log: this one was rewritten.
    expect(told(await stage.verify(rewrite, { guard: guard() }))).toEqual(["rewritten 101-130"]);
    // The database has numbered an anchor that it no longer has.
    const forgotten = (victim: Victim) => victim.sql("select nextval('anchors_anchor_id_seq')");
    expect(told(await stage.verify(forgotten))).toEqual(["rewritten 101-130"]);
    // A checkpoint that does not fit: whoever wrote this log could not sign it.
    const unsigned = (victim: Victim) => victim.sql("update checkpoints set note = 'x' where size = 130");
    expect(told(await stage.verify(unsigned))).toEqual(["rewritten 101-130"]);
    await stage.chain.rpc("evm_revert", [snapshot]);
  });

  test("beyond the log is foreign if the guard says that nothing was lost, and else taken for a loss", async () => {
    const snapshot = await stage.chain.rpc("evm_snapshot");
    await anchorInvented(200n);
    expect(told(await stage.verify(undefined, { guard: guard() }))).toEqual(["foreign-anchor 101-200"]);
    const report = await stage.verify();
    expect(told(report)).toEqual(["restored 131-200"]);
    expect(report.findings[0]?.detail).toMatch(/guard/);
    await stage.chain.rpc("evm_revert", [snapshot]);
  });

  test("a loss is a loss, whatever the guard knows", async () => {
    const backup = async (victim: Victim): Promise<void> => {
      await victim.sql("delete from events where position > 90");
      await victim.sql("delete from event_tags where position > 90");
      await victim.sql("delete from commands where first_position > 90");
      await victim.sql("delete from anchors");
      await victim.sql("delete from checkpoints");
      await victim.sql("delete from log_tiles");
      await victim.sql("update watermarks set sealed_size = 0, anchored_size = 0, final_size = 0");
    };
    expect(told(await stage.verify(backup, { guard: guard() }))).toEqual(["restored 91-100"]);
    expect(told(await stage.verify(backup))).toEqual(["restored 91-100"]);
  });

  test("a ledger that the owner opened and the database has not", async () => {
    const snapshot = await stage.chain.rpc("evm_snapshot");
    const { registry, owner, key } = stage.place;
    await registry.open({ origin: "attack.test/second", anchorer: owner, key });
    const report = await stage.verify();
    expect(told(report)).toEqual(["ledger-missing"]);
    expect(report.findings[0]?.detail).toMatch(/attack\.test\/second/);
    await stage.chain.rpc("evm_revert", [snapshot]);
  });

  test("a block that is reorganised away takes its anchor along", async () => {
    const snapshot = await stage.chain.rpc("evm_snapshot");
    const anchored = await stage.clone();
    const { size, root } = stage.ledger.checkpoints[1] as { size: bigint; root: Bytes };
    const consistency = consistencyProof(stage.ledger.tiles, 100n, size);
    const sent = await sendAnchor(stage.place, stage.ledger.onchainId, { size, root, consistency });
    await anchored.sql(
      `insert into anchors (ledger_id, from_size, size, root, chain_id, contract, sender, nonce, raw_tx, tx_hash, state, block_number, block_hash)
       select ledger_id, 100, $1, $2, chain_id, contract, sender, $3, raw_tx, $4, 'mined', $5, $6 from anchors`,
      [size, Buffer.from(root), sent.nonce, hex(sent.txHash), sent.blockNumber, hex(sent.blockHash)],
    );
    await anchored.sql("update watermarks set anchored_size = 120");
    const { verifyLedger } = await import("@eventchain/verifier");
    const verify = async () =>
      told(await verifyLedger({ database: anchored.url, chain: stage.place.chain, trust: stage.ledger.trust }));
    expect(await verify()).toEqual([]);
    await stage.chain.rpc("evm_revert", [snapshot]);
    // Not noticed yet by any worker: the database claims what the chain has no more.
    expect(await verify()).toEqual(["forged-anchor 101-120"]);
    await anchored.sql("update anchors set state = 'reorged' where size = 120");
    await anchored.sql("update watermarks set anchored_size = 100");
    expect(await verify()).toEqual([]);
    await anchored.drop();
  });
});

function hex(text: string): Buffer {
  return Buffer.from(text.slice(2), "hex");
}

describe("recorded times", () => {
  const stageWith = async (times: (bigint | undefined)[]): Promise<AttackStage> =>
    await setTheStage(async (ledger) => {
      await ledger.append(10);
      await ledger.append(
        times.map((recordedAtMicros) => (recordedAtMicros === undefined ? {} : { recordedAtMicros })),
      );
      await ledger.seal().then(() => ledger.anchor());
      await ledger.append(3).then(() => ledger.seal());
    });
  const hour = 3_600_000_000n;

  test("later than the block that anchors them are misdated, those after them too", async () => {
    const stage = await stageWith([undefined, NOW_MICROS + hour, undefined, undefined]);
    // The last three are not anchored: nothing dates them yet.
    expect(told(await stage.verify())).toEqual(["misdated 12-14"]);
    expect(told(await stage.verify(undefined, { clockSkewMs: 2 * 3_600_000 }))).toEqual([]);
    await stage.close();
  });

  test("earlier than the event before are misdated", async () => {
    const stage = await stageWith([NOW_MICROS - hour / 2n, NOW_MICROS - hour, NOW_MICROS - hour / 2n]);
    expect(told(await stage.verify())).toEqual(["misdated 12"]);
    await stage.close();
  });

  test("of a clock that is a little ahead are let pass", async () => {
    const stage = await stageWith([BigInt(Date.now() + 4_000) * 1000n]);
    expect(told(await stage.verify())).toEqual([]);
    await stage.close();
  });
});

describe("what this version does not know", () => {
  test.each(["$Unknown", "$FormatChanged"])("an event of type %s is not judged", async (type) => {
    const stage = await setTheStage(async (ledger) => {
      await ledger.append(10);
      await ledger.append([{ type, stream: "$ledger", tags: [] }]);
      await ledger.seal().then(() => ledger.anchor());
    });
    await expect(stage.verify()).rejects.toMatchObject({ code: "unsupported-format", values: { position: 11n, type } });
    const alter = (victim: Victim) => victim.sql("update events set type = '$Other' where position = 3");
    await expect(stage.verify(alter)).rejects.toMatchObject({
      values: { findings: [{ kind: "altered", position: "3" }] },
    });
    await stage.close();
  });

  test("a type that an attacker wrote over a sealed one is a tampering", async () => {
    const stage = await setTheStage(async (ledger) => {
      await ledger.append([{}, { type: "$SubjectForgotten", stream: "$privacy", tags: [] }, {}]);
      await ledger.seal().then(() => ledger.anchor());
    });
    expect(told(await stage.verify())).toEqual([]);
    expect(
      told(await stage.verify((victim) => victim.sql("update events set type = '$Other' where position = 2"))),
    ).toEqual(["altered 2"]);
    await stage.close();
  });
});

import { verifyLedger } from "@eventchain/verifier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { deployTestRegistry, LedgerBuilder, type TestRegistry } from "../support/ledger-builder.ts";
import { startTestChain, type TestChain } from "../support/test-chain.ts";

const START_MICROS = BigInt(Math.floor(Date.now() / 1000) - 3600) * 1_000_000n;

describe("an honest ledger has no finding", () => {
  let stage: AttackStage;
  beforeAll(async () => {
    stage = await setTheStage();
  });
  afterAll(() => stage.close());

  test("and the report says how far it was checked", async () => {
    const { root } = stage.ledger.anchors.at(-1) as { root: Uint8Array };
    const hex = `0x${Buffer.from(root).toString("hex")}`;
    expect(await stage.verify()).toEqual({
      ledger: "attack.test/main",
      ok: true,
      trust: "given",
      epoch: "0",
      size: "330",
      checked: "330",
      sealed: "320",
      anchored: { size: "300", root: hex, chainId: "31337", block: expect.stringMatching(/^\d+$/), final: true },
      unanchored: "30",
      findings: [],
    });
  });

  test("without a trust root, and the report says that it took the database's word", async () => {
    expect(await stage.verify(undefined, { trust: undefined })).toMatchObject({ ok: true, trust: "from-database" });
  });

  test("offline, and the report says that the chain was left out", async () => {
    const report = await stage.verify(undefined, { offline: true });
    expect(report).toMatchObject({ ok: true, offline: true, anchored: null, unanchored: "330" });
  });

  test.each([2n, 150n, 257n, 300n, 321n, 330n, 9999n])("checked from %d on", async (from) => {
    const report = await stage.verify(undefined, { from });
    const first = from > 321n ? 321n : from;
    expect(report).toMatchObject({ ok: true, checked: `${331n - first}`, size: "330", sealed: "320" });
  });

  test("with receipts and checkpoints kept outside", async () => {
    const receipts = stage.ledger.events.map(({ position, hash, id }) => ({ position, hash, id }));
    const checkpoints = stage.ledger.checkpoints.map((one) => one.note);
    expect(told(await stage.verify(undefined, { receipts, checkpoints }))).toEqual([]);
  });

  test("under whatever settings the role brings along", async () => {
    const report = await stage.verifyClone(async (victim) => {
      const name = new URL(victim.url).pathname.slice(1);
      for (const setting of [
        "bytea_output = 'escape'",
        "timezone = 'Asia/Kathmandu'",
        "datestyle = 'German'",
        "search_path = eventchain",
        "statement_timeout = '5s'",
        "default_transaction_isolation = 'serializable'",
        "extra_float_digits = -15",
      ]) {
        await victim.sql(`alter database ${name} set ${setting}`);
      }
      await victim.sql("create function eventchain.octet_length(text) returns int language sql as 'select 0'");
    });
    expect(told(report)).toEqual([]);
  });
});

describe("at every stage of its life an honest ledger has no finding", () => {
  let chain: TestChain;
  let place: TestRegistry;
  let database: TestDatabase;
  beforeAll(async () => {
    chain = await startTestChain();
    place = await deployTestRegistry(chain);
    database = await createTestDatabase();
  });
  afterAll(async () => {
    place.chain.close();
    await chain.close();
    await database.drop();
  });

  test("from empty to anchored many times, beside other ledgers", async () => {
    const ledger = new LedgerBuilder(database.pool, place, "life.test/a", START_MICROS);
    const other = await new LedgerBuilder(database.pool, place, "life.test/b", START_MICROS).open();
    await other.append(20).then(() => other.seal());
    await ledger.open();
    const verify = async () => await verifyLedger({ database: database.pool, chain: place.chain, trust: ledger.trust });
    const nothing = { ok: true, size: "0", checked: "0", sealed: "0", anchored: null, unanchored: "0" };
    expect(await verify()).toMatchObject(nothing);
    await ledger.append(3);
    expect(await verify()).toMatchObject({ ...nothing, size: "3", checked: "3", unanchored: "3" });
    await ledger.seal();
    expect(await verify()).toMatchObject({ ok: true, sealed: "3", anchored: null });
    await ledger.anchor("mined");
    const finality = { kind: "confirmations", count: 5 } as const;
    const options = { database: database.pool, chain: place.chain, trust: ledger.trust, finality };
    expect(await verifyLedger(options)).toMatchObject({
      ok: true,
      anchored: { size: "3", final: false },
      unanchored: "0",
    });
    await chain.mine(5);
    expect(await verifyLedger(options)).toMatchObject({ ok: true, anchored: { size: "3", final: true } });
    for (const count of [1, 252, 1, 255, 2, 1]) {
      await ledger.append(count);
      await ledger.seal();
      await ledger.anchor();
      expect((await verify()).findings).toEqual([]);
    }
    expect(await verify()).toMatchObject({ size: "515", anchored: { size: "515" } });
    await other.anchor();
    expect(await verifyLedger({ ...options, trust: other.trust })).toMatchObject({ ok: true, ledger: "life.test/b" });
    await expect(verifyLedger({ database: database.pool, chain: place.chain })).rejects.toMatchObject({
      code: "invalid-argument",
      values: { ledgers: ["life.test/b", "life.test/a"] },
    });
  });

  test("on no chain yet", async () => {
    const ledger = await new LedgerBuilder(database.pool, place, "life.test/unopened", START_MICROS).open();
    await ledger.append(5).then(() => ledger.seal());
    await database.pool.query("delete from eventchain.ledger_contracts where ledger_id = $1", [ledger.ledgerId]);
    const report = await verifyLedger({ database: database.url, chain: place.chain, ledger: ledger.origin });
    expect(report).toMatchObject({ ok: true, trust: "from-database", anchored: null, unanchored: "5" });
  });

  test("with erasures that were logged", async () => {
    const ledger = await new LedgerBuilder(database.pool, place, "life.test/erased", START_MICROS).open();
    const erased = (positions: string[], what: unknown, schema = "x") => ({
      stream: "$privacy",
      type: "$DataErased",
      data: JSON.stringify({ positions, reason: schema, requestedBy: "ada", what }),
      metadata: "{}",
      tags: [],
    });
    await ledger.append([
      {},
      {},
      {},
      {},
      {},
      erased(["2", "3"], "data"),
      erased(["4"], ["data", "metadata"]),
      erased(["5"], "both"),
    ]);
    await ledger.seal().then(() => ledger.anchor());
    const client = await database.pool.connect();
    await client.query("set session_replication_role = replica");
    const wipe = (part: string, salt: string, positions: number[]) =>
      client.query(
        `update eventchain.events set ${part} = null, ${salt} = null where ledger_id = $1 and position = any ($2)`,
        [ledger.ledgerId, positions],
      );
    await wipe("data", "salt", [2, 3, 4, 5]);
    await wipe("metadata", "meta_salt", [4, 5]);
    const verify = async () =>
      told(await verifyLedger({ database: database.pool, chain: place.chain, trust: ledger.trust }));
    expect(await verify()).toEqual([]);
    await wipe("metadata", "meta_salt", [2]);
    expect(await verify()).toEqual(["erased-unlogged 2"]);
    await wipe("data", "salt", [1, 6]);
    // With the word about it, what it explained is unexplained too.
    expect(await verify()).toEqual(["erased-unlogged 1-3", "erased-unlogged 2", "erased-unlogged 6"]);
    await client.query("set session_replication_role = origin");
    client.release();
  });
});

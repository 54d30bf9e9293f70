import { connectChain, deployRegistry } from "@eventchain/chain";
import { parseReceipts, verifyLedger } from "@eventchain/verifier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import { createEmptyDatabase, createTestDatabase, onServer, urlOf } from "../support/database.ts";
import type { Victim } from "../support/tamper.ts";

let stage: AttackStage;
let copy: Victim;
beforeAll(async () => {
  stage = await setTheStage();
  copy = await stage.clone();
});
afterAll(async () => {
  await copy.drop();
  await stage.close();
});

const base = () => ({ database: copy.url, chain: stage.place.chain, trust: stage.ledger.trust });

describe("what cannot be checked is an error, never a finding, and never intact", () => {
  test("no chain at hand, and not told to leave it out", async () => {
    const { database, trust } = base();
    await expect(verifyLedger({ database, trust })).rejects.toMatchObject({
      code: "chain-unavailable",
      retryable: false,
    });
  });

  test("a node that does not answer", async () => {
    const chain = connectChain({ rpcUrl: "http://127.0.0.1:9", timeoutMs: 500 });
    await expect(verifyLedger({ ...base(), chain })).rejects.toMatchObject({
      code: "chain-unavailable",
      retryable: true,
    });
  });

  test("another chain than the trust root's, or the database's", async () => {
    const [place] = stage.ledger.trust.chains;
    const trust = { ...stage.ledger.trust, chains: [{ ...(place as NonNullable<typeof place>), chainId: 1n }] };
    await expect(verifyLedger({ ...base(), trust })).rejects.toMatchObject({ code: "chain-mismatch" });
    const spoil = (victim: Victim) => victim.sql("update ledger_contracts set chain_id = 1");
    await expect(stage.verify(spoil, { trust: undefined })).rejects.toMatchObject({ code: "chain-mismatch" });
    expect(told(await stage.verify(spoil))).toEqual(["forged-anchor"]);
  });

  test("a contract that is not there", async () => {
    const [place] = stage.ledger.trust.chains;
    const contract = `0x${"77".repeat(20)}`;
    const trust = { ...stage.ledger.trust, chains: [{ ...(place as NonNullable<typeof place>), contract }] };
    await expect(verifyLedger({ ...base(), trust })).rejects.toMatchObject({ code: "chain-mismatch" });
    await expect(verifyLedger({ ...base(), trust: undefined, contract })).rejects.toMatchObject({
      code: "chain-mismatch",
    });
  });

  test("a contract that does not know the ledger makes every claim of an anchor a false one", async () => {
    const { address } = await deployRegistry(stage.place.chain, stage.place.key);
    const [place] = stage.ledger.trust.chains;
    const trust = { ...stage.ledger.trust, chains: [{ ...(place as NonNullable<typeof place>), contract: address }] };
    const report = await verifyLedger({ ...base(), trust });
    expect(told(report)).toEqual(["forged-anchor 1-300"]);
    expect(report.anchored).toBeNull();
  });

  test("no such ledger, no ledger at all, no tables, no database", async () => {
    const { chain } = base();
    const options = { chain, ledger: "nobody.test" };
    await expect(verifyLedger({ ...options, database: copy.url })).rejects.toMatchObject({ code: "ledger-not-found" });
    await expect(verifyLedger({ ...base(), ledger: "nobody.test" })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    const fresh = await createTestDatabase();
    await expect(verifyLedger({ chain, database: fresh.url })).rejects.toMatchObject({ code: "ledger-not-found" });
    await fresh.drop();
    const empty = await createEmptyDatabase();
    await expect(verifyLedger({ ...options, database: empty.url })).rejects.toMatchObject({ code: "not-migrated" });
    await empty.drop();
    await expect(verifyLedger({ ...options, database: urlOf("no_such_database") })).rejects.toMatchObject({
      code: "database-refused",
    });
    const nowhere = verifyLedger({ ...options, database: "postgres://u:secret@127.0.0.1:9/x" });
    await expect(nowhere).rejects.toMatchObject({ code: "database-unavailable" });
    await expect(nowhere).rejects.not.toThrow(/secret/);
  });

  test("a role that may not read, or from whom rows are hidden", async () => {
    const role = `verify_${process.pid}`;
    await onServer(`create role ${role} login password 'test'`);
    const database = urlOf(new URL(copy.url).pathname.slice(1), role, "test");
    await expect(verifyLedger({ ...base(), database })).rejects.toMatchObject({ code: "database-refused" });
    await copy.sql(`grant eventchain_reader to ${role}`);
    expect(await verifyLedger({ ...base(), database })).toMatchObject({ ok: true, checked: "330" });
    const hidden = {
      code: "database-refused",
      message: expect.stringMatching(/row-level security .* events from this user/),
    };
    await copy.sql(`create policy hidden on events as restrictive for select to ${role} using (position < 300)`);
    await expect(verifyLedger({ ...base(), database })).rejects.toMatchObject(hidden);
    await copy.sql("drop policy hidden on events");
    await copy.sql("alter policy whole on events using (position < 300)");
    await expect(verifyLedger({ ...base(), database })).rejects.toMatchObject(hidden);
    await copy.sql("alter policy whole on events using (true)");
    expect(await verifyLedger({ ...base(), database })).toMatchObject({ ok: true });
    await copy.sql(`revoke eventchain_reader from ${role}`);
    await copy.sql(`grant usage on schema eventchain to ${role}`);
    await copy.sql(`grant select on all tables in schema eventchain to ${role}`);
    await expect(verifyLedger({ ...base(), database })).rejects.toMatchObject(hidden);
    await copy.sql(`drop owned by ${role}`);
    await onServer(`drop role ${role}`);
  });

  test("aborted", async () => {
    const signal = AbortSignal.abort();
    await expect(verifyLedger({ ...base(), signal })).rejects.toMatchObject({ code: "aborted" });
  });
});

test("progress is told page by page, and ends at the whole", async () => {
  const seen: [bigint, bigint][] = [];
  await verifyLedger({ ...base(), onProgress: (done, total) => seen.push([done, total]) });
  expect(seen.length).toBeGreaterThan(1);
  expect(seen.at(-1)).toEqual([330n, 330n]);
  expect(seen.map(([done]) => done)).toEqual([...seen.map(([done]) => done)].sort((a, b) => Number(a - b)));
});

test("a database is left as it was, and the caller's pool open", async () => {
  const before = await copy.sql(
    "select (select max(position) from events) as head, (select count(*) from anchors) as anchors",
  );
  const pg = await import("pg");
  const pool = new pg.default.Pool({ connectionString: copy.url, max: 1 });
  await verifyLedger({ ...base(), database: pool });
  const after = await pool.query(
    "select (select max(position) from eventchain.events) as head, (select count(*) from eventchain.anchors) as anchors",
  );
  expect(after.rows).toEqual(before.rows);
  // One connection is enough, for the second look at what seems forged too.
  await copy.sql("update watermarks set anchored_size = 310");
  expect(told(await verifyLedger({ ...base(), database: pool }))).toEqual(["forged-anchor 301-310"]);
  await copy.sql("update watermarks set anchored_size = 300");
  await pool.end();
});

describe("receipts from outside", () => {
  const event = (position: number) => {
    const built = stage.ledger.events[position - 1];
    if (built === undefined) throw new Error("no such event");
    const { id, stream, version, recordedAtMicros } = built;
    const hash = Buffer.from(built.hash).toString("hex");
    return {
      position: `${position}`,
      stream,
      version: `${version}`,
      id,
      hash,
      recordedAtMicros: `${recordedAtMicros}`,
    };
  };

  test.each([
    ["one object", () => JSON.stringify(event(7)), 1],
    ["an object with events", () => JSON.stringify({ id: "x", events: [event(7), event(8)] }), 2],
    ["a list", () => JSON.stringify([event(7), event(325)]), 2],
    [
      "lines, with an error among them",
      () => `${JSON.stringify(event(7))}\n{"error":{"code":"conflict"}}\n${JSON.stringify(event(8))}\n`,
      2,
    ],
  ])("are read from %s", async (_, text, count) => {
    const receipts = parseReceipts(text());
    expect(receipts).toHaveLength(count);
    expect(told(await verifyLedger({ ...base(), receipts }))).toEqual([]);
  });

  test.each([
    "",
    "nonsense",
    "{}",
    '{"position":"1"}',
    '{"position":1,"hash":"00"}',
    `{"position":"01","hash":"${"00".repeat(32)}"}`,
    "[]",
  ])("are refused: %s", (text) => {
    expect(() => parseReceipts(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test.each([
    ["hash", { hash: "00".repeat(32) }],
    ["id", { id: "019a9f00-0000-7000-8000-000000000001" }],
    ["stream", { stream: "other" }],
    ["version", { version: "99" }],
    ["time", { recordedAtMicros: "1" }],
  ])("that say another %s are contradicted", async (_, change) => {
    for (const position of [7, 325]) {
      const receipts = parseReceipts(JSON.stringify({ ...event(position), ...change }));
      expect(told(await verifyLedger({ ...base(), receipts }))).toEqual([`contradicted ${position}`]);
    }
  });

  test("of an altered event fit the log, so the event is what was altered", async () => {
    const receipts = parseReceipts(JSON.stringify([event(7), event(8)]));
    const report = await stage.verify((victim) => victim.sql("update events set data = '{}' where position = 7"), {
      receipts,
    });
    expect(told(report)).toEqual(["altered 7"]);
  });
});

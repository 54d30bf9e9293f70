import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkBundle, formatTrustRoot } from "@eventchain/core";
import { connect } from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withdraw } from "../support/account-commands.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCli } from "../support/run-cli.ts";
import { type ProgramInput, runInProcess } from "../support/run-program.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
let staged: StagedLedger;
let folder = "";
const ids: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eventchain-read-"));
  database = await createTestDatabase();
  staged = await createStagedLedger(database.pool, "cli.test");
  await using connection = await connect({ database: database.url });
  const ledger = await connection.ledger("cli.test");
  for (let n = 1; n <= 6; n++) {
    const event = { type: n % 2 === 0 ? "Even" : "Odd", data: { n }, tags: n > 3 ? ["big", "n"] : ["n"] };
    const who = { actor: n < 3 ? "ann" : "bob", ip: `203.0.113.${n}`, correlationId: `c-${n}` };
    const { events } = await ledger.append(`s-${n % 3}`, event, { ...who, commandId: `command-${n}` });
    ids.push(events[0]?.id ?? "");
    if (n === 3) await staged.makeFinal();
    if (n === 4) {
      await staged.seal();
      await staged.anchor();
    }
    if (n === 5) await staged.seal();
  }
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});

const run = (args: readonly string[], input: ProgramInput = {}) =>
  runInProcess(args, { database: database.url, ...input });

async function positions(...args: string[]): Promise<unknown[]> {
  const { lines, exitCode } = await run(["log", "--json", ...args]);
  expect(exitCode).toBe(0);
  return lines().map(({ position }) => Number(position));
}

describe("log", () => {
  test("prints an object a line, oldest first, with each event's state", async () => {
    const { lines } = await run(["log", "--json"]);
    const events = lines();
    expect(Object.keys(events[0] ?? {})).toEqual([
      "position",
      "version",
      "stream",
      "id",
      "type",
      "schema",
      "tags",
      "recordedAtMicros",
      "data",
      "metadata",
      "hash",
      "state",
    ]);
    expect(events.map(({ state }) => state)).toEqual(["final", "final", "final", "anchored", "sealed", "appended"]);
    expect(events[3]).toMatchObject({
      position: "4",
      version: "2",
      stream: "s-1",
      id: ids[3],
      type: "Even",
      schema: 1,
      tags: ["big", "n"],
      data: { n: 4 },
      metadata: { actor: "bob", commandId: "command-4", correlationId: "c-4", ip: "203.0.113.4" },
    });
  });

  test("by each condition, and by several", async () => {
    expect(await positions("--stream", "s-1")).toEqual([1, 4]);
    expect(await positions("--stream", "s-1", "--stream", "s-2")).toEqual([1, 2, 4, 5]);
    expect(await positions("--type", "Even")).toEqual([2, 4, 6]);
    expect(await positions("--tag", "big")).toEqual([4, 5, 6]);
    expect(await positions("--tag", "n", "--tag", "big")).toEqual([4, 5, 6]);
    expect(await positions("--actor", "ann")).toEqual([1, 2]);
    expect(await positions("--ip", "203.0.113.5")).toEqual([5]);
    expect(await positions("--correlation", "c-6")).toEqual([6]);
    expect(await positions("--after", "4")).toEqual([5, 6]);
    expect(await positions("--limit", "2")).toEqual([1, 2]);
    expect(await positions("--after", "2", "--limit", "1")).toEqual([3]);
    expect(await positions("--type", "Odd", "--actor", "bob", "--tag", "big")).toEqual([5]);
    expect(await positions("--stream", "nothing")).toEqual([]);
  });

  test("by time: from is inclusive, to is not", async () => {
    const { lines } = await run(["log", "--json"]);
    const timeOf = (index: number): string => {
      const micros = BigInt(String(lines()[index]?.recordedAtMicros));
      const seconds = new Date(Number(micros / 1000n)).toISOString().slice(0, 19);
      return `${seconds}.${(micros % 1_000_000n).toString().padStart(6, "0")}Z`;
    };
    expect(await positions("--from", timeOf(2), "--to", timeOf(4))).toEqual([3, 4]);
    expect(await positions("--from", "2999-01-01T00:00:00+02:00")).toEqual([]);
    expect(await positions("--to", "1999-01-01T00:00:00Z")).toEqual([]);
  });

  test("in words, without what would move the cursor", async () => {
    const { stdout } = await run(["log", "--limit", "1"]);
    expect(stdout).toMatch(/^ {6}1 {2}2\d{3}-\S+Z {2}final {5}s-1 v1 {2}Odd {2}by ann {2}\{"n":1\}\n$/);
  });

  test.each([
    [["--from", "yesterday"], /--from "yesterday" is not a time with an offset/],
    [["--to", "2026-01-31"], /--to .*write it like 2026-01-31T09:30:00Z/],
    [["--after", "-1"], /after/],
    [["--limit", "ten"], /limit/],
    [["--limit", "9007199254740992"], /--limit.*from 0 to 9007199254740991/],
    [["--tags", "x"], /unknown option '--tags'/],
    [["more"], /too many arguments/],
  ])("%j is exit code 2", async (args, message) => {
    const { exitCode, stderr } = await run(["log", ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("status", () => {
  test("has exactly the fields that scripts rely on", async () => {
    const { json, exitCode } = await run(["status", "--json"]);
    expect(exitCode).toBe(0);
    const hex64 = expect.stringMatching(/^0x[0-9a-f]{64}$/);
    const time = expect.stringMatching(/^2\d{3}-\d\d-\d\dT[\d:.]+Z$/);
    const anchor = { root: hex64, txHash: hex64, gasUsed: 90_000, at: time };
    expect(json()).toEqual({
      ledger: "cli.test",
      epoch: "0",
      size: "6",
      sealed: "5",
      anchored: "4",
      final: "3",
      head: { size: "5", root: hex64 },
      lag: { sealMs: expect.any(Number), anchorMs: expect.any(Number), finalMs: expect.any(Number) },
      waiting: null,
      alarms: [],
      handlers: [],
      projections: [],
      anchors: [
        { size: "4", state: "mined", block: "102", ...anchor },
        { size: "3", state: "final", block: "101", ...anchor },
      ],
    });
  });

  test("in words", async () => {
    const { stdout } = await run(["status"]);
    expect(stdout).toMatch(/^ledger {4}cli\.test\nevents {4}6\nsealed {4}5 {2}\(behind by /);
    expect(stdout).toMatch(/anchor {4}4 mined in block 102 0x/);
  });
});

describe("await", () => {
  test("a position, and a command", async () => {
    const expected = {
      position: "3",
      state: "final",
      anchor: {
        chainId: "31337",
        contract: staged.trust.chains[0]?.contract,
        txHash: expect.any(String),
        blockNumber: "101",
        blockHash: expect.any(String),
        size: "3",
        root: expect.any(String),
      },
    };
    expect((await run(["await", "3", "--json"])).json()).toEqual(expected);
    expect((await run(["await", "command-3", "--json"])).json()).toEqual(expected);
    expect((await run(["await", "3", "--timeout", "0", "--json"])).json()).toEqual(expected);
    expect((await run(["await", "4", "--timeout", "0"])).exitCode).toBe(2);
    expect((await run(["await", "1"])).stdout).toMatch(/^position 1 is final: anchored with size 3 in block 101 by 0x/);
  });

  test("time over is exit code 2, also for a position ahead", async () => {
    for (const what of ["6", "command-5", "1000000"]) {
      const { exitCode, json, stderr } = await run(["await", what, "--timeout", "0.1", "--json"]);
      expect(exitCode).toBe(2);
      expect(json()).toMatchObject({ error: { code: "timeout", timeoutMs: 100 } });
      expect(stderr).toMatch(/within 100 ms/);
    }
  });

  test.each([
    ["nobody-sent-this", /no command "nobody-sent-this" was recorded/],
    ["0", /positions start at 1/],
    ["007", /position/],
    ["9223372036854775808", /position/],
  ])("%s is exit code 2", async (what, message) => {
    const { exitCode, stderr } = await run(["await", what]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });

  test.each([false, true])("a command that was rejected is exit code 1, with an event of it: %s", async (asEvent) => {
    const own = await createTestDatabase();
    try {
      await createStagedLedger(own.pool, "rejected.test");
      await using connection = await connect({ database: own.url });
      const ledger = await connection.ledger("rejected.test", { recordRejections: asEvent });
      const command = { actor: "ada", commandId: "refused-1" };
      const { status } = await ledger.execute(withdraw, { account: "a", amount: 1 }, command);
      expect([status, await ledger.count()]).toEqual(["rejected", asEvent ? 1n : 0n]);
      const asked = (...args: string[]) => runInProcess(["await", "refused-1", ...args], { database: own.url });
      const { exitCode, json } = await asked("--json");
      expect(exitCode).toBe(1);
      expect(json()).toEqual({ position: null, state: "rejected", code: "overdrawn", anchor: null });
      expect((await asked()).stdout).toBe("command refused-1 was rejected: overdrawn\n");
    } finally {
      await own.drop();
    }
  });
});

describe("verify", () => {
  test("--from takes any position there is, and none beyond", async () => {
    expect((await run(["verify", "--offline", "--from", "6"])).exitCode).toBe(0);
    const { exitCode, json, stderr } = await run(["verify", "--offline", "--from", "7", "--json"]);
    expect(exitCode).toBe(2);
    expect(json()).toMatchObject({ error: { code: "invalid-argument", from: "7", size: "6" } });
    expect(stderr).toMatch(/--from 7 lies beyond the newest event: .*give a position from 1 to 6/);
  });
});

test("verify, like the other commands, asks which of several ledgers", async () => {
  const other = await createTestDatabase();
  try {
    await createStagedLedger(other.pool, "a.test");
    await createStagedLedger(other.pool, "b.test");
    for (const args of [["verify", "--offline"], ["status"]]) {
      const { exitCode, stderr } = await runInProcess(args, { database: other.url });
      expect(exitCode).toBe(2);
      expect(stderr).toBe("eventchain: this database has 2 ledgers (a.test, b.test): say which by --ledger ORIGIN\n");
    }
  } finally {
    await other.drop();
  }
});

describe("prove", () => {
  test("prints a bundle that checks, by position and by event id", async () => {
    const { stdout, exitCode } = await run(["prove", "2"]);
    expect(exitCode).toBe(0);
    expect((await run(["prove", ids[1] ?? "", "--json"])).stdout).toBe(stdout);
    const report = await checkBundle(stdout, { trust: staged.trust });
    expect(report.checks.filter(({ ok }) => ok === false)).toEqual([]);
    expect(report.event).toEqual({ position: "2", type: "Even", stream: "s-2" });
    expect(JSON.parse(stdout)).toMatchObject({ format: "eventchain/proof@1", anchor: { size: "3" } });
  });

  test("writes it to a file, without metadata if so told; check takes it", async () => {
    const out = join(folder, "bundle.json");
    const trust = join(folder, "trust.json");
    await writeFile(trust, formatTrustRoot(staged.trust));
    const { json } = await run(["prove", "5", "--out", out, "--without-metadata", "--json"]);
    expect(json()).toEqual({ file: out, position: "5", size: "5", final: false });
    expect(JSON.parse(await readFile(out, "utf8"))).toMatchObject({ event: { metadata: null }, anchor: null });
    const checked = await runInProcess(["check", out, "--trust", trust, "--offline", "--json"]);
    expect(checked.json()).toMatchObject({ event: { position: "5" } });
    const { stdout } = await run(["prove", "1", "--out", out]);
    expect(stdout).toBe(`position 1 is proven in ${out}\n`);
  });

  test.each([
    ["6", /not sealed yet \(sealed: 5\)/],
    ["7", /has no event with position 7/],
    ["019aa3b5-ec00-7586-b459-e73756c3dff9", /has no event with id 019aa3b5/],
    ["0", /names no event/],
    ["s-1", /names no event/],
  ])("%s is exit code 2", async (what, message) => {
    const { exitCode, stderr } = await run(["prove", what]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("a folder that is not there is exit code 2", async () => {
    const { exitCode, stderr } = await run(["prove", "1", "--out", join(folder, "none", "b.json")]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^eventchain: cannot write the bundle to .*b\.json": there is no folder .*none": make it.*\n$/,
    );
  });

  test("a folder in place of a file is exit code 2, and nothing is left beside it", async () => {
    const before = await readdir(folder);
    await mkdir(join(folder, "taken"));
    const { exitCode, stderr } = await run(["prove", "1", "--out", join(folder, "taken")]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^eventchain: cannot write the bundle to .*taken": it is a folder: name a file.*\n$/);
    expect((await readdir(folder)).sort()).toEqual([...before, "taken"].sort());
  });
});

test("the installed program answers the same", async () => {
  const env = { DATABASE_URL: database.url };
  const [log, proof, status] = [
    await runCli(["log", "--json", "--type", "Even"], { env }),
    await runCli(["prove", "3"], { env }),
    await runCli(["await", "6", "--timeout", "0.1"], { env }),
  ];
  expect(log.stdout).toBe((await run(["log", "--json", "--type", "Even"])).stdout);
  expect(proof.stdout).toBe((await run(["prove", "3"])).stdout);
  expect(status).toMatchObject({ exitCode: 2, stdout: "" });
});

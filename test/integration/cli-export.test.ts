import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { runProgram } from "@eventchain/cli";
import { connect, type LedgerEvent } from "@eventchain/ledger";
import { fromCloudEvent } from "@eventchain/routes";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ended, startCli } from "../support/run-cli.ts";
import { type ProgramInput, runInProcess } from "../support/run-program.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
let root = "";
let folder = "";
const events: LedgerEvent[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "eventchain-export-"));
  database = await createTestDatabase();
  const staged = await createStagedLedger(database.pool, "cli.test");
  await using connection = await connect({ database: database.url });
  const ledger = await connection.ledger("cli.test");
  for (let n = 1; n <= 6; n++) {
    const event = {
      type: n % 2 === 0 ? "Even" : "Odd",
      data: { n, text: 'a,"b"\r\nc' },
      tags: n > 3 ? ["big", "n"] : ["n"],
    };
    await ledger.append(`s-${n % 3}`, event, { actor: n < 3 ? "ann" : "bob", correlationId: `c-${n}` });
    if (n === 3) await staged.makeFinal();
  }
  for await (const event of ledger.readAll()) events.push(event);
});
afterAll(async () => {
  await database?.drop();
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, "out-"));
});

const run = (args: readonly string[], input: ProgramInput = {}) =>
  runInProcess(["export", ...args], { database: database.url, ...input });

describe("export", () => {
  test("writes the lines of log --json, whether or not --json is given", async () => {
    const { stdout } = await runInProcess(["log", "--json"], { database: database.url });
    expect(await run([])).toMatchObject({ stdout, exitCode: 0, stderr: "" });
    expect(await run(["--json", "--format", "jsonl"])).toMatchObject({ stdout, exitCode: 0 });
    expect(stdout.split("\n")).toHaveLength(7);
  });

  test("writes CloudEvents that are the events", async () => {
    const { stdout, exitCode } = await run(["--format", "cloudevents"]);
    expect(exitCode).toBe(0);
    expect(stdout.trimEnd().split("\n").map(fromCloudEvent)).toEqual(events);
  });

  test("writes CSV, its first line the columns that are documented", async () => {
    const { stdout, exitCode } = await run(["--format", "csv", "--limit", "1"]);
    expect(exitCode).toBe(0);
    const [header, record] = stdout.split(/\r\n(?=1,|$)/);
    expect(header).toBe(
      "position,version,stream,id,type,schema,tags,recordedAt,actor,correlationId,causationId,data,metadata,hash,state",
    );
    expect(record).toContain(`,"[""n""]",`);
    expect(record).toContain(String.raw`,"{""n"":1,""text"":""a,\""b\""\r\nc""}",`);
  });

  test.each([
    [["--stream", "s-1"]],
    [["--stream", "s-1", "--stream", "s-2", "--type", "Odd"]],
    [["--tag", "big", "--tag", "n"]],
    [["--actor", "ann"]],
    [["--correlation", "c-4"]],
    [["--ip", "203.0.113.9"]],
    [["--after", "2", "--limit", "2"]],
    [["--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"]],
  ])("chooses events as log does: %j", async (filter) => {
    const listed = await runInProcess(["log", "--json", ...filter], { database: database.url });
    expect((await run(filter)).stdout).toBe(listed.stdout);
  });

  test.each(["jsonl", "csv", "cloudevents"])("writes %s to a file, whole, and says how much", async (format) => {
    const file = join(folder, "events");
    const { json, exitCode } = await run(["--format", format, "--out", file, "--json"]);
    expect(exitCode).toBe(0);
    expect(json()).toEqual({ file, format, events: 6, size: "6" });
    expect(await readFile(file, "utf8")).toBe((await run(["--format", format])).stdout);
    expect(await readdir(folder)).toEqual(["events"]);
  });

  test("leaves the file that was there, and nothing beside it, where it is interrupted", async () => {
    const file = join(folder, "events");
    await writeFile(file, "before");
    const stop = new AbortController();
    stop.abort();
    const { exitCode } = await run(["--out", file], { signal: stop.signal });
    expect(exitCode).toBe(2);
    expect(await readFile(file, "utf8")).toBe("before");
    expect(await readdir(folder)).toEqual(["events"]);
  });

  test("says where it cannot write", async () => {
    const { exitCode, stderr } = await run(["--out", join(folder, "no", "such")]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/cannot write the events to .*there is no folder/);
  });

  test.each<[string[], RegExp]>([
    [["--format", "xml"], /jsonl, csv, cloudevents/],
    [["--format", "csv", "--json"], /CSV is no JSON/],
    [["--from", "yesterday"], /--from/],
    [["--limit", "-1"], /limit/],
  ])("refuses %j before anything is written", async (args, message) => {
    const file = join(folder, "events");
    const { exitCode, stdout, stderr } = await run(args[0] === "--format" ? args : [...args, "--out", file]);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });

  test("waits for a reader that is slow", async () => {
    let largest = 0;
    const chunks: string[] = [];
    const stdout: Writable = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        largest = Math.max(largest, stdout.writableLength);
        chunks.push(chunk.toString());
        setTimeout(done, 5);
      },
    });
    expect((await run([], { stdout })).exitCode).toBe(0);
    expect(chunks.join("")).toBe((await run([])).stdout);
    expect(largest).toBeLessThan(100_000);
  });

  test.each([
    ["shows how far it is on a terminal, where the events go elsewhere", [], { out: false, err: true }, true],
    ["shows how far it is beside a file", ["--out", "FILE"], { out: true, err: true }, true],
    ["shows no bar among the events", [], { out: true, err: true }, false],
    ["shows no bar where there is no terminal", [], { out: false, err: false }, false],
  ])("%s", async (_what, args, isTerminal, expected) => {
    const [stdout, stderr] = [isTerminal.out, isTerminal.err].map((isTTY) =>
      Object.assign(new PassThrough(), { isTTY }),
    );
    const said: Buffer[] = [];
    stderr?.on("data", (chunk: Buffer) => said.push(chunk));
    stdout?.resume();
    const exitCode = await runProgram({
      args: ["export", ...args.map((arg) => (arg === "FILE" ? join(folder, "events") : arg))],
      env: { DATABASE_URL: database.url, EVENTCHAIN_DIR: folder },
      stdin: Readable.from([]),
      stdout: stdout ?? new PassThrough(),
      stderr: stderr ?? new PassThrough(),
      signal: new AbortController().signal,
      tellParent: () => undefined,
    });
    expect(exitCode).toBe(0);
    expect(Buffer.concat(said).toString().includes("exporting")).toBe(expected);
  });

  test("ends quietly where its reader has gone", async () => {
    const child = startCli(["export"], { env: { DATABASE_URL: database.url, EVENTCHAIN_DIR: folder } });
    child.stdout?.destroy();
    const { exitCode, stderr } = await ended(child);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { CLI_PATH, ended, runCli } from "../support/run-cli.ts";
import { type ProgramInput, runInProcess } from "../support/run-program.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, "cli.test");
});
afterAll(() => database?.drop());

const run = (args: readonly string[], input: ProgramInput = {}) =>
  runInProcess(args, { database: database.url, ledger: "cli.test", ...input });

const appendLines = (lines: readonly unknown[], input: ProgramInput = {}) =>
  run(["append", "-", "--json"], {
    stdin: lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
    ...input,
  });

const line = (stream: string, n: number, more: object = {}) => ({ stream, type: "Counted", data: { n }, ...more });

describe("append", () => {
  test("prints exactly the event's place, id, hash and time", async () => {
    const args = ["append", "--stream", "one", "--type", "Counted", "--data", '{"n":1}', "--json"];
    const { exitCode, stdout, json, stderr } = await run([...args, "--tag", "b", "--tag", "a"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.endsWith("}\n")).toBe(true);
    expect(json()).toEqual({
      position: expect.stringMatching(/^[1-9]\d*$/),
      version: "1",
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      recordedAtMicros: expect.stringMatching(/^\d{16}$/),
    });
    const log = await run(["log", "--stream", "one", "--json"]);
    expect(log.lines()).toMatchObject([{ tags: ["a", "b"], data: { n: 1 }, metadata: {} }]);
  });

  test("says it in words too", async () => {
    const { stdout } = await run(["append", "--stream", "words\u001b[2J", "--type", "Counted", "--data", "{}"]);
    expect(stdout).toMatch(/^position \d+: Counted, version 1 of words\\u001b\[2J, id [0-9a-f-]{36}\n$/);
  });

  test("a conflict is exit code 1 and one line", async () => {
    const args = ["append", "--stream", "conflict", "--type", "T", "--data", "{}", "--expect"];
    expect((await run([...args, "none"])).exitCode).toBe(0);
    const { exitCode, json, stderr } = await run([...args, "0", "--json"]);
    expect(exitCode).toBe(1);
    expect(json()).toMatchObject({ error: { code: "conflict", stream: "conflict", expected: "0", actual: "1" } });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect((await run([...args, "1"])).exitCode).toBe(0);
    expect((await run([...args, "exists"])).exitCode).toBe(0);
  });

  test("a command again gives the first answer; with other content it is refused", async () => {
    const args = ["append", "--stream", "commanded", "--type", "T", "--command", "cli-1", "--json", "--data"];
    const first = await run([...args, '{"a":1,"b":2}']);
    const again = await run([...args, '{"b":2,"a":1}']);
    expect(again.stdout).toBe(first.stdout);
    const other = await run([...args, '{"a":2}']);
    expect(other).toMatchObject({ exitCode: 2 });
    expect(other.json()).toMatchObject({ error: { code: "command-id-reused", commandId: "cli-1" } });
  });

  test.each<[string, string[], RegExp]>([
    ["no JSON", ["--data", "{"], /--data: /],
    ["a key twice", ["--data", '{"a":1,"a":2}'], /--data: .*a/],
    ["an integer that is not exact", ["--data", '{"a":9007199254740993}'], /--data: /],
    ["an array", ["--data", "[]"], /data is an array: give an object/],
    ["metadata of the ledger's own", ["--data", "{}", "--metadata", '{"$x":1}'], /\$/],
    ["a command id in metadata", ["--data", "{}", "--metadata", '{"commandId":"x"}'], /commandId/],
    ["a wrong expectation", ["--data", "{}", "--expect", "-1"], /expect/],
    ["an expectation with a leading zero", ["--data", "{}", "--expect", "01"], /expect/],
    ["no data", [], /append needs --stream, --type and --data/],
    ["a file", ["events.jsonl"], /append takes no file/],
    ["a stream and -", ["-", "--stream", "s"], /append - takes no --type|append - takes no --stream/],
  ])("%s: exit code 2 and a line that says what to do", async (_what, more, message) => {
    const { exitCode, stderr, stdout } = await run(["append", "--stream", "bad", "--type", "T", ...more]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
  });
});

describe("append -", () => {
  test("answers each line in order, and the others of a bad one", async () => {
    const { exitCode, lines } = await appendLines([
      line("lines", 1, { expect: "none", tags: ["x"], metadata: { actor: "ann" } }),
      line("lines", 2, { expect: 1 }),
      "not json",
      line("lines", 3, { expect: 1 }),
      "",
      line("lines", 4, { expect: "2", command: "line-4" }),
      line("lines", 4, { command: "line-4" }),
      line("$own", 5),
      { ...line("lines", 6), typo: 1 },
      "\u0000",
      line("lines", 7),
    ]);
    expect(exitCode).toBe(2);
    const answers = lines();
    expect(answers).toMatchObject([
      { version: "1" },
      { version: "2" },
      { error: { code: "invalid-json", line: 3 } },
      { error: { code: "conflict", line: 4, expected: "1", actual: "2" } },
      { version: "3" },
      { version: "3" },
      { error: { code: "invalid-name", line: 8 } },
      { error: { code: "invalid-argument", line: 9 } },
      { error: { code: "invalid-json", line: 10 } },
      { version: "4" },
    ]);
    expect(answers[5]).toEqual(answers[4]);
    expect(Object.keys(answers[0] ?? {})).toEqual(["position", "version", "id", "hash", "recordedAtMicros"]);
  });

  test("conflicts alone are exit code 1; all well is 0; nothing is 0", async () => {
    expect((await appendLines([line("codes", 1), line("codes", 2, { expect: 5 })])).exitCode).toBe(1);
    expect((await appendLines([line("codes", 3)])).exitCode).toBe(0);
    expect(await appendLines([])).toMatchObject({ exitCode: 0, stdout: "" });
    const lastLine = await run(["append", "-"], { stdin: JSON.stringify(line("codes", 4)) });
    expect(lastLine.lines()).toMatchObject([{ version: "3" }]);
  });

  test("keeps the order of thousands of lines of one stream, each expecting the one before", async () => {
    const { exitCode, lines } = await appendLines(
      Array.from({ length: 3000 }, (_, n) => line("thousands", n, { expect: n })),
    );
    expect(exitCode).toBe(0);
    expect(lines().map(({ version }) => version)).toEqual(Array.from({ length: 3000 }, (_, n) => String(n + 1)));
  });

  test("answers a line before the next one comes, and stops when it is interrupted", async () => {
    const stdin = new PassThrough();
    const controller = new AbortController();
    const running = run(["append", "-"], { stdin, signal: controller.signal });
    stdin.write(`${JSON.stringify(line("slow", 1))}\n`);
    for (;;) {
      const { lines } = await run(["log", "--stream", "slow", "--json"]);
      if (lines().length === 1) break;
      await pause(20);
    }
    controller.abort();
    const { exitCode, lines, stderr } = await running;
    expect(exitCode).toBe(2);
    expect(lines()).toMatchObject([{ version: "1" }]);
    expect(stderr).toMatch(/interrupted/);
  });

  test("takes no more of its input while nobody reads its answers", async () => {
    const total = 20_000;
    let given = 0;
    const stdin = Readable.from(
      (function* () {
        while (given < total) yield Buffer.from(`${JSON.stringify(line("held", ++given))}\n`);
      })(),
    );
    const stdout = new PassThrough();
    const running = run(["append", "-"], { stdin, stdout });
    for (let before = -1; given === 0 || given !== before; ) {
      before = given;
      await pause(300);
    }
    expect(given).toBeLessThan(3000);
    let answers = 0;
    stdout.setEncoding("utf8").on("data", (text: string) => {
      answers += text.split("\n").length - 1;
    });
    expect((await running).exitCode).toBe(0);
    expect({ given, answers }).toEqual({ given: total, answers: total });
  });

  test("a reader that goes away: exit code 2, and one line that says how far it came", async () => {
    let answers = 0;
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        answers += 1;
        done(answers === 1 ? null : Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      },
    });
    const stdin = Readable.from(
      (function* () {
        for (let n = 1; n <= 10_000; n++) yield Buffer.from(`${JSON.stringify(line("left", n))}\n`);
      })(),
    );
    const { exitCode, stderr } = await run(["append", "-"], { stdin, stdout });
    expect(exitCode).toBe(2);
    const [, said, upTo] =
      /^eventchain: nobody reads standard output any more: (\d+) lines were appended, up to line (\d+); .*\n$/.exec(
        stderr,
      ) ?? [];
    const { lines } = await run(["log", "--stream", "left", "--json"]);
    expect(lines()).toHaveLength(Number(said));
    expect(upTo).toBe(said);
    expect(Number(said)).toBeLessThan(10_000);
  });

  test("a line of 10 MiB, and one that is not UTF-8, are errors of their own", async () => {
    const stdin = Buffer.concat([
      Buffer.from(`${JSON.stringify(line("huge", 1, { metadata: { pad: "x".repeat(10 * 2 ** 20) } }))}\n`),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from(`${JSON.stringify(line("huge", 2, { metadata: { pad: "x".repeat(2 ** 20) } }))}\n`),
      Buffer.from(JSON.stringify(line("huge", 3))),
    ]);
    const { exitCode, lines } = await run(["append", "-"], { stdin });
    expect(exitCode).toBe(2);
    expect(lines()).toMatchObject([
      { error: { code: "too-large", line: 1 } },
      { error: { code: "invalid-json", line: 2 } },
      { error: { code: "too-large", line: 3 } },
      { version: "1" },
    ]);
  });
});

describe("the installed program", () => {
  test.each(["/dev/full"].filter((path) => existsSync(path)))("on %s its output is lost: exit code 2", async (path) => {
    const disk = await open(path, "w");
    try {
      for (const args of [["--help"], ["log", "--ledger", "cli.test", "--limit", "1"], ["status", "--json"]]) {
        const env = { PATH: process.env.PATH, DATABASE_URL: database.url };
        const child = spawn(process.execPath, [CLI_PATH, ...args], { env, stdio: ["ignore", disk.fd, "pipe"] });
        const { exitCode, stderr } = await ended(child);
        expect(stderr).toMatch(/^eventchain: cannot write to standard output: ENOSPC.*\n$/);
        expect(exitCode).toBe(2);
      }
    } finally {
      await disk.close();
    }
  });

  test("appends from standard input and from arguments", async () => {
    const env = { DATABASE_URL: database.url };
    const input = [line("real", 1), line("real", 2, { expect: "none" })].map((each) => JSON.stringify(each)).join("\n");
    const many = await runCli(["append", "-", "--json"], { env, input });
    expect(many.exitCode).toBe(1);
    expect(many.stdout.trim().split("\n")).toHaveLength(2);
    const one = await runCli(["append", "--stream", "real", "--type", "T", "--data", '{"ü":"😀"}', "--json"], { env });
    expect(one).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(one.stdout)).toMatchObject({ version: "2" });
    const log = await runCli(["log", "--stream", "real", "--json"], { env });
    expect(
      log.stdout
        .trim()
        .split("\n")
        .map((each) => JSON.parse(each)),
    ).toMatchObject([{ data: { n: 1 } }, { data: { ü: "😀" } }]);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { ConflictError, LedgerError } from "@eventchain/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commands } from "../commands/index.ts";
import { decimal } from "./arguments.ts";
import type { RegisterCommand } from "./command-spec.ts";
import { runProgram } from "./run-program.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "eventchain-cli-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** A command that does as it is told, beside the real ones. */
function probe(handler: Parameters<Parameters<RegisterCommand>[1]>[0]): RegisterCommand {
  return (program, run) => {
    program.command("probe").argument("[position]", "", decimal).option("--stream <name>").action(run(handler));
  };
}

async function runCli(
  args: readonly string[],
  options: { env?: Record<string, string>; extra?: RegisterCommand; stdout?: Writable } = {},
) {
  const read = (stream: PassThrough): string => stream.read()?.toString() ?? "";
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await runProgram(
    {
      args,
      env: { EVENTCHAIN_DIR: dir, ...options.env },
      stdin: Readable.from([]),
      stdout: options.stdout ?? stdout,
      stderr,
      signal: new AbortController().signal,
      tellParent: () => undefined,
    },
    options.extra === undefined ? commands : [...commands, options.extra],
  );
  return { exitCode, stdout: read(stdout), stderr: read(stderr) };
}

describe("arguments", () => {
  test.each([
    [["nonsense"], /unknown command 'nonsense'/],
    [["migrat"], /Did you mean migrate/],
    [["probe", "--nonsense"], /unknown option '--nonsense'/],
    [["probe", "--config"], /option '--config <file>' argument missing/],
    [["probe", "--dir"], /option '--dir <dir>' argument missing/],
    [["probe", "--stream"], /option '--stream <name>' argument missing/],
    [["probe", "1", "2"], /too many arguments/],
    [["probe", "01"], /position.*whole number/],
    [["probe", "-1"], /unknown option '-1'|whole number/],
    [["probe", "9223372036854775808"], /whole number/],
    [[], /no command is given/],
  ])("%j is refused in one line, with exit code 2", async (args, message) => {
    const extra = probe(async () => 0);
    const plain = await runCli(args, { extra });
    expect(plain.exitCode).toBe(2);
    expect(plain.stdout).toBe("");
    expect(plain.stderr).toMatch(message);
    expect(plain.stderr.trim().split("\n")).toHaveLength(1);

    const json = await runCli(["--json", ...args], { extra });
    expect(json.exitCode).toBe(2);
    expect(JSON.parse(json.stdout)).toEqual({
      error: { code: "invalid-argument", message: expect.stringMatching(message) },
    });
  });

  test.each([
    [["workers", "--ledger", "a.test"], {}],
    [["workers", "--ledger", "a.test", "--roles", "project,seal"], {}],
    [["workers", "--roles", "seal"], { LEDGERS: "a.test" }],
  ])("%j is refused: other roles than the handlers' serve all ledgers", async (args, env: Record<string, string>) => {
    expect(await runCli(args, { env })).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining("the role seal serves all ledgers: add --roles project,react,snapshot"),
    });
  });

  test("global options stand before or after the command", async () => {
    for (const args of [
      ["--json", "--dir", "there", "probe"],
      ["probe", "--dir", "there", "--json"],
      ["--dir=there", "probe", "--json", "7"],
    ]) {
      const extra = probe(async (context) => {
        await context.output.document({ dir: context.settings.dir }, () => "words");
        return 0;
      });
      expect(await runCli(args, { extra })).toEqual({ exitCode: 0, stdout: '{"dir":"there"}\n', stderr: "" });
    }
  });

  test("--help lists commands and global options", async () => {
    const { exitCode, stdout, stderr } = await runCli(["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/migrate/);
    expect(stdout).toMatch(/--ledger <origin>/);
  });
});

describe("settings", () => {
  const stack = {
    databaseUrl: "postgres://stack/a",
    redisUrl: null,
    rpcUrl: "http://stack",
    chainId: "31337",
    contract: "0x",
    consoleUrl: null,
  };
  const find = async (args: string[], env: Record<string, string> = {}): Promise<unknown> => {
    let found: unknown;
    const extra = probe(async (context) => {
      found = await context.settings.find("database");
      return 0;
    });
    await runCli(["probe", ...args], { extra, env });
    return found;
  };

  test("an option goes before the environment, and that before DIR/stack.json", async () => {
    await writeFile(join(dir, "stack.json"), JSON.stringify({ ...stack, ledgers: ["a"], pid: process.pid }));
    expect(await find([])).toEqual({ text: "postgres://stack/a", source: join(dir, "stack.json") });
    expect(await find([], { DATABASE_URL: "postgres://env/a" })).toEqual({
      text: "postgres://env/a",
      source: "DATABASE_URL",
    });
    expect(await find(["--database", "postgres://option/a"], { DATABASE_URL: "postgres://env/a" })).toEqual({
      text: "postgres://option/a",
      source: "--database",
    });
    expect(await find([], { DATABASE_URL: "" })).toEqual({
      text: "postgres://stack/a",
      source: join(dir, "stack.json"),
    });
  });

  test("a stack file whose process is gone counts for nothing", async () => {
    await writeFile(join(dir, "stack.json"), JSON.stringify({ ...stack, ledgers: ["a"], pid: 2 ** 30 }));
    expect(await find([])).toBeUndefined();
  });

  test("a stack file that `up` did not write is refused", async () => {
    await writeFile(join(dir, "stack.json"), "{");
    const { exitCode, stderr } = await runCli(["migrate"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/stack\.json is not what `eventchain up` writes/);
  });

  test("with no database named, says how to name one", async () => {
    const { exitCode, stderr } = await runCli(["migrate"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/no database is named: start `eventchain up`.*--database URL or DATABASE_URL/);
  });
});

describe("errors", () => {
  const failWith = async (error: unknown, args: string[] = []) => {
    const extra = probe(async () => {
      throw error;
    });
    return await runCli(["probe", ...args], { extra });
  };

  test("a conflict is exit code 1, with its values in JSON", async () => {
    const error = new ConflictError("conflict", "stream s stands at 3", {
      values: { stream: "s", expected: 2n, actual: 3n },
    });
    const { exitCode, stdout } = await failWith(error, ["--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: "conflict", message: "stream s stands at 3", stream: "s", expected: "2", actual: "3" },
    });
  });

  test("an operating error is exit code 2, in one line that says what to do", async () => {
    const { exitCode, stdout, stderr } = await failWith(new LedgerError("not-migrated", "the database has\nno tables"));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toBe("eventchain: the database has no tables: run `eventchain migrate`\n");
  });

  test("anything unexpected is exit code 2, and shows its stack only when asked to", async () => {
    const short = await failWith(new Error("odd"));
    expect(short).toEqual({ exitCode: 2, stdout: "", stderr: "eventchain: odd: EVENTCHAIN_DEBUG=1 shows where\n" });
    const extra = probe(async () => {
      throw new Error("odd");
    });
    const long = await runCli(["probe"], { extra, env: { EVENTCHAIN_DEBUG: "1" } });
    expect(long.stderr).toMatch(/at .*run-program\.test\.ts/);
  });

  test("a reader that goes away ends the command without a word", async () => {
    const stdout = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      },
    });
    let lines = 0;
    const extra = probe(async (context) => {
      for (; lines < 1_000_000; lines += 1) {
        await context.output.line({ lines });
        await new Promise((resolve) => setImmediate(resolve));
      }
      return 0;
    });
    expect(await runCli(["probe"], { extra, stdout })).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(lines).toBeLessThan(1_000);
  });

  const full = (delayMs?: number): Writable =>
    new Writable({
      write(_chunk, _encoding, done) {
        const fail = (): void => done(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }));
        if (delayMs === undefined) fail();
        else setTimeout(fail, delayMs);
      },
    });

  test.each([
    ["at once", undefined],
    ["later", 20],
  ])("output that is lost %s is exit code 2, in one line", async (_when, delayMs) => {
    const answer = probe(async (context) => {
      await context.output.document({}, () => "words");
      return 1;
    });
    const lines = probe(async (context) => {
      await context.output.line({});
      return 0;
    });
    for (const [args, extra] of [
      [["probe"], answer],
      [["probe", "--json"], lines],
      [["--help"], lines],
    ] as const) {
      const { exitCode, stderr } = await runCli(args, { extra, stdout: full(delayMs) });
      expect(exitCode).toBe(2);
      expect(stderr).toBe("eventchain: cannot write to standard output: ENOSPC: no space left on device\n");
    }
  });

  test("an error that cannot be printed either is still one line", async () => {
    const { exitCode, stderr } = await runCli(["probe", "--nonsense", "--json"], { stdout: full() });
    expect(exitCode).toBe(2);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("code and message come first in an error's JSON, whatever its values are called", async () => {
    const error = new LedgerError("not-found", "none", { values: { stream: "s", message: "x", code: "y" } });
    const { stdout } = await failWith(error, ["--json"]);
    expect(stdout).toBe('{"error":{"code":"not-found","message":"none","stream":"s"}}\n');
  });
});

describe("servers", () => {
  test("a closed port, an unknown host: named at once, without the password", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const refused = await runCli(["migrate", "--database", `postgres://u:hush@127.0.0.1:${port}/a`]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(
      /cannot reach Postgres at postgres:\/\/u:\*\*\*@127.*nothing listens on port \d+.*--database/,
    );

    const unknown = await runCli(["migrate", "--json"], {
      env: { DATABASE_URL: "postgres://u:hush@no-such-host.invalid/a" },
    });
    expect(unknown.exitCode).toBe(2);
    expect(JSON.parse(unknown.stdout).error).toMatchObject({
      code: "database-unavailable",
      host: "no-such-host.invalid",
    });
    const stray = await runCli(["migrate", "postgres://u:hush@host/a"]);
    expect(stray.exitCode).toBe(2);
    for (const { stdout, stderr } of [refused, unknown, stray]) expect(stdout + stderr).not.toContain("hush");
  });
});

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../support/run-cli.ts";

// What goes wrong at the command line's edges: each must be one clear line and exit code 2, soon, without a password.

let dir: string;
let mute: Server;
let mutePort: number;
let talker: Server;
let talkerPort: number;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "eventchain-cli-"));
  await writeFile(join(dir, "garbage.json"), "{");
  // A server that takes connections and never says a word.
  mute = createServer(() => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => mute.once("listening", resolve));
  mutePort = (mute.address() as { port: number }).port;
  talker = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => talker.once("listening", resolve));
  talkerPort = (talker.address() as { port: number }).port;
});
afterAll(async () => {
  mute.close();
  talker.close();
  await rm(dir, { recursive: true });
});

/** The test run's own Postgres, with parts of its URL changed. */
function databaseUrl(change: (url: URL) => void): string {
  const url = new URL(process.env.TEST_DATABASE_URL ?? "");
  change(url);
  return url.href;
}

const wrongDatabases: [string, () => string, RegExp][] = [
  ["no URL at all", () => "nonsense", /DATABASE_URL is not a URL/],
  ["another scheme", () => "mysql://root:hush@127.0.0.1/app", /DATABASE_URL must begin with postgres:/],
  ["no host", () => "postgres:///app", /DATABASE_URL has no host/],
  ["an unknown host", () => "postgres://u:hush@no-such-host.invalid/app", /there is no host "no-such-host.invalid"/],
  ["a closed port", () => "postgres://u:hush@127.0.0.1:1/app", /nothing listens on port 1/],
  [
    "a server of another kind",
    () => `postgres://u:hush@127.0.0.1:${talkerPort}/app`,
    /what answers there is not Postgres/,
  ],
  [
    "a server that never answers",
    () => `postgres://u:hush@127.0.0.1:${mutePort}/app`,
    /cannot reach Postgres .*no answer within 5 s/,
  ],
  [
    "a missing database",
    () =>
      databaseUrl((url) => {
        url.pathname = "/no_such_database";
      }),
    /"no_such_database" does not exist: create it, or check the name in --database or DATABASE_URL/,
  ],
  [
    "an unknown user",
    () =>
      databaseUrl((url) => {
        url.username = "no_such_user";
        url.password = "hush";
      }),
    /does not accept this user or password.*: check user and password in --database or DATABASE_URL/,
  ],
  [
    "a database without tables",
    () =>
      databaseUrl((url) => {
        url.pathname = "/template1";
      }),
    /^(?!.*eventchain migrate.*eventchain migrate).*: run `eventchain migrate`$/m,
  ],
];

test.concurrent.each(wrongDatabases)("DATABASE_URL with %s", async (_what, url, message) => {
  const { exitCode, stdout, stderr } = await runCli(["status", "--dir", dir, "--json"], {
    env: { DATABASE_URL: url() },
  });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: expect.objectContaining({ code: expect.any(String), message: expect.stringMatching(message) }),
  });
  expect(stdout + stderr).not.toContain("hush");
});

const wrongNodes: [string, () => string, RegExp][] = [
  ["another scheme", () => "ws://127.0.0.1:8545", /RPC_URL must begin with http:/],
  ["a closed port", () => "http://127.0.0.1:1/v3/hush", /nothing listens on port 1/],
  ["an unknown host", () => "http://no-such-host.invalid/v3/hush", /there is no host/],
  [
    "a server of another kind",
    () => `http://127.0.0.1:${talkerPort}/v3/hush`,
    /did not answer eth_chainId: HTTP status 400/,
  ],
  [
    "a server that never answers",
    () => `http://127.0.0.1:${mutePort}/v3/hush`,
    /did not answer eth_chainId: no answer within 5000 ms.*--rpc/,
  ],
];

test.concurrent.each(wrongNodes)("RPC_URL with %s", async (_what, url, message) => {
  const DATABASE_URL = databaseUrl(() => undefined);
  const { exitCode, stdout, stderr } = await runCli(["verify", "--dir", dir, "--ledger", "a/b"], {
    env: { DATABASE_URL, RPC_URL: url() },
  });
  expect(stderr).toMatch(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).not.toContain("hush");
});

const wrongArguments: [readonly string[], RegExp][] = [
  [[], /no command is given/],
  [["lab", "list"], /unknown command 'lab'/],
  [["verify", "--snapshot"], /unknown option '--snapshot'/],
  [["verify", "--from", "x"], /--from.*whole number/],
  [["verify", "--from", "0"], /--from.*Positions start at 1: see/],
  [["verify", "--trust", "no-such-file"], /cannot read the trust root "no-such-file": there is no such file/],
  [["status", "--ledger", "a", "--ledger", "b"], /--ledger was given more than once/],
  [["status", "--ledger", "with space"], /origin/],
  [["up", "--port", "70000"], /--port.*from 1 to/],
  [["up", "--port", "65535"], /--port.*from 1 to/],
  [["up", "--ledger", "a~1"], /origin/],
  [
    ["up", "--dir", "/dev/null/x"],
    /cannot use the folder \/dev\/null\/x: \/dev\/null is not a folder: choose another by --dir/,
  ],
  [["up", "--detach", "--dir", "/dev/null/x"], /\/dev\/null is not a folder: choose another by --dir/],
  // Node's own way of making folders never ends below this one.
  ...(existsSync("/proc/self")
    ? [[["up", "--dir", "/proc/x/y"], /\/proc\/x cannot be made|\/proc may not be written to/] as [string[], RegExp]]
    : []),
  [["workers", "--roles", "seal,nonsense"], /roles/],
  [["check"], /missing required argument 'bundle'/],
  [["check", "no-such-file"], /cannot read the bundle/],
  [["await"], /missing required argument/],
  [["log", "--limit", "-1"], /--limit/],
  [["append", "--stream", "s", "--type", "T", "--data", '{"a":1,"a":2}'], /duplicate|twice/],
];

test.concurrent.each(wrongArguments)("%j", async (args, message) => {
  const DATABASE_URL = databaseUrl(() => undefined);
  const { exitCode, stdout, stderr } = await runCli(args, { env: { EVENTCHAIN_DIR: dir, DATABASE_URL } });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
});

test("nothing is named: says how to start", async () => {
  const { exitCode, stderr } = await runCli(["status"], { cwd: dir });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/no database is named: start `eventchain up`.*--database URL or DATABASE_URL/);
});

test("an old Node is told which one is needed", async () => {
  // The version alone is an old one's here; the syntax of the file is kept to what such a Node can parse.
  const disguise = `data:text/javascript,Object.defineProperty(process, "versions", { value: { node: "20.19.1" } });`;
  const { exitCode, stdout, stderr } = await runCli(["status"], {
    env: { NODE_OPTIONS: `--import="${encodeURI(disguise)}"` },
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toBe(
    'eventchain: needs Node 24 or newer, and this is Node 20.19.1: run it as npx -y -p node@24 -c "eventchain --help"\n',
  );
});

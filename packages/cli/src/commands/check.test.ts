import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import {
  bytesToHex,
  canonicalJson,
  createGenesis,
  eventHash,
  formatBundle,
  formatCheckpoint,
  formatTrustRoot,
  genesisHash,
  leafHash,
  onchainLedgerId,
  type ProofBundle,
  parseGenesis,
  rootOf,
  signerFromSeed,
  signNote,
} from "@eventchain/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../frame/run-program.ts";

const origin = "check.example/main";
const signer = signerFromSeed(origin, new Uint8Array(32).fill(7));
const stranger = signerFromSeed(origin, new Uint8Array(32).fill(8));
const owner = `0x${"11".repeat(20)}`;
const hash32 = (digit: string): string => `0x${digit.repeat(64)}`;
const contract = { chainId: 31337n, genesisHash: hash32("a"), contract: `0x${"22".repeat(20)}` };

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "eventchain-check-"));
  await writeFile(
    join(dir, "trust.json"),
    formatTrustRoot({ origin, owner, vkeys: [signer.vkey], chains: [contract] }),
  );
  const bundle = makeBundle();
  await writeFile(join(dir, "final.json"), formatBundle(bundle));
  await writeFile(join(dir, "sealed.json"), formatBundle({ ...bundle, anchor: null }));
  await writeFile(join(dir, "altered.json"), formatBundle({ ...bundle, event: { ...bundle.event, data: '{"n":2}' } }));
  await writeFile(join(dir, "later.json"), JSON.stringify({ ...bundle, format: "eventchain/proof@2" }));
  await writeFile(join(dir, "unknown-type.json"), formatBundle(makeBundle("$Unheard")));
  await writeFile(join(dir, "garbage.json"), "[1]");
});
afterAll(() => rm(dir, { recursive: true }));

/** A ledger of one event. */
function makeBundle(type = "Ticket\u001bOpened"): ProofBundle {
  const genesis = createGenesis({ origin, vkey: signer.vkey });
  const salt = new Uint8Array(16).fill(1);
  const event = {
    ledger: origin,
    stream: "ticket-1",
    id: "0198c0de-0000-7000-8000-000000000001",
    type,
    schema: 1,
    tags: [],
    data: canonicalJson({ n: 1 }),
    salt,
    metadata: "{}",
    metaSalt: salt,
    position: 1n,
    version: 1n,
    recordedAtMicros: 1_763_683_200_000_000n,
    prevHash: genesisHash(canonicalJson(parseGenesis(genesis))),
  };
  const { header, hash } = eventHash(event);
  const root = rootOf([leafHash(hash)]);
  return {
    format: "eventchain/proof@1",
    event: {
      header,
      data: event.data,
      salt: bytesToHex(salt),
      metadata: "{}",
      metaSalt: bytesToHex(salt),
      prevHash: bytesToHex(event.prevHash),
      position: "1",
      version: "1",
      recordedAtMicros: `${event.recordedAtMicros}`,
    },
    inclusion: { size: "1", path: [] },
    checkpoint: signNote(formatCheckpoint({ origin, size: 1n, root }), signer),
    anchor: {
      ...contract,
      chainId: "31337",
      ledgerId: onchainLedgerId(owner, origin),
      epoch: "0",
      size: "1",
      root: `0x${bytesToHex(root)}`,
      txHash: hash32("b"),
      blockNumber: "5",
      blockHash: hash32("c"),
      consistency: [],
    },
  };
}

async function check(args: readonly string[], env: Record<string, string> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await runProgram({
    args: ["check", ...args.map((arg) => (arg.endsWith(".json") ? join(dir, arg) : arg))],
    // A folder that cannot be read as one: `check` must not look at it.
    env: { EVENTCHAIN_DIR: join(dir, "trust.json"), ...env },
    stdin: Readable.from([]),
    stdout,
    stderr,
    signal: new AbortController().signal,
    tellParent: () => undefined,
  });
  return { exitCode, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

describe("check", () => {
  test("with a trust root and --offline, everything but the chain holds", async () => {
    const { exitCode, stdout, stderr } = await check(["final.json", "--trust", "trust.json", "--offline", "--json"]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: true, trust: "given", event: { position: "1", stream: "ticket-1" } });
    expect(report.checks.filter((made: { ok: unknown }) => made.ok !== true)).toEqual([
      { name: "anchor-on-chain", ok: null, detail: expect.any(String) },
    ]);
  });

  test("without a chain and without --offline, what was not checked is named, with exit code 2", async () => {
    const { exitCode, stdout, stderr } = await check(["final.json", "--trust", "trust.json"]);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/ok {5}checkpoint-signature/);
    expect(stderr).toMatch(/the chain was not checked.*--rpc URL or RPC_URL.*--offline/);
  });

  test("a node that cannot be reached is not a bad bundle, and hides no other answer", async () => {
    const closed = "http://127.0.0.1:1";
    const unreachable = await check(["final.json", "--trust", "trust.json", "--json"], { RPC_URL: closed });
    expect(unreachable.exitCode).toBe(2);
    expect(JSON.parse(unreachable.stdout)).toMatchObject({ ok: false, trust: "given" });
    expect(unreachable.stderr).toMatch(/the chain was not checked .*cannot reach/);
    expect(unreachable.stderr).not.toMatch(/give --rpc/);
    const altered = await check(["altered.json", "--trust", "trust.json"], { RPC_URL: closed });
    expect(altered).toMatchObject({ exitCode: 1, stderr: "" });
  });

  test.each([
    [["final.json", "--trust", "trust.json", "--offline"], 0],
    [["sealed.json", "--trust", "trust.json", "--offline"], 0],
    [["final.json", "--vkey", signer.vkey, "--offline"], 0],
    [["final.json", "--trust", "trust.json"], 2],
    [["sealed.json", "--trust", "trust.json"], 2],
    [["final.json", "--offline"], 2],
    [["altered.json"], 1],
    [["later.json", "--trust", "trust.json", "--offline"], 2],
    [["unknown-type.json", "--trust", "trust.json", "--offline"], 2],
    [["garbage.json", "--trust", "trust.json"], 1],
  ])("%j: what is printed is ok exactly where the exit code is 0", async (args, expected) => {
    const { exitCode, stdout } = await check([...args, "--json"]);
    expect({ exitCode, ok: JSON.parse(stdout).ok }).toEqual({ exitCode: expected, ok: expected === 0 });
  });

  test("an altered bundle is exit code 1 and names the check that fails", async () => {
    const { exitCode, stdout } = await check(["altered.json", "--offline"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/WRONG {2}data-hash/);
    expect(stdout).toMatch(/Not proved: the check "data-hash" fails/);
  });

  test.each([
    ["the ledger's key", signer.vkey, 0],
    ["another's key", stranger.vkey, 1],
    ["no key at all", "nonsense", 2],
  ])("with --vkey, %s", async (_what, vkey, expected) => {
    const { exitCode } = await check(["final.json", "--offline", "--vkey", vkey]);
    expect(exitCode).toBe(expected);
  });

  test("without a key it is called consistent, never proved", async () => {
    const { exitCode, stdout, stderr } = await check(["final.json", "--offline"]);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/Consistent: event 1 .*Not proved: no key .*--trust FILE or --vkey KEY/);
    expect(stderr).toMatch(/the signature was not checked .*--trust FILE or --vkey KEY/);
  });

  test("a bundle of a sealed event says that it is not final", async () => {
    const { exitCode, stdout } = await check(["sealed.json", "--offline", "--trust", "trust.json"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/It was sealed, not anchored yet/);
    const online = await check(["sealed.json", "--trust", "trust.json"]);
    expect(online.exitCode).toBe(2);
    expect(online.stderr).toMatch(/sealed but was not anchored yet.*later, or give --offline/);
    expect(online.stderr).not.toMatch(/--rpc/);
  });

  test("a later format, or a type that this version does not know, cannot be judged, and why is said", async () => {
    const later = await check(["later.json", "--offline"]);
    expect(later).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/Not judged: .*eventchain\/proof@2/) });
    const unknown = await check(["unknown-type.json", "--offline"]);
    expect(unknown).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/Not judged: .*"\$Unheard"/) });
    expect(unknown.stdout).not.toMatch(/Not judged: .*format/);
    expect(later.stderr + unknown.stderr).not.toMatch(/--trust/);
  });

  test("what is no bundle is a bad one", async () => {
    const { exitCode, stdout } = await check(["garbage.json", "--offline", "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, event: null });
  });

  test("text of a bundle cannot control the terminal", async () => {
    const { stdout } = await check(["final.json", "--offline"]);
    expect(stdout).toContain("Ticket\\u001bOpened");
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    [["missing.json"], /cannot read the bundle .*missing\.json": there is no such file/],
    [["final.json", "--trust", "garbage.json"], /trust root/],
    [["final.json", "--trust", "missing.json"], /cannot read the trust root/],
    [["final.json", "--rpc", "ws://node"], /must begin with http/],
    [[], /missing required argument 'bundle'/],
  ])("%j could not be done", async (args, message) => {
    const { exitCode, stdout, stderr } = await check(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

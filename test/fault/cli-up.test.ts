import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../support/run-cli.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "eventchain-kill-"));
});
afterAll(async () => {
  await runCli(["down", "--dir", dir]);
  await rm(dir, { recursive: true, force: true });
});

async function json(args: readonly string[]) {
  const result = await runCli([...args, "--dir", dir, "--json"]);
  expect(result, args.join(" ")).toMatchObject({ exitCode: 0 });
  return JSON.parse(result.stdout);
}

function isOpen(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("kill -9 of `up` leaves no server behind and loses nothing", async () => {
  const stack = await json(["up", "--detach"]);
  await json(["append", "--stream", "s", "--type", "T", "--data", "{}"]);
  await json(["await", "1"]);
  await json(["append", "--stream", "s", "--type", "T", "--data", "{}"]);
  process.kill(stack.pid, "SIGKILL");
  // The reaper gives each server its time to stop.
  while ((await isOpen(stack.databaseUrl)) || (await isOpen(stack.rpcUrl))) await sleep(50);

  const stale = await runCli(["status", "--dir", dir]);
  expect(stale).toMatchObject({ exitCode: 2, stdout: "" });
  expect(stale.stderr).toMatch(/start `eventchain up`/);

  const again = await json(["up", "--detach"]);
  expect(again).toMatchObject({ contract: stack.contract, chainId: stack.chainId });
  expect(await json(["await", "2"])).toMatchObject({ state: "final" });
  expect(await json(["verify", "--trust", join(dir, "trust.json")])).toMatchObject({
    ok: true,
    size: "2",
    anchored: { size: "2" },
  });
});

import { expect, test } from "vitest";
import { announce } from "./announce.ts";

const stack = {
  databaseUrl: "postgres://postgres:hush@127.0.0.1:1/postgres",
  redisUrl: null,
  rpcUrl: "http://127.0.0.1:2",
  chainId: "31337",
  contract: `0x${"22".repeat(20)}`,
  consoleUrl: null,
  ledgers: ["localhost/main"],
  pid: 7,
};

test("Ctrl-C is named only where it stops the stack", () => {
  const told = { dir: "there", trustPaths: ["there/trust.json"] };
  expect(announce(stack, { ...told, detached: false })).toMatch(/; Ctrl-C or `eventchain down --dir there` stops it/);
  const detached = announce(stack, { ...told, detached: true });
  expect(detached).toMatch(/process 7; `eventchain down --dir there` stops it/);
  expect(detached).not.toMatch(/Ctrl-C|another terminal|hush/);
});

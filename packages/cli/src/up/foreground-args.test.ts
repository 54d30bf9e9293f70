import { expect, test } from "vitest";
import { foregroundArgs } from "./foreground-args.ts";

test("servers' URLs, which may hold a password, are not among the arguments of the process that stays", () => {
  const secret = "postgres://app:hush@db/x";
  for (const named of [["--database", secret], [`--database=${secret}`], ["--redis", secret], ["--rpc", secret]]) {
    const given = ["up", "--detach", ...named, "--json", "--dir", "d", "--ledger", "a.example"];
    expect(foregroundArgs(given)).toEqual(["up", "--dir", "d", "--ledger", "a.example"]);
  }
});

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrustRoot, signerFromSeed } from "@eventchain/core";
import { expect, test } from "vitest";
import { writeTrust } from "./write-trust.ts";

const trustOf = (origin: string, seed = 1) => ({
  origin,
  owner: `0x${"11".repeat(20)}`,
  vkeys: [signerFromSeed(origin, new Uint8Array(32).fill(seed)).vkey],
  chains: [{ chainId: 31337n, genesisHash: `0x${"a".repeat(64)}`, contract: `0x${"22".repeat(20)}` }],
});

test("the first ledger has trust.json, each further one a file of its own, and a second write changes its own only", async () => {
  const dir = await mkdtemp(join(tmpdir(), "eventchain-trust-"));
  try {
    const long = `h/${"x".repeat(190)}`;
    for (const origin of ["localhost/main", "shop/a", `${long}1`, `${long}2`]) await writeTrust(dir, trustOf(origin));
    expect(await writeTrust(dir, trustOf("localhost/main", 2))).toBe(join(dir, "trust.json"));
    expect(await writeTrust(dir, trustOf("shop/a", 2))).toBe(join(dir, "trust-shop%2Fa.json"));

    const files = await readdir(dir);
    expect(files).toHaveLength(4);
    const roots = await Promise.all(files.map(async (file) => parseTrustRoot(await readFile(join(dir, file), "utf8"))));
    expect(roots.map(({ origin }) => origin).sort()).toEqual([`${long}1`, `${long}2`, "localhost/main", "shop/a"]);
    expect(parseTrustRoot(await readFile(join(dir, "trust.json"), "utf8"))).toEqual(trustOf("localhost/main", 2));
  } finally {
    await rm(dir, { recursive: true });
  }
});

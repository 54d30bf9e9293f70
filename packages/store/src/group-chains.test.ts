import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { conditioned, named, nameOf, openStore, outcomeOf, settle } from "./group-appends.fixture.ts";
import { groupAppends } from "./group-appends.ts";
import type { AppendOutcome, AppendRequest, EventStore } from "./port.ts";

describe("a chain", () => {
  test("whose conditions name more than a call takes is sent as far as it is taken", async () => {
    const { store, calls } = openStore();
    const chain = groupAppends(store).appendChain(
      1n,
      Array.from({ length: 6 }, (_, n) => conditioned(`${n}`, 4_096)),
    );
    await settle();
    calls[0]?.succeed();
    expect(await chain).toEqual([
      ...["0", "1", "2", "3"].map(outcomeOf),
      { outcome: "dependency-failed" },
      { outcome: "dependency-failed" },
    ]);
  });

  /** A store that takes every call in which `poison` does not stand; it remembers the calls. */
  function choosyStore(code: "database-failed" | "timeout" = "database-failed"): {
    store: Pick<EventStore, "append">;
    calls: string[][];
  } {
    const calls: string[][] = [];
    const store = {
      async append(_: bigint, requests: readonly AppendRequest[]): Promise<AppendOutcome[]> {
        calls.push(requests.map((request) => `${nameOf(request)}${request.chain ?? ""}`));
        if (requests.some((request) => nameOf(request) === "poison")) throw new LedgerError(code, "no");
        return requests.map((request) => outcomeOf(nameOf(request)));
      },
    };
    return { store, calls };
  }
  const chainOf = (...names: string[]): AppendRequest[] => names.map((name) => named(name));
  const dependent: AppendOutcome = { outcome: "dependency-failed" };

  test("goes into one call as neighbours, numbered there from 0; its outcomes come in order", async () => {
    const { store, calls } = choosyStore();
    const grouped = groupAppends(store);
    const results = await Promise.all([
      grouped.append(1n, { ...named("x"), chain: 0 }),
      grouped.appendChain(1n, chainOf("a", "b")),
      grouped.appendChain(1n, chainOf("y")),
      grouped.appendChain(1n, []),
      grouped.appendChain(1n, chainOf("c", "d")),
    ]);
    expect(calls).toEqual([["x", "a0", "b0", "y", "c1", "d1"]]);
    expect(results).toEqual([
      outcomeOf("x"),
      [outcomeOf("a"), outcomeOf("b")],
      [outcomeOf("y")],
      [],
      [outcomeOf("c"), outcomeOf("d")],
    ]);
  });

  test("is never split over groups; one that passes a bound goes alone", async () => {
    const { store, calls } = choosyStore();
    const grouped = groupAppends(store, { maxRequests: 3 });
    await Promise.all([
      grouped.append(1n, named("x")),
      grouped.appendChain(1n, chainOf("a", "b", "c")),
      grouped.append(1n, named("y")),
      grouped.appendChain(1n, chainOf("d", "e", "f", "g")),
      grouped.append(1n, named("z")),
    ]);
    expect(calls).toEqual([["x"], ["a0", "b0", "c0"], ["y"], ["d0", "e0", "f0", "g0"], ["z"]]);
  });

  test("that the database cannot take is sent again by halves; what rests on the rest is to be decided again", async () => {
    const { store, calls } = choosyStore();
    const grouped = groupAppends(store);
    const outcomes = await grouped.appendChain(1n, chainOf("a", "b", "c", "poison", "d"));
    expect(calls).toEqual([
      ["a0", "b0", "c0", "poison0", "d0"],
      ["a0", "b0", "c0"],
    ]);
    expect(outcomes).toEqual([outcomeOf("a"), outcomeOf("b"), outcomeOf("c"), dependent, dependent]);
  });

  test("that begins with what the database cannot take: this one failed, and the others are to be decided again", async () => {
    const { store, calls } = choosyStore();
    const grouped = groupAppends(store);
    const outcomes = await grouped.appendChain(1n, chainOf("poison", "a", "b"));
    expect(calls).toEqual([["poison0", "a0", "b0"], ["poison0", "a0"], ["poison"]]);
    expect(outcomes).toMatchObject([{ outcome: "failed", error: { code: "database-failed" } }, dependent, dependent]);
  });

  test("that shared a group with what the database cannot take is sent again whole", async () => {
    const { store, calls } = choosyStore();
    const grouped = groupAppends(store);
    const [poisoned, outcomes] = await Promise.allSettled([
      grouped.append(1n, named("poison")),
      grouped.appendChain(1n, chainOf("a", "b")),
    ]);
    expect(calls).toEqual([["poison", "a0", "b0"], ["poison"], ["a0", "b0"]]);
    expect(poisoned).toMatchObject({ status: "rejected", reason: { code: "database-failed" } });
    expect(outcomes).toMatchObject({ value: [outcomeOf("a"), outcomeOf("b")] });
  });

  test("fails whole, and is not sent again, where the database was not there", async () => {
    const { store, calls } = choosyStore("timeout");
    const chain = groupAppends(store).appendChain(1n, chainOf("a", "poison"));
    await expect(chain).rejects.toMatchObject({ code: "timeout" });
    expect(calls).toHaveLength(1);
  });

  test("is taken out whole by an abort before it is sent", async () => {
    const { store, calls } = choosyStore();
    const grouped = groupAppends(store);
    const controller = new AbortController();
    const chain = grouped.appendChain(1n, chainOf("a", "b"), { signal: controller.signal });
    const other = grouped.append(1n, named("x"));
    controller.abort();
    await expect(chain).rejects.toMatchObject({ code: "aborted" });
    await other;
    expect(calls).toEqual([["x"]]);
  });
});

import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { conditioned, named, nameOf, openStore, outcomeOf, settle } from "./group-appends.fixture.ts";
import { groupAppends } from "./group-appends.ts";
import type { AppendOutcome, AppendRequest } from "./port.ts";

describe("groupAppends", () => {
  test("sends no more names in conditions than a call takes", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const appends = Array.from({ length: 5 }, (_, n) => grouped.append(1n, conditioned(`${n}`, 4_096)));
    await settle();
    calls[0]?.succeed();
    await settle();
    calls[1]?.succeed();
    await Promise.all(appends);
    expect(calls.map(({ names }) => names)).toEqual([["0", "1", "2", "3"], ["4"]]);
  });

  test("tells each caller of a lost call only the caller's own event", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const requests = ["a", "b"].map((name) => named(name));
    const ids = requests.map(({ events: [event] }) => event?.id);
    const appends = Promise.allSettled([
      ...requests.map((request) => grouped.append(1n, request)),
      grouped.appendChain(1n, [named("c"), named("d")]),
    ]);
    await settle();
    calls[0]?.fail(new LedgerError("database-unavailable", "lost", { values: { eventIds: [...ids, "c", "d"] } }));
    expect((await appends).map((one) => one.status === "rejected" && one.reason)).toMatchObject([
      { code: "database-unavailable", values: { eventIds: [ids[0]] } },
      { code: "database-unavailable", values: { eventIds: [ids[1]] } },
      { code: "database-unavailable", values: {} },
    ]);
    expect(await appends).not.toMatchObject([{}, {}, { reason: { values: { eventIds: expect.anything() } } }]);
  });

  test("sends what is appended in one turn as one group, in order, and gives each its own outcome", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const appends = ["a", "b", "c"].map((name) => grouped.append(1n, named(name)));
    await settle();
    expect(calls.map(({ names }) => names)).toEqual([["a", "b", "c"]]);
    calls[0]?.succeed();
    expect(await Promise.all(appends)).toEqual(["a", "b", "c"].map(outcomeOf));
  });

  test("has two groups of a ledger with the store, and gathers meanwhile", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const appends: Promise<AppendOutcome>[] = [];
    for (const name of ["a", "b", "c", "d"]) {
      appends.push(grouped.append(1n, named(name)));
      await settle();
    }
    expect(calls.map(({ names }) => names)).toEqual([["a"], ["b"]]);
    calls[0]?.succeed();
    await settle();
    expect(calls.map(({ names }) => names)).toEqual([["a"], ["b"], ["c", "d"]]);
    calls[1]?.succeed();
    calls[2]?.succeed();
    expect(await Promise.all(appends)).toEqual(["a", "b", "c", "d"].map(outcomeOf));
  });

  test("has one group at a time with the store where the ledger's are to be alone", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store, { isAlone: (ledgerId) => ledgerId === 1n });
    const appends: Promise<AppendOutcome>[] = [];
    for (const name of ["a", "b", "c"]) {
      appends.push(grouped.append(1n, named(name)));
      await settle();
    }
    expect(calls.map(({ names }) => names)).toEqual([["a"]]);
    calls[0]?.succeed();
    await settle();
    expect(calls.map(({ names }) => names)).toEqual([["a"], ["b", "c"]]);
    calls[1]?.succeed();
    expect(await Promise.all(appends)).toEqual(["a", "b", "c"].map(outcomeOf));
  });

  test("halves what many callers have waiting, in order, and not what few have", async () => {
    for (const [count, sizes] of [
      [31, [31]],
      [32, [16, 16]],
      [65, [32, 33]],
    ] as const) {
      const { store, calls } = openStore();
      const grouped = groupAppends(store);
      const names = Array.from({ length: count }, (_, n) => `${n}`);
      const appends = names.map((name) => grouped.append(1n, named(name)));
      await settle();
      expect(calls.map((call) => call.names.length)).toEqual(sizes);
      expect(calls.flatMap((call) => call.names)).toEqual(names);
      for (const call of calls) call.succeed();
      expect(await Promise.all(appends)).toEqual(names.map(outcomeOf));
    }
  });

  test("callers who append again as soon as they are answered share the next group", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const caller = async (name: string): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        await grouped.append(1n, named(name));
        await Promise.resolve();
      }
    };
    const callers = Promise.all(["a", "b", "c"].map(caller));
    for (let round = 0; round < 3; round += 1) {
      await settle();
      calls[round]?.succeed();
    }
    await callers;
    expect(calls.map(({ names }) => names)).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
  });

  test("keeps ledgers apart", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const appends = [grouped.append(1n, named("a")), grouped.append(2n, named("b"))];
    await settle();
    expect(calls.map(({ ledgerId, names }) => [ledgerId, names])).toEqual([
      [1n, ["a"]],
      [2n, ["b"]],
    ]);
    for (const call of calls) call.succeed();
    await Promise.all(appends);
  });

  test("bounds a group by requests, events and length; what is too long by itself goes alone", async () => {
    const bounds = [
      { options: { maxRequests: 2 }, requests: [named("a"), named("b"), named("c")], groups: [["a", "b"], ["c"]] },
      {
        options: { maxEvents: 3 },
        requests: [named("a", 2), named("b", 2), named("c", 1)],
        groups: [["a"], ["b", "c"]],
      },
      { options: { maxEvents: 3 }, requests: [named("a"), named("b", 9), named("c")], groups: [["a"], ["b"], ["c"]] },
      {
        options: { maxLength: 200 },
        requests: [
          named("a", 1, `{"x":"${"y".repeat(100)}"}`),
          named("b", 1, `{"x":"${"y".repeat(100)}"}`),
          named("c"),
        ],
        groups: [["a"], ["b", "c"]],
      },
    ];
    for (const { options, requests, groups } of bounds) {
      const { store, calls } = openStore();
      const grouped = groupAppends(store, options);
      const appends = requests.map((request) => grouped.append(1n, request));
      for (let index = 0; index < groups.length; index += 1) {
        await settle();
        calls[index]?.succeed();
      }
      await Promise.all(appends);
      expect(calls.map(({ names }) => names)).toEqual(groups);
    }
  });

  test("sends a group that the database could not take again, one by one: the poisoned one fails alone", async () => {
    const seen: string[][] = [];
    const store = {
      async append(_: bigint, requests: readonly AppendRequest[]): Promise<AppendOutcome[]> {
        const names = requests.map(nameOf);
        seen.push(names);
        if (names.includes("poison")) throw new LedgerError("database-failed", "no");
        return names.map(outcomeOf);
      },
    };
    const grouped = groupAppends(store);
    const results = await Promise.allSettled(["a", "poison", "b"].map((name) => grouped.append(1n, named(name))));
    expect(seen).toEqual([["a", "poison", "b"], ["a"], ["poison"], ["b"]]);
    expect(results).toMatchObject([
      { status: "fulfilled", value: outcomeOf("a") },
      { status: "rejected", reason: { code: "database-failed" } },
      { status: "fulfilled", value: outcomeOf("b") },
    ]);
  });

  test.each(["database-unavailable", "timeout", "ledger-not-found"] as const)(
    "tells everyone of %s, and sends nothing again",
    async (code) => {
      const { store, calls } = openStore();
      const grouped = groupAppends(store);
      const appends = Promise.allSettled(["a", "b"].map((name) => grouped.append(1n, named(name))));
      await settle();
      calls[0]?.fail(new LedgerError(code, "no"));
      for (const result of await appends) expect(result).toMatchObject({ status: "rejected", reason: { code } });
      await settle();
      expect(calls).toHaveLength(1);
      await grouped.drain();
    },
  );

  test("a store that throws at once, or answers with too few outcomes, leaves no caller waiting", async () => {
    for (const append of [
      () => {
        throw new Error("at once");
      },
      async () => [],
    ]) {
      const grouped = groupAppends({ append });
      const results = await Promise.allSettled(["a", "b"].map((name) => grouped.append(1n, named(name))));
      expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      await grouped.drain();
    }
  });

  test("honours an abort until the group is sent, and the outcome from then on", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store, { maxRequests: 1 });
    const controllers = ["a", "x", "b", "c"].map((name) => ({ name, controller: new AbortController() }));
    const appends = controllers.map(({ name, controller: { signal } }) => grouped.append(1n, named(name), { signal }));
    const results = Promise.allSettled(appends);
    await settle();
    for (const { name, controller } of controllers) if (name !== "c") controller.abort(new Error("gone"));
    calls[0]?.succeed();
    await settle();
    calls[1]?.succeed();
    calls[2]?.succeed();
    expect(await results).toMatchObject([
      { status: "fulfilled" },
      { status: "fulfilled" },
      { status: "rejected", reason: { code: "aborted", cause: { message: "gone" } } },
      { status: "fulfilled" },
    ]);
    expect(calls.map(({ names }) => names)).toEqual([["a"], ["x"], ["c"]]);
    await expect(grouped.append(1n, named("e"), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
    await grouped.drain();
    expect(calls).toHaveLength(3);
  });

  test("an append right after an abort that emptied the queue is sent", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    const controller = new AbortController();
    const aborted = grouped.append(1n, named("a"), { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    const append = grouped.append(1n, named("b"));
    await settle();
    calls[0]?.succeed();
    expect(await append).toEqual(outcomeOf("b"));
    await grouped.drain();
  });

  test("drains: at once when nothing waits, else when the last outcome is there, also one that came meanwhile", async () => {
    const { store, calls } = openStore();
    const grouped = groupAppends(store);
    await grouped.drain();
    const first = grouped.append(1n, named("a"));
    let drained = false;
    const drain = grouped.drain().then(() => {
      drained = true;
    });
    await settle();
    const second = grouped.append(2n, named("b"));
    calls[0]?.succeed();
    await first;
    await settle();
    expect(drained).toBe(false);
    calls[1]?.succeed();
    await Promise.all([second, drain]);
  });
});

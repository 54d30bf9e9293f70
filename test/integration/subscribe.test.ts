import { type Cursor, defineAccess, type Ledger, type LedgerEvent, type Subscription } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AnyLedgers, memoryLedgers, postgresLedgers } from "../support/any-ledger.ts";

let count = 0;

async function take(subscription: Subscription, most: number): Promise<LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  while (events.length < most) {
    const step = await subscription.next();
    if (step.done === true) break;
    events.push(step.value);
  }
  return events;
}

const at = (events: readonly LedgerEvent[]): number[] => events.map(({ position }) => Number(position));
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, n) => first + n);
const cursorOf = ({ position, hash }: LedgerEvent): Cursor => ({ position, hash });

describe.each([
  ["a database", postgresLedgers],
  ["memory", memoryLedgers],
])("a subscription to a ledger of %s", (_name, openAll) => {
  let ledgers: AnyLedgers;
  let ledger: Ledger;
  beforeAll(async () => {
    ledgers = await openAll();
  });
  afterAll(() => ledgers?.close());
  beforeEach(async () => {
    const access = defineAccess(({ id }) => [{ tags: [`of:${id}`] }]);
    ledger = (await ledgers.open(`subscribe-${++count}.test`, { access })).ledger;
  });

  const append = async (times: number, tags: readonly string[] = []): Promise<void> => {
    for (let n = 0; n < times; n += 1) await ledger.append("s", { type: n % 2 ? "Odd" : "Even", data: { n }, tags });
  };

  test("gives what is there, then what comes, each event once and in order", async () => {
    await append(5);
    await using subscription = ledger.subscribe();
    expect(subscription.isLive).toBe(false);
    expect(at(await take(subscription, 4))).toEqual(upTo(4));
    expect(subscription.isLive).toBe(false);
    expect(at(await take(subscription, 1))).toEqual([5]);
    expect(subscription.isLive).toBe(true);
    const coming = take(subscription, 3);
    await append(3);
    expect(at(await coming)).toEqual([6, 7, 8]);
  });

  test("gives an event as a read does", async () => {
    await ledger.append("s", { type: "Opened", data: { a: 1 }, tags: ["t"], metadata: { actor: "ann" } });
    const [event] = await take(ledger.subscribe(), 1);
    for await (const read of ledger.readAll()) expect(event).toEqual(read);
  });

  test("begins past a position, past a cursor, or with what comes", async () => {
    await append(6);
    const [, second] = await take(ledger.subscribe(), 2);
    if (second === undefined) throw new Error("two events were appended");
    expect(at(await take(ledger.subscribe({ from: "start" }), 6))).toEqual(upTo(6));
    expect(at(await take(ledger.subscribe({ from: 4n }), 2))).toEqual([5, 6]);
    expect(at(await take(ledger.subscribe({ from: 5 }), 1))).toEqual([6]);
    expect(at(await take(ledger.subscribe({ from: cursorOf(second) }), 4))).toEqual([3, 4, 5, 6]);
    expect(at(await take(ledger.subscribe({ from: second }), 1))).toEqual([3]);
    const now = ledger.subscribe({ from: "now" });
    const coming = take(now, 2);
    await expect.poll(() => now.isLive).toBe(true);
    await append(2);
    expect(at(await coming)).toEqual([7, 8]);
  });

  test("a cursor whose hash is another event's, or past the head, is forked", async () => {
    await append(2);
    const [first, second] = await take(ledger.subscribe(), 2);
    for (const from of [
      { position: 1n, hash: second?.hash ?? "" },
      { position: 3n, hash: first?.hash ?? "" },
      { position: 0n, hash: "00".repeat(32) },
    ])
      await expect(ledger.subscribe({ from }).next()).rejects.toMatchObject({
        code: "forked",
        values: { position: from.position },
      });
  });

  test("gives what its filter and its query let through, and goes past the rest", async () => {
    await append(10);
    await using odd = ledger.subscribe({ filter: { types: ["Odd"] } });
    expect(at(await take(odd, 5))).toEqual([2, 4, 6, 8, 10]);
    await using asked = ledger.subscribe({ query: [{ types: ["Even"] }], from: 5n, readAhead: 1 });
    expect(at(await take(asked, 2))).toEqual([7, 9]);
    const both = Promise.all([take(odd, 2), take(asked, 1)]);
    await append(4);
    expect((await both).map(at)).toEqual([[12, 14], [11]]);
  });

  test("a view gives what its actor may see, of what comes too", async () => {
    await append(2, ["of:ann"]);
    await append(2, ["of:bob"]);
    await using subscription = ledger.as("bob").subscribe();
    expect(at(await take(subscription, 2))).toEqual([3, 4]);
    const coming = take(subscription, 1);
    await append(3, ["of:ann"]);
    await append(1, ["of:bob"]);
    expect(at(await coming)).toEqual([8]);
  });

  test("a view's cursor past the head and one with a wrong hash fail alike", async () => {
    await append(2, ["of:ann"]);
    const failures = await Promise.all(
      [2n, 9n].map((position) =>
        ledger
          .as("bob")
          .subscribe({ from: { position, hash: "ab".repeat(32) } })
          .next()
          .then(undefined, (error: Error) => error.message.replaceAll(String(position), "N")),
      ),
    );
    expect(failures[0]).toBe(failures[1]);
  });

  test("reads in pages as small as the read-ahead asks for", async () => {
    await append(30);
    for (const readAhead of [1, 2, 7, 1000])
      expect(at(await take(ledger.subscribe({ readAhead }), 30))).toEqual(upTo(30));
  });

  test("the signal ends the step that waits, and later ones", async () => {
    const controller = new AbortController();
    const subscription = ledger.subscribe({ signal: controller.signal });
    const waiting = expect(subscription.next()).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    controller.abort("enough");
    await waiting;
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
    await expect(ledger.subscribe({ signal: controller.signal }).next()).rejects.toMatchObject({ code: "aborted" });
  });

  test("a signal that comes while an event is handled ends the next step", async () => {
    await append(3);
    const controller = new AbortController();
    const seen: bigint[] = [];
    const reading = (async () => {
      for await (const { position } of ledger.subscribe({ signal: controller.signal })) {
        seen.push(position);
        if (position === 2n) controller.abort("enough");
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    expect(seen).toEqual([1n, 2n]);
  });

  test("return ends a step that waits, and the iteration", async () => {
    const subscription = ledger.subscribe();
    const waiting = subscription.next();
    await subscription.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await append(1);
    expect(await subscription.next()).toEqual({ done: true, value: undefined });
  });

  test("steps that are asked for at once are answered in order", async () => {
    await append(2);
    await using subscription = ledger.subscribe();
    const steps = [subscription.next(), subscription.next(), subscription.next()];
    await append(1);
    expect((await Promise.all(steps)).map((step) => step.value?.position)).toEqual([1n, 2n, 3n]);
  });

  describe("with a name", () => {
    test("goes on where it was kept, and begins at the start before", async () => {
      await append(5);
      const checkpoint = "mailer";
      const first = ledger.subscribe({ checkpoint });
      const events = await take(first, 4);
      await first.return?.();
      for (const event of events.slice(0, 3)) await first.checkpoint(event);
      expect(at(await take(ledger.subscribe({ checkpoint }), 2))).toEqual([4, 5]);
      expect(at(await take(ledger.subscribe({ checkpoint, from: 0n }), 1))).toEqual([1]);
      expect(at(await take(ledger.subscribe({ checkpoint: "another" }), 1))).toEqual([1]);
    });

    test("of two readers of one name the second to keep its place is told", async () => {
      await append(3);
      const readers = [ledger.subscribe({ checkpoint: "shared" }), ledger.subscribe({ checkpoint: "shared" })];
      const given = await Promise.all(readers.map((reader) => take(reader, 2)));
      const [one, other] = readers;
      const [[first, second] = []] = given;
      if (!one || !other || !first || !second) throw new Error("two readers were given two events each");
      await one.checkpoint(second);
      for (const event of [first, second])
        await expect(other.checkpoint(event)).rejects.toMatchObject({
          code: "conflict",
          values: { checkpoint: "shared" },
        });
      const [third] = await take(one, 1);
      if (third === undefined) throw new Error("there is a third event");
      await one.checkpoint(third);
      await one.checkpoint(second);
    });

    test("keeps no place past what it has given, of another history, or without a name", async () => {
      await append(2);
      await using subscription = ledger.subscribe({ checkpoint: "careful" });
      const [first] = await take(subscription, 1);
      if (first === undefined) throw new Error("there is an event");
      await expect(subscription.checkpoint({ ...first, position: 2n })).rejects.toMatchObject({
        code: "invalid-argument",
      });
      await expect(subscription.checkpoint({ ...first, hash: "ab".repeat(32) })).rejects.toMatchObject({
        code: "forked",
      });
      await using nameless = ledger.subscribe();
      await take(nameless, 1);
      await expect(nameless.checkpoint(first)).rejects.toMatchObject({ code: "invalid-argument" });
    });
  });

  test.each([
    [{ from: -1n }, "from is -1"],
    [{ from: 1.5 }, "from is 1.5"],
    [{ from: "end" }, "from is end"],
    [{ from: { position: 1n } }, "hash of from"],
    [{ from: { position: 1, hash: "ab".repeat(32) } }, "position of from"],
    [{ level: "anchored" }, "level is anchored"],
    [{ readAhead: 0 }, "readAhead is 0"],
    [{ checkpoint: "" }, "1 to 200 bytes"],
    [{ checkpoint: "é".repeat(101) }, "1 to 200 bytes"],
    [{ signal: {} }, "AbortSignal"],
    [{ filter: { type: "Odd" } }, 'no key "type"'],
    [{ filter: { actor: () => "ann" } }, "no data"],
    [{ after: 1n }, 'no key "after"'],
  ])("refuses the options %o by the call", (options, message) => {
    expect(() => ledger.subscribe(options as never)).toThrow(message);
  });
});

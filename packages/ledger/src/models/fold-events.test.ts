import type { StoredEvent } from "@eventchain/store";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import type { LedgerEvent } from "../types.ts";
import { defineModel } from "./define-model.ts";
import { foldEvents } from "./fold-events.ts";

const Noted = defineEvent("Noted", {
  version: 2,
  schema: z.object({ text: z.string() }),
  upcast: { 1: ({ note }) => ({ text: note }) },
});
const notes = defineModel("notes", { initial: () => [] as string[] }).on(Noted, (list, { data, stream, metadata }) => [
  ...list,
  `${stream} ${data.text} by ${metadata?.actor ?? "nobody"}`,
]);
const strict = defineModel("strict", { initial: () => 0, unknown: "fail" }).on(Noted, (count) => count + 1);

const read = (position: bigint, event: Partial<LedgerEvent>): LedgerEvent => ({
  position,
  stream: "s",
  version: position,
  id: `${position}`,
  type: "Noted",
  schema: 2,
  tags: [],
  recordedAtMicros: 1n,
  data: { text: `${position}` },
  metadata: { actor: "ann" },
  hash: "",
  ...event,
});

function stored(position: bigint, data: object | null): StoredEvent {
  const { hash: _, ...event } = read(position, {});
  const none = new Uint8Array(32);
  const hashes = { dataHash: none, metaHash: none, contentHash: none, prevHash: none, hash: none };
  const texts = { data: data === null ? null : JSON.stringify(data), metadata: null, salt: null, metaSalt: null };
  return { ...event, tags: [], ...hashes, ...texts };
}

describe("folding", () => {
  test("applies read events in order, upcast to the current version", async () => {
    const events = [read(1n, {}), read(2n, { schema: 1, data: { note: "old" } }), read(3n, { metadata: null })];
    expect(await foldEvents(notes, ["before"], events)).toEqual([
      "before",
      "s 1 by ann",
      "s old by ann",
      "s 3 by nobody",
    ]);
  });

  test("decodes stored events, of an asynchronous source too", async () => {
    async function* source() {
      yield stored(1n, { text: "a" });
      yield stored(2n, { text: "b" });
    }
    expect(await foldEvents(notes, [], source())).toEqual(["s a by nobody", "s b by nobody"]);
  });

  test("passes over erased data and types that are not handled", async () => {
    const events = [read(1n, { data: null }), stored(2n, null), read(3n, { type: "Other" }), read(4n, {})];
    expect(await foldEvents(notes, [], events)).toEqual(["s 4 by ann"]);
  });

  test("fails at an unknown type where the model asks for it, and names the position", async () => {
    await expect(foldEvents(strict, 0, [read(1n, {}), read(2n, { type: "Other" })])).rejects.toMatchObject({
      code: "unknown-event",
      message: expect.stringContaining('event "Other" at position 2: '),
      values: { model: "strict", type: "Other", position: 2n },
    });
  });

  test("passes over the ledger's own events also where the model skips nothing", async () => {
    expect(await foldEvents(strict, 0, [read(1n, { type: "$CommandRejected" }), read(2n, {})])).toBe(1);
  });

  test("fails where an event cannot be upcast", async () => {
    await expect(foldEvents(notes, [], [read(9n, { schema: 3 })])).rejects.toMatchObject({
      code: "upcast-failed",
      values: { position: 9n, version: 3 },
    });
  });
});

import { createGenesis, signerFromSeed } from "@eventchain/core";
import { groupAppends, openMemoryStore } from "@eventchain/store";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineCommand } from "./define-command.ts";
import { stream } from "./make-context.ts";
import { openCommands } from "./open-commands.ts";
import { checkCall } from "./start-execution.ts";
import type { AnyCommand } from "./types.ts";

const origin = "commands.test";
const Noted = defineEvent("Noted", { schema: z.object({}) });
const spec = {
  input: z.object({}),
  context: () => stream("notes"),
  model: defineModel("none", { initial: () => 0 }).on(Noted, (notes) => notes),
  records: [Noted],
  decide: () => Noted({}),
} as const;
const note = defineCommand("Note", spec);
const broken = defineCommand("Note", { ...spec, input: z.object({ missing: z.string() }) });

/** Commands, and which calls they make of a store. */
async function world() {
  const store = openMemoryStore();
  const { vkey } = signerFromSeed(origin, new Uint8Array(32));
  const { ledgerId } = await store.createLedger({ origin, vkey, genesis: createGenesis({ origin, vkey }) });
  const calls: string[] = [];
  const watched = new Proxy(store, {
    get: (target, name: keyof typeof store) => {
      const verb = target[name] as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => {
        calls.push(name);
        return verb(...given);
      };
    },
  });
  const commands = openCommands({ store: watched, appends: groupAppends(watched), clock: () => 0n });
  const schemas = { keepUsed: async () => undefined };
  return {
    calls,
    run: async (command: AnyCommand, commandId?: string) => {
      calls.length = 0;
      const options = commandId === undefined ? { actor: "ada" } : { actor: "ada", commandId };
      const call = checkCall(command, {}, options, { required: [], newId: () => "fresh" });
      return commands.run(ledgerId, call, { recordRejections: false, schemas });
    },
  };
}

test("a command costs a look and an append; with an id of its caller's, a look-up beside the look", async () => {
  const { run, calls } = await world();
  expect(await run(note)).toMatchObject({ kind: "recorded" });
  expect(calls).toEqual(["look", "append"]);
  expect(await run(note, "once")).toMatchObject({ kind: "recorded" });
  expect(calls.toSorted()).toEqual(["append", "knownCommands", "look"]);
});

test("what cannot be decided is looked up by an id of its caller's, and by no other", async () => {
  const { run, calls } = await world();
  await expect(run(broken)).rejects.toMatchObject({ code: "invalid-input" });
  expect(calls).toEqual([]);
  await expect(run(broken, "once")).rejects.toMatchObject({ code: "invalid-input" });
  expect(calls).toEqual(["findCommand"]);
  await run(note, "once");
  expect(await run(broken, "once")).toEqual({ kind: "known" });
});

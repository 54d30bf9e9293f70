import { createGenesis, randomBytes, signerFromSeed } from "@eventchain/core";
import { groupAppends, openMemoryStore } from "@eventchain/store";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { defineCommand } from "./define-command.ts";
import { stream } from "./make-context.ts";
import { openCommands } from "./open-commands.ts";
import { checkCall } from "./start-execution.ts";

const origin = "batch.test";
const Moved = defineEvent("Moved", { schema: z.object({ by: z.int() }) });
const sum = defineModel("sum", { initial: () => 0 }).on(Moved, (total, { data }) => total + data.by);
const move = defineCommand("Move", {
  input: z.object({ by: z.int() }),
  context: () => stream("account"),
  model: sum,
  records: [Moved],
  rejects: {},
  decide: ({ input }) => Moved(input),
});

const turns = async (): Promise<void> => {
  for (let i = 0; i < 6; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

test("whoever was decided ahead is told, too, where the generator fails in between", async () => {
  const store = openMemoryStore();
  const { vkey } = signerFromSeed(origin, new Uint8Array(32));
  const { ledgerId } = await store.createLedger({ origin, vkey, genesis: createGenesis({ origin, vkey }) });
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const held: typeof store = {
    ...store,
    async append(...given) {
      asked.resolve();
      await gate.promise;
      return store.append(...given);
    },
  };
  // Two bytes are drawn for the rest after a loss, and for nothing else.
  const random = (length: number) => {
    if (length === 2) throw new Error("no entropy");
    return randomBytes(length);
  };
  const commands = openCommands({ store: held, appends: groupAppends(held), clock: () => 0n, random });
  const rival = openCommands({ store, appends: groupAppends(store), clock: () => 0n });
  let ids = 0;
  const run = (by: typeof commands, input: { by: number }) =>
    by.run(ledgerId, checkCall(move, input, { actor: "ada" }, { required: [], newId: () => `c-${++ids}` }), {
      recordRejections: false,
      schemas: { keepUsed: async () => undefined },
    });
  const first = Promise.allSettled([run(commands, { by: 1 })]);
  await asked.promise;
  await run(rival, { by: 5 });
  const second = Promise.allSettled([run(commands, { by: 2 })]);
  await turns();
  gate.resolve();
  expect(await Promise.all([first, second])).toMatchObject([
    [{ status: "rejected", reason: { message: "no entropy" } }],
    [{ status: "rejected", reason: { message: "no entropy" } }],
  ]);
  await commands.drain();
});

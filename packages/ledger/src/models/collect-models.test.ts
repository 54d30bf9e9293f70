import { expect, test } from "vitest";
import { z } from "zod";
import { defineCommand } from "../commands/define-command.ts";
import { stream } from "../commands/make-context.ts";
import { defineEvent } from "../events/define-event.ts";
import { defineSnapshots } from "../snapshots/define-snapshots.ts";
import { collectModels } from "./collect-models.ts";
import { defineModel } from "./define-model.ts";

const Done = defineEvent("Done", { schema: z.object({}) });
const model = (name: string) => defineModel(name, { initial: () => 0 });

test("gives each model once, of whatever names it", () => {
  const [one, two, three] = [model("one"), model("two"), model("three")];
  const command = defineCommand("Do", {
    input: z.object({}),
    context: () => ({ one: stream("s"), three: stream("s") }),
    model: { one, three },
    records: [Done],
    decide: () => Done({}),
  });
  const snapshots = [defineSnapshots(two, { every: 1 }), defineSnapshots(one, { every: 1 })];
  expect([...collectModels({ models: { one }, snapshots, commands: [command] }).values()]).toEqual([one, two, three]);
});

test("refuses two models of one name", () => {
  expect(() => collectModels({ models: [model("one"), model("one")] })).toThrow(/two models are called "one"/);
});

// A worker that stops between taking a task and calling the app's code has done nothing: the task is somebody else's then.

import { defineModel, defineReaction, stream } from "@eventchain/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added } from "../support/projecting.ts";
import { openReactingApp } from "../support/reacting-app.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const seen = defineModel("seen", { initial: () => ({ count: 0 }) }).on(Added, ({ count }) => ({ count: count + 1 }));

test("a task whose worker stops before its run is run by the next worker, once", async () => {
  const { pool } = database;
  const ran: bigint[] = [];
  let onRead: () => void = () => undefined;
  const reaction = defineReaction("note", {
    from: "start",
    model: seen,
    // Asked for once the task is taken, right before its run.
    context: (event) => {
      onRead();
      return stream(event.stream);
    },
  }).on(Added, ({ position }) => {
    ran.push(position);
  });
  await using first = await openReactingApp({ pool, reactions: [reaction] });
  for (let n = 0; n < 5; n++) await first.ledger.append("s", Added({ n }));
  let stopped: Promise<void> | undefined;
  onRead = () => {
    stopped ??= first.stop();
  };
  await first.turn();
  await stopped;
  expect(ran).toEqual([]);

  onRead = () => undefined;
  await using second = await openReactingApp({ pool, reactions: [reaction], origin: first.origin });
  await second.settle();
  expect(ran.toSorted()).toEqual([1n, 2n, 3n, 4n, 5n]);
});

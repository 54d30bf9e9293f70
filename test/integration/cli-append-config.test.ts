// What `append` does where an app's config is at hand: as the app's own appends do.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runInProcess } from "../support/run-program.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

const config = fileURLToPath(new URL("../../examples/helpdesk/eventchain.config.ts", import.meta.url));
const ticket = { ticketId: "7", customer: "Alder", product: "Portal", reason: "solved" };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, "desk.test");
});
afterAll(() => database?.drop());

const run = (args: readonly string[], stdin = "") =>
  runInProcess([...args, "--config", config], { database: database.url, ledger: "desk.test", stdin });

test("an event of the app's is checked against its schema, and nothing of it is written", async () => {
  const args = ["append", "--stream", "ticket-7", "--type", "TicketClosed", "--data", '{"ticketId":"7"}'];
  const { exitCode, stderr } = await run(args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/TicketClosed.*\$\.customer/);
  expect((await run(["log", "--json"])).stdout).toBe("");
});

test("it gets its definition's version and tags, beside those that are given", async () => {
  const data = JSON.stringify(ticket);
  await run(["append", "--stream", "ticket-7", "--type", "TicketClosed", "--data", data, "--tag", "by:hand"]);
  const lines = `${JSON.stringify({ stream: "ticket-7", type: "TicketClosed", data: ticket })}\n`;
  expect((await run(["append", "-"], lines)).exitCode).toBe(0);
  expect((await run(["log", "--json"])).lines()).toMatchObject([
    { schema: 2, tags: ["by:hand", "customer:Alder", "product:Portal"], data: ticket },
    { schema: 2, tags: ["customer:Alder", "product:Portal"], data: ticket },
  ]);
});

test("an event that the app does not define is appended as it is", async () => {
  const args = ["append", "--stream", "other", "--type", "SomethingElse", "--data", '{"n":1}', "--json"];
  expect((await run(args)).exitCode).toBe(0);
});

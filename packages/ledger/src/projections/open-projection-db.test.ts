import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openProjectionDb } from "./open-projection-db.ts";

/** A connection that runs one statement at a time, some milliseconds each; those with "bad" in them fail. */
function slowRun(done: string[]) {
  let running = false;
  return async <Row extends object>(text: string): Promise<Row[]> => {
    if (running) throw new Error("two at once");
    running = true;
    await sleep(2);
    running = false;
    if (text.includes("bad")) throw Object.assign(new Error(text), { code: text.includes("lock") ? "40P01" : "23505" });
    done.push(text);
    return [];
  };
}

test("statements run one after the other, in the order of their calls, awaited or not", async () => {
  const done: string[] = [];
  const { db, finish } = openProjectionDb(slowRun(done), 1_000);
  void db.query("insert 1");
  void db.query("insert 2");
  await db.query("insert 3");
  void db.query("insert 4");
  await finish();
  expect(done).toEqual(["insert 1", "insert 2", "insert 3", "insert 4"]);
});

test("one that nobody awaits and that fails is the batch's failure", async () => {
  const { db, finish } = openProjectionDb(slowRun([]), 1_000);
  void db.query("insert bad");
  await expect(finish()).rejects.toThrow("insert bad");
});

test("one that fails and is caught is the batch's failure all the same: its transaction is lost", async () => {
  const { db, finish } = openProjectionDb(slowRun([]), 1_000);
  await db.query("insert bad").catch(() => undefined);
  await expect(finish()).rejects.toThrow("insert bad");
});

test("a statement after the batch's end is refused, and hurts nobody who does not await it", async () => {
  const done: string[] = [];
  const { db, finish } = openProjectionDb(slowRun(done), 1_000);
  await finish();
  void db.query("insert late");
  await expect(db.query("insert late")).rejects.toMatchObject({ code: "invalid-argument" });
  expect(done).toEqual([]);
});

test.each(["commit", " ROLLBACK to s", "set role postgres", "begin;", "copy t from stdin", ";commit", "/**/rollback"])(
  "a statement of the transaction itself is refused: %s",
  async (text) => {
    const { db, finish } = openProjectionDb(slowRun([]), 1_000);
    await db.query(text).catch(() => undefined);
    await expect(finish()).rejects.toMatchObject({ code: "invalid-argument" });
  },
);

test("an error that may pass, a deadlock, is told apart from the handler's own", async () => {
  const opened = openProjectionDb(slowRun([]), 1_000);
  await opened.db.query("bad lock").catch(() => undefined);
  expect(opened.transient()).toMatchObject({ code: "database-failed", retryable: true });
  const other = openProjectionDb(slowRun([]), 1_000);
  await other.db.query("bad key").catch(() => undefined);
  expect(other.transient()).toBeUndefined();
});

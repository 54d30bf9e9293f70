import { describeSchema } from "@eventchain/store/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("a migrated database has the schema of packages/store/schema.sql (vitest -u writes it)", async () => {
  await expect(await describeSchema(database.pool)).toMatchFileSnapshot("../../packages/store/schema.sql");
});

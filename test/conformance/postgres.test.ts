import { openPostgresStore, type PostgresStore } from "@eventchain/store";
import { eventStoreTests } from "@eventchain/store/testing";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

describe("the event store on Postgres", () => {
  let database: TestDatabase;
  let store: PostgresStore;

  beforeAll(async () => {
    database = await createTestDatabase();
    store = openPostgresStore({ pool: database.pool });
  });
  afterAll(() => database.drop());

  const tests = eventStoreTests(() => ({
    store,
    another: async () => openPostgresStore({ connectionString: database.url }),
  }));
  for (const { name, run } of tests) test(name, run);
});

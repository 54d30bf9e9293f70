import { openMemoryStore } from "@eventchain/store";
import { eventStoreTests } from "@eventchain/store/testing";
import { describe, test } from "vitest";

describe("the event store in memory", () => {
  const store = openMemoryStore();
  const tests = eventStoreTests(() => ({ store, another: async () => ({ ...store }) }));
  for (const { name, run } of tests) test(name, run);
});

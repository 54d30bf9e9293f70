import { canonicalJson, randomBytes, uuidv7 } from "@eventchain/core";
import { openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger } from "@eventchain/store/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { sharedData } from "../vectors/shared-data.ts";

let database: TestDatabase;
let store: PostgresStore;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
});
afterAll(() => database.drop());

test("the big list of naughty strings: each is a stream, a type, a tag, a key and a value, or refused as a name", async (context) => {
  const strings: string[] = JSON.parse(sharedData(context, "blns/blns.json"));
  const names = [...new Set(strings)].filter((text) => text.isWellFormed() && !text.includes("\0"));
  const isName = (text: string): boolean => text !== "" && !text.startsWith("$") && Buffer.byteLength(text) <= 512;
  expect(names.filter(isName).length).toBeGreaterThan(400);
  const ledger = await createTestLedger(store);
  const outcomes = await store.append(
    ledger.ledgerId,
    names.map((name) => ({
      events: [
        {
          stream: name,
          type: name,
          schema: 1,
          tags: [name],
          data: canonicalJson({ [name]: name }),
          metadata: canonicalJson({ actor: name }),
          id: uuidv7(0n),
          salt: randomBytes(16),
          metaSalt: randomBytes(16),
        },
      ],
      expected: [{ stream: name, version: "none" }],
    })),
  );
  for (const [index, name] of names.entries()) {
    const outcome = outcomes[index];
    if (isName(name))
      expect(outcome, JSON.stringify(name)).toMatchObject({ outcome: "recorded", events: [{ stream: name }] });
    else expect(outcome, JSON.stringify(name)).toMatchObject({ outcome: "refused", code: "invalid-name", event: 0 });
  }
  for (const name of names.filter(isName)) {
    const filter = { streams: [name], types: [name], tags: [name], actor: name };
    const found: unknown[] = [];
    for await (const { stream, type, tags, data } of store.readAll(ledger.ledgerId, { filter })) {
      found.push({ stream, type, tags, data });
    }
    expect(found).toEqual([{ stream: name, type: name, tags: [name], data: canonicalJson({ [name]: name }) }]);
  }
  await checkChain(store, ledger);
});

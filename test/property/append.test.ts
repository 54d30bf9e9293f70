import { canonicalJson, compareUtf8, randomBytes, sha256, utf8, uuidv7 } from "@eventchain/core";
import { type AppendRequest, type ExpectedVersion, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger } from "@eventchain/store/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let store: PostgresStore;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
});
afterAll(() => database.drop());

const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("\0"));
const name = text.filter((value) => value !== "" && !value.startsWith("$"));
const value = fc
  .jsonValue({ maxDepth: 4, noUnicodeString: false })
  .filter((json) => !JSON.stringify(json).includes("\\u0000"));
const object = fc.dictionary(text, value, { maxKeys: 5 });
const metadataObject = fc.dictionary(
  name.filter((key) => key !== "commandId"),
  value,
  { maxKeys: 3 },
);

const event = fc.record({
  stream: name,
  type: name,
  schema: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  tags: fc.uniqueArray(name, { maxLength: 4 }).map((tags) => tags.sort(compareUtf8)),
  data: object.map((data) => canonicalJson(data)),
  metadata: metadataObject.map((metadata) => canonicalJson(metadata)),
});

test("whatever text an event is made of, its hashes are those of the format", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), async (contents) => {
      const ledger = await createTestLedger(store);
      const events = contents.map((content) => ({
        ...content,
        id: uuidv7(BigInt(Date.now())),
        salt: randomBytes(16),
        metaSalt: randomBytes(16),
      }));
      const outcomes = await store.append(
        ledger.ledgerId,
        events.map((each) => ({ events: [each], expected: [] })),
      );
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(events.map(() => "recorded"));
      await checkChain(store, ledger);
      let index = 0;
      for await (const { stream, type, schema, tags, data, metadata, id } of store.readAll(ledger.ledgerId)) {
        const {
          salt: _salt,
          metaSalt: _metaSalt,
          ...given
        } = events[index++] ?? expect.fail("more events than appended");
        expect({ stream, type, schema, tags, data, metadata, id }).toEqual(given);
      }
    }),
    { numRuns: 40 },
  );
});

/** Few streams, ids and commands, so that they meet. */
interface Draft {
  streams: number[];
  expected: [stream: number, version: ExpectedVersion][];
  command: { id: number; content: number } | undefined;
  /** Takes the id of this earlier event, if there is one, for its first event. */
  stolenId: number | undefined;
  broken: boolean;
}

const version: fc.Arbitrary<ExpectedVersion> = fc.oneof(
  fc.constantFrom<ExpectedVersion>("none", "exists", "any"),
  fc.bigInt({ min: 0n, max: 6n }),
);
const expectation: fc.Arbitrary<[number, ExpectedVersion]> = fc.tuple(fc.nat(3), version);
const draft: fc.Arbitrary<Draft> = fc.record({
  streams: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
  expected: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Draft["expected"]>([]) },
    { weight: 1, arbitrary: fc.uniqueArray(expectation, { selector: ([stream]) => stream, maxLength: 2 }) },
  ),
  command: fc.option(fc.record({ id: fc.nat(3), content: fc.nat(1) }), { nil: undefined, freq: 2 }),
  stolenId: fc.option(fc.nat(20), { nil: undefined, freq: 8 }),
  broken: fc.nat(9).map((dice) => dice === 0),
});

/** What the store should do, by plain maps. */
class Model {
  position = 0n;
  readonly ids: string[] = [];
  private readonly taken = new Set<string>();
  private readonly versions = new Map<string, bigint>();
  private readonly commands = new Map<string, { hash: string; positions: bigint[] }>();

  judge(request: AppendRequest): unknown {
    const { command, events, expected } = request;
    const hash = command === undefined ? "" : Buffer.from(command.requestHash).toString("hex");
    const known = command === undefined ? undefined : this.commands.get(command.id);
    if (known !== undefined) {
      return known.hash === hash
        ? { outcome: "recorded", duplicate: true, positions: known.positions }
        : { outcome: "command-id-reused" };
    }
    if (events.some(({ data }) => data === "broken")) return { outcome: "refused", code: "invalid-json" };
    if (events.some(({ id }) => this.taken.has(id))) return { outcome: "refused", code: "duplicate-id" };
    for (const { stream, version: wanted } of expected) {
      const actual = this.versions.get(stream) ?? 0n;
      const holds =
        wanted === "any" ||
        (wanted === "exists" && actual > 0n) ||
        (wanted === "none" && actual === 0n) ||
        wanted === actual;
      if (!holds) return { outcome: "conflict", stream, expected: wanted, actual };
    }
    const positions = events.map(({ stream, id }) => {
      this.versions.set(stream, (this.versions.get(stream) ?? 0n) + 1n);
      this.taken.add(id);
      this.ids.push(id);
      this.position += 1n;
      return this.position;
    });
    if (command !== undefined) this.commands.set(command.id, { hash, positions });
    return { outcome: "recorded", duplicate: false, positions };
  }
}

function makeRequest(one: Draft, ids: readonly string[]): AppendRequest {
  const stolen = one.stolenId === undefined ? undefined : ids[one.stolenId];
  const metadata = one.command === undefined ? "{}" : `{"commandId":"c-${one.command.id}"}`;
  const events = one.streams.map((stream, index) => ({
    stream: `s-${stream}`,
    type: "T",
    schema: 1,
    tags: [`t-${stream}`],
    data: one.broken && index === 0 ? "broken" : "{}",
    metadata,
    id: (index === 0 ? stolen : undefined) ?? uuidv7(BigInt(Date.now())),
    salt: randomBytes(16),
    metaSalt: randomBytes(16),
  }));
  const expected = one.expected.map(([stream, wanted]) => ({ stream: `s-${stream}`, version: wanted }));
  if (one.command === undefined) return { events, expected };
  const requestHash = sha256(utf8(String(one.command.content)));
  return { events, expected, command: { id: `c-${one.command.id}`, requestHash } };
}

test("groups of requests come out as plain maps say, in whatever way they are cut into calls", async () => {
  const groups = fc.array(fc.array(draft, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(groups, async (calls) => {
      const ledger = await createTestLedger(store);
      const model = new Model();
      const sentIds: string[] = [];
      for (const call of calls) {
        const requests = call.map((one) => {
          const made = makeRequest(one, sentIds);
          sentIds.push(...made.events.map(({ id }) => id));
          return made;
        });
        const expected = requests.map((request) => model.judge(request));
        const outcomes = await store.append(ledger.ledgerId, requests);
        const seen = outcomes.map((outcome) => {
          if (outcome.outcome === "recorded") {
            const { duplicate, events } = outcome;
            return { outcome: "recorded", duplicate, positions: events.map(({ position }) => position) };
          }
          if (outcome.outcome === "refused") return { outcome: "refused", code: outcome.code };
          return outcome.outcome === "command-id-reused" ? { outcome: "command-id-reused" } : outcome;
        });
        expect(seen).toEqual(expected);
      }
      await checkChain(store, ledger);
    }),
    { numRuns: 60 },
  );
});

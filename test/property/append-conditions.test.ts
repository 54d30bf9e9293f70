import { randomBytes, sha256, utf8, uuidv7 } from "@eventchain/core";
import { type AppendOutcome, type AppendRequest, openPostgresStore, type PostgresStore } from "@eventchain/store";
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

const streams = ["s-0", "s-1", "$audit"];
const types = ["T-0", "T-1", "$CommandRejected"];
const tags = ["a", "b", "c"];
const some = (names: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...names], { minLength: 1 });

interface Item {
  streams?: string[];
  types?: string[];
  tags?: string[];
}

/** What a request asks for; `after` counts back from the head as it is when its call is made. */
interface Draft {
  events: { stream: string; type: string; tags: string[] }[];
  query: "all" | Item[] | undefined;
  behind: bigint;
  command: { id: number; content: number } | undefined;
  rejects: "no" | "silently" | "as an event";
  fails: boolean;
  chain: "none" | "new" | "same";
}

const item: fc.Arbitrary<Item> = fc
  .record({ streams: some(streams), types: some(types), tags: some(tags) }, { requiredKeys: [] })
  .filter((one) => Object.keys(one).length > 0);
const draft: fc.Arbitrary<Draft> = fc.record({
  events: fc.array(
    fc.record({
      stream: fc.constantFrom("s-0", "s-1"),
      type: fc.constantFrom("T-0", "T-1"),
      tags: fc.subarray([...tags]),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  query: fc.option(
    fc.oneof(
      { weight: 1, arbitrary: fc.constant("all" as const) },
      { weight: 8, arbitrary: fc.array(item, { maxLength: 3 }) },
    ),
    { nil: undefined, freq: 4 },
  ),
  behind: fc.bigInt({ min: -2n, max: 6n }),
  command: fc.option(fc.record({ id: fc.nat(5), content: fc.nat(1) }), { nil: undefined, freq: 2 }),
  rejects: fc.constantFrom("no", "no", "no", "silently", "as an event"),
  fails: fc.nat(11).map((dice) => dice === 0),
  chain: fc.constantFrom("none", "new", "same", "same"),
});

interface Recorded {
  position: bigint;
  stream: string;
  type: string;
  tags: readonly string[];
  /** Undefined: of an earlier call, or of no chain. */
  chain: number | undefined;
}

interface Verdict {
  outcome: string;
  [detail: string]: unknown;
}

/** The rules of the append, by lists that are searched from end to end. */
class Rules {
  readonly events: Recorded[] = [];
  readonly #commands = new Map<string, { hash: string; outcome: Verdict }>();

  judgeCall(requests: readonly AppendRequest[]): unknown[] {
    const broken = new Set<number>();
    const outcomes = requests.map((request) => {
      const fallen = request.chain !== undefined && broken.has(request.chain);
      const outcome: Verdict = fallen ? { outcome: "dependency-failed" } : this.#judge(request);
      const isNew = outcome.outcome === "recorded" && outcome.duplicate === false;
      if (request.chain !== undefined && request.events.length > 0 && !isNew) broken.add(request.chain);
      return outcome;
    });
    for (const event of this.events) event.chain = undefined;
    return outcomes;
  }

  #judge({ command, events, condition, rejection, chain }: AppendRequest): Verdict {
    const hash = Buffer.from(command?.requestHash ?? []).toString("hex");
    const known = command === undefined ? undefined : this.#commands.get(command.id);
    if (known !== undefined) {
      return known.hash === hash ? { ...known.outcome, duplicate: true } : { outcome: "command-id-reused" };
    }
    if (events.some(({ data }) => data === "broken")) return { outcome: "refused" };
    const after = condition?.after ?? 0n;
    if (condition !== undefined && after > BigInt(this.events.length)) return { outcome: "refused" };
    const inTheWay =
      condition === undefined ? [] : this.#find(condition.failIfEventsMatch as Draft["query"], after, chain);
    if (inTheWay.length > 0) return { outcome: "condition-failed", positions: inTheWay.slice(0, 16) };
    const outcome = rejection === undefined ? this.#record(events, chain) : this.#reject(rejection, chain);
    if (command !== undefined) this.#commands.set(command.id, { hash, outcome });
    return outcome;
  }

  #find(query: Draft["query"], after: bigint, chain: number | undefined): bigint[] {
    const meets = (event: Recorded): boolean => {
      if (query === "all") return !event.type.startsWith("$");
      return (query ?? []).some(
        (one) =>
          (one.streams === undefined || one.streams.some((name) => name === event.stream)) &&
          (one.types === undefined || one.types.some((name) => name === event.type)) &&
          (one.tags === undefined || one.tags.every((tag) => event.tags.includes(tag))),
      );
    };
    return this.events
      .filter((event) => event.position > after && (chain === undefined || event.chain !== chain) && meets(event))
      .map(({ position }) => position);
  }

  #record(events: AppendRequest["events"], chain: number | undefined): Verdict {
    const positions = events.map(({ stream, type, tags: own }) => this.#add({ stream, type, tags: own, chain }));
    return { outcome: "recorded", duplicate: false, positions };
  }

  #reject({ code, event }: NonNullable<AppendRequest["rejection"]>, chain: number | undefined): Verdict {
    const audit = { stream: "$audit", type: "$CommandRejected", tags: [], chain };
    const position = event === undefined ? null : this.#add(audit);
    return { outcome: "rejected", duplicate: false, code, reason: null, position };
  }

  #add(event: Omit<Recorded, "position">): bigint {
    const position = BigInt(this.events.length) + 1n;
    this.events.push({ ...event, position });
    return position;
  }
}

function makeRequest(one: Draft, head: bigint, chain: number | undefined): AppendRequest {
  const commandId = one.command === undefined ? undefined : `c-${one.command.id}`;
  const fresh = () => ({ id: uuidv7(BigInt(Date.now())), salt: randomBytes(16), metaSalt: randomBytes(16) });
  const metadata = JSON.stringify(commandId === undefined ? {} : { commandId });
  const rejects = one.rejects !== "no" && commandId !== undefined;
  const data = one.fails ? "broken" : "{}";
  return {
    events: rejects ? [] : one.events.map((event) => ({ ...event, schema: 1, data, metadata, ...fresh() })),
    expected: [],
    ...(chain === undefined ? {} : { chain }),
    ...(one.command === undefined
      ? {}
      : { command: { id: `c-${one.command.id}`, requestHash: sha256(utf8(`${one.command.content}`)) } }),
    ...(rejects
      ? { rejection: { code: "no", ...(one.rejects === "silently" ? {} : { event: { metadata, ...fresh() } }) } }
      : one.query === undefined
        ? {}
        : { condition: { failIfEventsMatch: one.query, after: one.behind > head ? 0n : head - one.behind } }),
  };
}

function makeCall(drafts: readonly Draft[], head: bigint): AppendRequest[] {
  let chains = 0;
  let current: number | undefined;
  return drafts.map((one) => {
    if (one.chain === "none") current = undefined;
    else if (one.chain === "new" || current === undefined) current = chains++;
    return makeRequest(one, head, current);
  });
}

/** An outcome as the rules tell it. */
function plain(outcome: AppendOutcome): unknown {
  switch (outcome.outcome) {
    case "recorded":
      return { ...outcome, events: undefined, positions: outcome.events.map(({ position }) => position) };
    case "refused":
    case "command-id-reused":
      return { outcome: outcome.outcome };
    default:
      return outcome;
  }
}

test("conditions, chains, commands and rejections come out as lists searched from end to end say", async () => {
  const calls = fc.array(fc.array(draft, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(calls, async (drafts) => {
      const ledger = await createTestLedger(store);
      const rules = new Rules();
      for (const call of drafts) {
        const requests = makeCall(call, BigInt(rules.events.length));
        const outcomes = await store.append(ledger.ledgerId, requests);
        expect(outcomes.map(plain)).toEqual(rules.judgeCall(requests));
      }
      await checkChain(store, ledger);
    }),
    { numRuns: 80 },
  );
});

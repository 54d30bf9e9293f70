// Requests and questions to a store, few names among them, so that they meet.
import { sha256, utf8 } from "@eventchain/core";
import type {
  AppendCondition,
  AppendRequest,
  EventFilter,
  EventQuery,
  EventStore,
  ExpectedVersion,
  NewEvent,
  ReadAllOptions,
  RequestRejection,
  StoredEvent,
} from "@eventchain/store";
import { collectBatches } from "@eventchain/store/testing";
import fc from "fast-check";

export type Call = AppendRequest[];

const streams = ["s-0", "s-1", "s-2"];
const types = ["T-0", "T-1"];
const tags = ["a", "b", "c"];
const commandIds = ["c-0", "c-1", "c-2", "c-3"];

const some = (names: readonly string[], minLength = 1): fc.Arbitrary<string[]> =>
  fc.subarray([...names], { minLength });

/** The rare one in one of so many. */
const seldom = <T, U>(every: number, rare: fc.Arbitrary<T>, usual: U): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: every - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare });

/** Queries as they should be, the ledger's own names among them. */
const item = fc
  .record(
    { streams: some([...streams, "$audit"]), types: some([...types, "$CommandRejected"]), tags: some(tags) },
    { requiredKeys: [] },
  )
  .filter((each) => Object.keys(each).length > 0);
const soundQuery: fc.Arbitrary<EventQuery> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<EventQuery>("all") },
  { weight: 6, arbitrary: fc.array(item, { maxLength: 3 }) },
);
const brokenQuery = fc.constantFrom<unknown>([{}], [{ types: [] }], [{ tags: ["a"], colour: ["red"] }], "some", [
  { tags: "a" },
]) as fc.Arbitrary<EventQuery>;
const query = fc.oneof({ weight: 12, arbitrary: soundQuery }, { weight: 1, arbitrary: brokenQuery });

const version: fc.Arbitrary<ExpectedVersion> = fc.oneof(
  fc.constantFrom<ExpectedVersion>("none", "exists", "any"),
  fc.bigInt({ min: 0n, max: 5n }),
);
const expectations = fc.uniqueArray(fc.record({ stream: fc.constantFrom(...streams), version }), {
  selector: ({ stream }) => stream,
  maxLength: 2,
});
const condition: fc.Arbitrary<AppendCondition> = fc.record(
  { failIfEventsMatch: query, after: fc.bigInt({ min: -1n, max: 6n }) },
  { requiredKeys: ["failIfEventsMatch"] },
);

/** Few ids, so that some come twice. */
const id = fc.integer({ min: 0, max: 400 }).map((n) => `019a9f00-0000-7000-8000-${n.toString(16).padStart(12, "0")}`);
const salt = fc.uint8Array({ minLength: 16, maxLength: 16 });
const broken: fc.Arbitrary<Partial<NewEvent>> = fc.constantFrom<Partial<NewEvent>>(
  { data: "[]" },
  { type: "" },
  { stream: "$audit" },
  { tags: ["b", "a"] },
  { tags: ["$a"] },
  { metadata: '{"$x":1}' },
  { metadata: '{"commandId":"other"}' },
  { salt: new Uint8Array(3) },
  { schema: 0 },
  { id: "nonsense" },
  { id: "019a9f00-0000-4000-8000-000000000000" },
);
const parts = fc.record({
  stream: fc.constantFrom(...streams),
  type: fc.constantFrom(...types),
  schema: fc.constantFrom(1, 2),
  tags: some(tags, 0),
  data: fc.constantFrom("{}", '{"n":1}'),
  id,
  salt,
  metaSalt: salt,
});
const facts = fc.record(
  {
    actor: fc.constantFrom<unknown>("ada", "bob", 7, null, { name: "ada" }),
    ip: fc.constantFrom("::1", "::2"),
    correlationId: fc.constantFrom("x", "y"),
    causationId: fc.constantFrom("x", "y", "z"),
  },
  { requiredKeys: [] },
);
const event = fc.record({
  parts,
  facts,
  broken: seldom(40, broken, {}),
});
type EventDraft = typeof event extends fc.Arbitrary<infer T> ? T : never;

const command = fc.record({
  id: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...commandIds) },
    { weight: 1, arbitrary: fc.constantFrom("", "x".repeat(513), "\0") },
  ),
  content: fc.nat(1),
  names: fc.record(
    { type: fc.constantFrom("Open", "Close"), actor: fc.constantFrom("ada", "bob") },
    { requiredKeys: [] },
  ),
});
const rejection = fc.record({
  code: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("full", "late") },
    { weight: 1, arbitrary: fc.constantFrom("", "x".repeat(513)) },
  ),
  reason: seldom(2, fc.constantFrom("no seat is left", ""), undefined),
  event: seldom(2, event, undefined),
});
const request = fc.record({
  events: fc.array(event, { minLength: 1, maxLength: 3 }),
  expected: fc.oneof(
    { weight: 2, arbitrary: fc.constant<AppendRequest["expected"]>([]) },
    { weight: 1, arbitrary: expectations },
  ),
  command: seldom(2, command, undefined),
  condition: seldom(2, condition, undefined),
  rejection: seldom(4, rejection, undefined),
  /** Whether it goes on with the chain of the request before it, begins one, or is on its own. */
  chain: fc.constantFrom("own", "own", "next", "same", "same"),
});
type RequestDraft = typeof request extends fc.Arbitrary<infer T> ? T : never;

function makeEvent(draft: EventDraft, commandId: string | undefined): NewEvent {
  const metadata = JSON.stringify({ ...draft.facts, ...(commandId === undefined ? {} : { commandId }) });
  return { ...draft.parts, metadata, ...draft.broken };
}

function makeRejection(draft: NonNullable<RequestDraft["rejection"]>, commandId: string | undefined): RequestRejection {
  const { code, reason } = draft;
  const made = { code, ...(reason === undefined ? {} : { reason }) };
  if (draft.event === undefined) return made;
  const { id, salt, metaSalt, metadata } = makeEvent(draft.event, commandId);
  return { ...made, event: { id, salt, metaSalt, metadata } };
}

function makeRequest(draft: RequestDraft, chain: number | undefined): AppendRequest {
  const { command, condition, rejection, expected } = draft;
  const rejected = command !== undefined && rejection !== undefined;
  return {
    events: rejected ? [] : draft.events.map((each) => makeEvent(each, command?.id)),
    expected: rejected ? [] : expected,
    ...(command === undefined
      ? {}
      : { command: { id: command.id, requestHash: sha256(utf8(String(command.content))), ...command.names } }),
    ...(condition === undefined || rejected ? {} : { condition }),
    ...(rejected ? { rejection: makeRejection(rejection, command.id) } : {}),
    ...(chain === undefined ? {} : { chain }),
  };
}

function makeCall(drafts: readonly RequestDraft[]): Call {
  let chains = 0;
  let current: number | undefined;
  return drafts.map((draft) => {
    if (draft.chain === "own") current = undefined;
    else if (draft.chain === "next" || current === undefined) current = chains++;
    return makeRequest(draft, current);
  });
}

/** A few calls of a few requests, some of them chained, some of them bad. */
export const calls: fc.Arbitrary<Call[]> = fc.array(fc.array(request, { minLength: 1, maxLength: 8 }).map(makeCall), {
  minLength: 1,
  maxLength: 5,
});

/** One call of a store that reads. */
export interface Question {
  what: string;
  run(store: EventStore, ledgerId: bigint): Promise<unknown>;
}

async function collect(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for await (const each of events) all.push(each);
  return all;
}

const optional = { requiredKeys: [] as [] };
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    streams: some(streams, 0),
    types: some(types, 0),
    tags: some([...tags, "nobody's"], 0),
    actor: fc.constantFrom("ada", "7", '{"name":"ada"}', "null"),
    ip: fc.constantFrom("::1"),
    correlationId: fc.constantFrom("x"),
    causationIds: some(["x", "y"], 0),
  },
  optional,
);
const scope = fc.record({ access: query }, optional);
const bound = fc.bigInt({ min: 0n, max: 20n });
const readAllOptions: fc.Arbitrary<ReadAllOptions> = fc.record(
  {
    access: query,
    query,
    filter,
    after: bound,
    to: bound,
    limit: fc.nat(5),
    backwards: fc.boolean(),
    batchSize: fc.integer({ min: 1, max: 3 }),
  },
  optional,
);
const readStreamOptions = fc.record(
  { access: query, after: bound, limit: fc.nat(5), backwards: fc.boolean(), batchSize: fc.integer({ min: 1, max: 3 }) },
  optional,
);
const contexts = fc.array(fc.record({ query, after: bound }, { requiredKeys: ["query"] }), { maxLength: 3 });
const by = fc.oneof(fc.record({ position: bound }), fc.record({ id }));

const show = (name: string, ...values: unknown[]): string =>
  `${name} ${values.map((value) => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}n` : each))).join(", ")}`;

const question: fc.Arbitrary<Question> = fc.oneof(
  readAllOptions.map((options) => ({
    what: show("readAll", options),
    run: async (store: EventStore, ledgerId: bigint) => collect(store.readAll(ledgerId, options)),
  })),
  readAllOptions.map(({ limit: _, batchSize: __, backwards: ___, ...options }) => ({
    what: show("count", options),
    run: (store: EventStore, ledgerId: bigint) => store.count(ledgerId, options),
  })),
  fc.tuple(fc.constantFrom(...streams, "$audit", "none"), readStreamOptions).map(([stream, options]) => ({
    what: show("readStream", stream, options),
    run: async (store: EventStore, ledgerId: bigint) => collect(store.readStream(ledgerId, stream, options)),
  })),
  readAllOptions.map((options) => ({
    what: show("readBatches", options),
    run: async (store: EventStore, ledgerId: bigint) => collectBatches(store.readBatches(ledgerId, options)),
  })),
  fc.tuple(by, scope).map(([one, options]) => ({
    what: show("findEvent", one, options),
    run: (store: EventStore, ledgerId: bigint) => store.findEvent(ledgerId, one, options),
  })),
  contexts.map((each) => ({
    what: show("look", each),
    run: async (store: EventStore, ledgerId: bigint) => {
      const look = await store.look(ledgerId, each);
      return { position: look.position, contexts: await Promise.all(look.contexts.map(collect)) };
    },
  })),
  fc.constantFrom(...commandIds).map((commandId) => ({
    what: show("findCommand", commandId),
    run: (store: EventStore, ledgerId: bigint) => store.findCommand(ledgerId, commandId),
  })),
  some([...commandIds, "\0"], 0).map((ids) => ({
    what: show("knownCommands", ids),
    run: (store: EventStore, ledgerId: bigint) => store.knownCommands(ledgerId, ids),
  })),
);

export const questions: fc.Arbitrary<Question[]> = fc.array(question, { minLength: 6, maxLength: 20 });

const object = fc
  .json({ maxDepth: 3, stringUnit: "binary" })
  .chain((text) =>
    fc.constantFrom(`{"a":${text}}`, `{"a":${text},"b":${text}}`, `{"a":1,"a":${text}}`, ` {"a": [${text} ] } `),
  );
const spoiling = [
  ..."\\\"'{[]},:",
  "\\u0000",
  "\\ud800",
  "\\ud83d\\ude00",
  '"a":1,',
  "\u0001",
  "1e999",
  "0x1",
  "\ufeff",
  "\u00a0",
];

/** Texts that are JSON objects, nearly, or not at all. */
export const texts: fc.Arbitrary<string> = fc
  .tuple(object, seldom(2, fc.constantFrom(...spoiling), ""), fc.nat())
  .map(([text, insert, at]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + insert + text.slice(index);
  });

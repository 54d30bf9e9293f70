import type { AppendCondition, AppendRequest, EventQuery, ExpectedVersion, QueryItem } from "../port.ts";
import { encodeArray } from "./encode-array.ts";

/** The text of a text[]. */
function encodeTags(tags: readonly string[]): string {
  if (tags.length === 0) return "{}";
  return `{${tags.map((tag) => `"${tag.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

/** As the append function wants it: a version, or -1 for "exists". "any" is left out. */
function encodeVersion(version: Exclude<ExpectedVersion, "any">): bigint {
  if (version === "none") return 0n;
  return version === "exists" ? -1n : version;
}

function isStorable(name: string): boolean {
  return name.isWellFormed() && !name.includes("\0");
}

/** The item without what no event can have, which JSON in Postgres cannot say: undefined where it can meet none. */
function encodeItem({ streams, types, tags }: QueryItem): QueryItem | undefined {
  const item: QueryItem = {};
  if (streams !== undefined) item.streams = streams.filter(isStorable);
  if (types !== undefined) item.types = types.filter(isStorable);
  if (tags !== undefined) item.tags = tags;
  const meetsNone = item.streams?.length === 0 || item.types?.length === 0 || tags?.every(isStorable) === false;
  return meetsNone ? undefined : item;
}

function encodeQuery(query: EventQuery): string {
  return JSON.stringify(query === "all" ? query : query.flatMap((item) => encodeItem(item) ?? []));
}

/**
 * The condition that a request carries. One that an earlier request of its chain carries already, and would fail with, is
 * said once: where that one fails, the later ones are dependency-failed.
 */
function ownCondition(requests: readonly AppendRequest[], index: number): AppendCondition | undefined {
  const request = requests[index];
  if (request?.condition === undefined || request.rejection !== undefined) return undefined;
  const before = requests[index - 1];
  const isSaid =
    request.chain !== undefined &&
    before?.chain === request.chain &&
    before.condition === request.condition &&
    before.rejection === undefined &&
    before.events.length > 0;
  return isSaid ? undefined : request.condition;
}

/** The values of `statements/append-events.sql`: one array for each column, each stream's name once. */
export function encodeRequests(ledgerId: bigint, requests: readonly AppendRequest[]): unknown[] {
  const streams = new Map<string, number>();
  const indexOf = (stream: string): number => {
    const known = streams.get(stream);
    if (known !== undefined) return known;
    streams.set(stream, streams.size + 1);
    return streams.size;
  };
  const events = requests.flatMap((request) => request.events);
  const expected = requests.map((request) =>
    request.expected.flatMap(({ stream, version }) =>
      version === "any" ? [] : [{ stream: indexOf(stream), version: encodeVersion(version) }],
    ),
  );
  const allExpected = expected.flat();
  const commands = requests.map((request) => request.command);
  const conditions = requests.map((_, index) => ownCondition(requests, index));
  const rejections = requests.map(({ rejection }) => rejection);
  const eventStreams = events.map((event) => indexOf(event.stream));
  return [
    ledgerId,
    encodeArray(
      "text",
      commands.map((command) => command?.id ?? null),
    ),
    encodeArray(
      "bytea",
      commands.map((command) => command?.requestHash ?? null),
    ),
    encodeArray(
      "text",
      commands.map((command) => command?.type ?? null),
    ),
    encodeArray(
      "text",
      commands.map((command) => command?.actor ?? null),
    ),
    encodeArray(
      "int4",
      requests.map((request) => request.events.length),
    ),
    encodeArray(
      "int4",
      expected.map((each) => each.length),
    ),
    encodeArray("text", [...streams.keys()]),
    encodeArray(
      "int4",
      allExpected.map((each) => each.stream),
    ),
    encodeArray(
      "int8",
      allExpected.map((each) => each.version),
    ),
    encodeArray("int4", eventStreams),
    encodeArray(
      "uuid",
      events.map((event) => event.id),
    ),
    encodeArray(
      "text",
      events.map((event) => event.type),
    ),
    encodeArray(
      "int4",
      events.map((event) => event.schema),
    ),
    encodeArray(
      "text",
      events.map((event) => encodeTags(event.tags)),
    ),
    encodeArray(
      "text",
      events.map((event) => event.data),
    ),
    encodeArray(
      "bytea",
      events.map((event) => event.salt),
    ),
    encodeArray(
      "text",
      events.map((event) => event.metadata),
    ),
    encodeArray(
      "bytea",
      events.map((event) => event.metaSalt),
    ),
    encodeArray(
      "text",
      conditions.map((condition) => (condition === undefined ? null : encodeQuery(condition.failIfEventsMatch))),
    ),
    encodeArray(
      "int8",
      conditions.map((condition) => condition?.after ?? null),
    ),
    encodeArray(
      "int4",
      requests.map(({ chain }) => chain ?? null),
    ),
    encodeArray(
      "text",
      rejections.map((rejection) => rejection?.code ?? null),
    ),
    encodeArray(
      "text",
      rejections.map((rejection) => rejection?.reason ?? null),
    ),
    encodeArray(
      "uuid",
      rejections.map((rejection) => rejection?.event?.id ?? null),
    ),
    encodeArray(
      "bytea",
      rejections.map((rejection) => rejection?.event?.salt ?? null),
    ),
    encodeArray(
      "text",
      rejections.map((rejection) => rejection?.event?.metadata ?? null),
    ),
    encodeArray(
      "bytea",
      rejections.map((rejection) => rejection?.event?.metaSalt ?? null),
    ),
  ];
}

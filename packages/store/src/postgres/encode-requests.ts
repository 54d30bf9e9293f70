import { Buffer } from "node:buffer";
import type { AppendRequest, EventQuery, ExpectedVersion, QueryItem } from "../port.ts";

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

/** The driver encodes a Buffer as bytea, but not every Uint8Array within an array. */
function encodeBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
  const commands = requests.map((request) => request.command);
  const conditions = requests.map(({ condition, rejection }) => (rejection === undefined ? condition : undefined));
  const rejections = requests.map(({ rejection }) => rejection);
  const eventStreams = events.map((event) => indexOf(event.stream));
  return [
    ledgerId,
    commands.map((command) => command?.id ?? null),
    commands.map((command) => (command === undefined ? null : encodeBytes(command.requestHash))),
    commands.map((command) => command?.type ?? null),
    commands.map((command) => command?.actor ?? null),
    requests.map((request) => request.events.length),
    expected.map((each) => each.length),
    [...streams.keys()],
    expected.flat().map((each) => each.stream),
    expected.flat().map((each) => each.version),
    eventStreams,
    events.map((event) => event.id),
    events.map((event) => event.type),
    events.map((event) => event.schema),
    events.map((event) => encodeTags(event.tags)),
    events.map((event) => event.data),
    events.map((event) => encodeBytes(event.salt)),
    events.map((event) => event.metadata),
    events.map((event) => encodeBytes(event.metaSalt)),
    conditions.map((condition) => (condition === undefined ? null : encodeQuery(condition.failIfEventsMatch))),
    conditions.map((condition) => condition?.after ?? null),
    requests.map(({ chain }) => chain ?? null),
    rejections.map((rejection) => rejection?.code ?? null),
    rejections.map((rejection) => rejection?.reason ?? null),
    rejections.map((rejection) => rejection?.event?.id ?? null),
    rejections.map((rejection) => (rejection?.event === undefined ? null : encodeBytes(rejection.event.salt))),
    rejections.map((rejection) => rejection?.event?.metadata ?? null),
    rejections.map((rejection) => (rejection?.event === undefined ? null : encodeBytes(rejection.event.metaSalt))),
  ];
}

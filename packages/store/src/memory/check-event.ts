import { compareUtf8, MAX_NAME_BYTES, utf8 } from "@eventchain/core";
import type { NewEvent, RefusalCode } from "../port.ts";
import type { MetadataFacts } from "./memory-ledger.ts";
import { readObject } from "./read-object.ts";

export interface Problem {
  code: RefusalCode;
  message: string;
}

/** What an event's metadata says; `commandId` is null where it says nothing, and undefined where that is no text. */
export type CheckedMetadata = { facts: MetadataFacts; commandId: string | null | undefined };

const maxTags = 1_024;
const saltBytes = 16;
/** Metadata is indexed while the ledger is locked. */
const maxMetadataBytes = 1_048_576;
/** RFC 9562: the version is the thirteenth hex digit, the variant the two bits at the seventeenth. */
const uuidv7 = /^.{14}7.{4}[89ab]/;

/** Whether a text is of 1 to 512 bytes of UTF-8. */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME_BYTES && utf8(text).length <= MAX_NAME_BYTES;
}

function invalidName(message: string): Problem {
  return { code: "invalid-name", message };
}

function invalidArgument(message: string): Problem {
  return { code: "invalid-argument", message };
}

function tagsProblem(tags: readonly string[]): Problem | undefined {
  if (tags.length > maxTags) return { code: "too-large", message: "an event has at most 1,024 tags" };
  for (const [index, tag] of tags.entries()) {
    const previous = tags[index - 1];
    if (!isName(tag)) return invalidName("a tag has 1 to 512 bytes of UTF-8");
    if (tag.startsWith("$")) return invalidName("tags that begin with $ belong to the ledger");
    if (tag === previous) return invalidArgument("a tag stands there twice");
    if (previous !== undefined && compareUtf8(tag, previous) < 0)
      return invalidArgument("tags are sorted by their UTF-8 bytes");
  }
  return undefined;
}

function partsProblem(event: NewEvent, byLedger: boolean): Problem | undefined {
  const { stream, type, schema, id, salt, metaSalt, tags } = event;
  if (!isName(stream)) return invalidName("a stream's name has 1 to 512 bytes of UTF-8");
  if (stream.startsWith("$") && !byLedger) return invalidName("streams that begin with $ belong to the ledger");
  if (!isName(type)) return invalidName("an event type has 1 to 512 bytes of UTF-8");
  if (type.startsWith("$") && !byLedger) return invalidName("event types that begin with $ belong to the ledger");
  if (schema < 1) return invalidArgument("a schema version is at least 1");
  if (!uuidv7.test(id)) return invalidArgument("an event id is a UUIDv7");
  if (salt.length !== saltBytes || metaSalt.length !== saltBytes) return invalidArgument("a salt has 16 bytes");
  return tagsProblem(tags);
}

/** Checks an event's metadata, and reads from it what readers filter by. */
function checkMetadata(metadata: string): Problem | CheckedMetadata {
  if (utf8(metadata).length > maxMetadataBytes)
    return { code: "too-large", message: "metadata has at most 1,048,576 bytes" };
  const read = readObject("metadata", metadata);
  if ("code" in read) return read;
  const { value } = read;
  if (Object.keys(value).some((key) => key.startsWith("$")))
    return invalidName("metadata keys that begin with $ belong to the ledger");
  const { commandId } = value;
  return {
    facts: {
      actor: textOf(value.actor),
      ip: textOf(value.ip),
      correlationId: textOf(value.correlationId),
      causationId: textOf(value.causationId),
    },
    commandId: typeof commandId === "string" ? commandId : Object.hasOwn(value, "commandId") ? undefined : null,
  };
}

/** As Postgres's `->>` gives it. */
function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Why an event may not be stored; or what its metadata says. `byLedger`: its stream and type are the ledger's own. */
export function checkEvent(event: NewEvent, byLedger = false): Problem | CheckedMetadata {
  const problem = partsProblem(event, byLedger);
  if (problem !== undefined) return problem;
  const data = readObject("data", event.data);
  return "code" in data ? data : checkMetadata(event.metadata);
}

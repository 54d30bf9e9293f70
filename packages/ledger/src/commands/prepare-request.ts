import { type Bytes, canonicalJson, normaliseTags, SALT_BYTES, uuidv7 } from "@eventchain/core";
import type { AppendCondition, AppendRequest, NewEvent } from "@eventchain/store";
import { eventMetadata } from "../build-metadata.ts";
import { within } from "../check-keys.ts";
import type { DomainEvent } from "../events/types.ts";
import { type Decided, type DecidedRejection, failed } from "./decide-command.ts";
import type { Execution } from "./start-execution.ts";

/** What fresh ids and salts are made of. */
export interface Drawing {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs: bigint;
  random: (length: number) => Bytes;
}

/** What a decision is made on. */
export interface Ground {
  /** The stream that events without one go to; undefined where the contexts are not exactly one stream. */
  stream: string | undefined;
  /** That nothing has met the contexts since; undefined where they hold nothing. Requests may share one. */
  condition: AppendCondition | undefined;
}

/** The request that records a decision. Errors: LedgerError `decision-failed`, and those of names and canonical JSON. */
export function prepareRequest(
  execution: Execution,
  decided: Decided,
  ground: Ground,
  drawing: Drawing,
  recordRejections: boolean,
): AppendRequest {
  if (decided.kind === "rejected") return prepareRejection(execution, decided, drawing, recordRejections);
  const events = decided.events.map((event) => prepareEvent(execution, event, ground.stream, drawing));
  const { condition } = ground;
  const request = { events, expected: [], command: commandOf(execution) };
  return condition === undefined ? request : { ...request, condition };
}

/** The request that records a rejection; with `asEvent` as an event too. */
export function prepareRejection(
  execution: Execution,
  { code, reason }: DecidedRejection,
  { nowMs, random }: Drawing,
  asEvent: boolean,
): AppendRequest {
  const event = asEvent
    ? {
        event: {
          id: uuidv7(nowMs, random(10)),
          salt: random(SALT_BYTES),
          metaSalt: random(SALT_BYTES),
          metadata: execution.metadataText,
        },
      }
    : {};
  return { events: [], expected: [], command: commandOf(execution), rejection: { code, reason, ...event } };
}

function prepareEvent(
  { command, commandId, metadata, metadataText }: Execution,
  event: DomainEvent,
  contextStream: string | undefined,
  { nowMs, random }: Drawing,
): NewEvent {
  const stream = event.stream ?? contextStream;
  if (stream === undefined)
    throw failed(
      command.name,
      `${event.type} has no stream to go to: give its definition \`stream\`, or the event the option stream, as the command's context is not exactly one stream`,
    );
  return within(`event ${event.type}`, { command: command.name, type: event.type }, () => ({
    stream,
    type: event.type,
    schema: event.schema,
    tags: normaliseTags(event.tags),
    data: canonicalJson(event.data),
    metadata:
      event.metadata === undefined ? metadataText : canonicalJson(eventMetadata(metadata, event.metadata, commandId)),
    id: uuidv7(nowMs, random(10)),
    salt: random(SALT_BYTES),
    metaSalt: random(SALT_BYTES),
  }));
}

function commandOf({ command, commandId, requestHash, actor }: Execution): NonNullable<AppendRequest["command"]> {
  return { id: commandId, requestHash, type: command.name, actor: actor.id };
}

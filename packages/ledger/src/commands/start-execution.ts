import { type Bytes, canonicalJson, checkName, LedgerError, sha256, utf8 } from "@eventchain/core";
import { eventMetadata, METADATA_OPTIONS, requireMetadata, sharedMetadata } from "../build-metadata.ts";
import { checkKeys } from "../check-keys.ts";
import { issuesError } from "../events/data-schema.ts";
import { freezeDeep } from "../events/freeze-deep.ts";
import type { JsonObject, RequiredKey } from "../types.ts";
import { knownActor } from "./known-actor.ts";
import type { AnyCommand, ExecuteOptions, KnownActor } from "./types.ts";

/** How often a command is decided unless told otherwise. */
export const DEFAULT_MAX_ATTEMPTS = 8;

const OPTION_KEYS = ["commandId", ...METADATA_OPTIONS, "metadata", "maxAttempts", "signal"] as const;

/** What a caller asks for, before any rule of the app is asked. */
export interface CommandCall {
  readonly command: AnyCommand;
  /** As it was given: JCS text. */
  readonly inputText: string;
  readonly required: readonly RequiredKey[];
  readonly actor: KnownActor;
  readonly commandId: string;
  /** Its caller gave the command id, so it may be known already. */
  readonly repeatable: boolean;
  /** SHA-256 over the JCS of `{actor, command, input}`: 32 bytes. The outcome of deciding has no part in it. */
  readonly requestHash: Bytes;
  /** Of each of its events, without the command id: a copy. */
  readonly metadata: JsonObject;
  /** The same with the command id, as JCS text: what an event has that adds nothing of its own. */
  readonly metadataText: string;
  readonly maxAttempts: number;
  readonly signal: AbortSignal | undefined;
}

/** A command on its way: checked, and the same in each attempt. */
export interface Execution extends CommandCall {
  /** As its schema gave it, frozen: no attempt sees what another one did to it. */
  readonly input: unknown;
}

/**
 * Checks what a caller gave; reads and writes nothing.
 * Errors: LedgerError `invalid-input`, `invalid-argument`, `invalid-name`, `invalid-value`.
 */
export function startExecution(...given: Parameters<typeof checkCall>): Execution {
  return checkInput(checkCall(...given));
}

/**
 * Checks what holds whatever the app's rules are: that the options can be read, and that the input is JSON. What is asked
 * for under a command id is known by this alone, so that a command which was recorded under other rules, by an earlier
 * version of the app, say, is found again.
 * Errors: LedgerError `invalid-argument`, `invalid-name`, `invalid-value`; `invalid-input` for what is no JSON.
 */
export function checkCall(
  command: AnyCommand,
  input: unknown,
  options: ExecuteOptions,
  given: { required: readonly RequiredKey[]; newId: () => string },
): CommandCall {
  if (typeof command !== "object" || command === null || command.kind !== "command")
    throw new LedgerError("invalid-argument", "execute takes a command, as defineCommand makes it");
  const what = `command ${command.name}`;
  checkKeys(options, OPTION_KEYS, `execute options of ${what}`);
  const { commandId, maxAttempts = DEFAULT_MAX_ATTEMPTS, signal, actor: who, ...rest } = options;
  if (commandId !== undefined) checkName("commandId", commandId);
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1)
    throw new LedgerError("invalid-argument", `maxAttempts is ${String(maxAttempts)}: give an integer from 1`, {
      values: { maxAttempts: String(maxAttempts) },
    });
  const actor = knownActor(who);
  const id = commandId ?? given.newId();
  const shared = sharedMetadata({ ...rest, actor: actor.id });
  // A copy, whatever becomes of the caller's object. It is checked with the command id that each event has beside it.
  const metadataText = canonicalJson(eventMetadata(shared, undefined, id));
  const { commandId: _, ...metadata } = JSON.parse(metadataText) as JsonObject;
  const text = textOf(command, input);
  return {
    command,
    inputText: text,
    required: given.required,
    actor,
    commandId: id,
    repeatable: commandId !== undefined,
    requestHash: hashCommand(actor.id, command.name, text),
    metadata,
    metadataText,
    maxAttempts,
    signal,
  };
}

/**
 * Checks the input by the command's schema, and the metadata by what the ledger requires.
 * Errors: LedgerError `invalid-input`, `invalid-argument`.
 */
export function checkInput(call: CommandCall): Execution {
  const { command, inputText, metadata, required } = call;
  const what = `command ${command.name}`;
  requireMetadata(required, metadata, what);
  // The copy that was hashed is what is decided on, whatever becomes of the caller's object.
  const parsed = command.input.parse(JSON.parse(inputText));
  if (!parsed.ok) throw issuesError("invalid-input", `the input of ${what}`, parsed.issues, { command: command.name });
  return { ...call, input: freezeDeep(parsed.value) };
}

function textOf(command: AnyCommand, input: unknown): string {
  try {
    return canonicalJson(input);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const path = typeof error.values.path === "string" ? error.values.path : "$";
    throw new LedgerError("invalid-input", `the input of command ${command.name} is no JSON: ${error.message}`, {
      values: { ...error.values, command: command.name, issues: [{ path, message: error.message }] },
      cause: error,
    });
  }
}

/** `input` is JCS text, and the keys are written in their order. */
function hashCommand(actor: string, command: string, input: string): Bytes {
  return sha256(utf8(`{"actor":${JSON.stringify(actor)},"command":${JSON.stringify(command)},"input":${input}}`));
}

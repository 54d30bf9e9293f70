import { LedgerError } from "@eventchain/core";
import type { JsonObject, LedgerEvent } from "../types.ts";
import { issuesError } from "./data-schema.ts";
import type { AnyEventDefinition, SchemaIssue } from "./types.ts";

type Readable = Pick<LedgerEvent, "type" | "schema" | "data" | "position">;

/**
 * A stored event's data as its definition's current version has it, upcast from version to version where it is older.
 * The event stays as it is. Null after erasure.
 * Errors: LedgerError `upcast-failed`: type, position and version in message and values.
 */
export function readData(
  definition: Pick<AnyEventDefinition, "type" | "version" | "schema" | "upcast">,
  event: Readable,
): unknown {
  if (event.type !== definition.type)
    throw new LedgerError(
      "invalid-argument",
      `the event at position ${event.position} is ${JSON.stringify(event.type)}: ${JSON.stringify(definition.type)} cannot read it`,
      { values: { type: event.type, position: event.position } },
    );
  if (event.data === null) return null;
  if (event.schema === definition.version) return event.data;
  if (event.schema > definition.version) {
    const problem = `cannot be read: this app is older than the event, it knows version ${definition.version} at most; update the app`;
    throw failed(event, event.schema, problem, []);
  }
  return upcast(definition, event, event.data);
}

function upcast(definition: Parameters<typeof readData>[0], event: Readable, stored: JsonObject): unknown {
  // An upcaster that changes what it is given changes its own copy.
  let data: unknown = structuredClone(stored);
  for (let from = event.schema; from < definition.version; from++) {
    const step = definition.upcast[from];
    if (step === undefined) {
      const problem = `has no upcaster: add upcast ${from}, which makes version ${from + 1} of it`;
      throw failed(event, from, problem, [{ path: "$", message: "is of an older version" }]);
    }
    data = run(event, from, step, data as JsonObject);
  }
  const result = definition.schema.parse(data);
  if (result.ok) return result.value;
  const last = definition.version - 1;
  const what = issuesError("upcast-failed", "what its upcasters make", result.issues).message;
  throw failed(event, last, `cannot become version ${definition.version}: ${what}`, result.issues);
}

function run(event: Readable, from: number, step: (old: JsonObject) => unknown, data: JsonObject): JsonObject {
  let made: unknown;
  try {
    made = step(data);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw failed(event, from, `could not be upcast: its upcaster threw: ${problem}`, [], cause);
  }
  if (
    typeof made === "object" &&
    made !== null &&
    !Array.isArray(made) &&
    !("then" in made && typeof made.then === "function")
  )
    return made as JsonObject;
  throw failed(event, from, "could not be upcast: at $ its upcaster gives no object", [
    { path: "$", message: "is not an object" },
  ]);
}

function failed(
  event: Readable,
  version: number,
  problem: string,
  issues: readonly SchemaIssue[],
  cause?: unknown,
): LedgerError {
  const { type, position } = event;
  return new LedgerError(
    "upcast-failed",
    `event ${JSON.stringify(type)} at position ${position}: its data of version ${version} ${problem}`,
    { values: { type, position, version, stored: event.schema, issues: issues.map((issue) => ({ ...issue })) }, cause },
  );
}

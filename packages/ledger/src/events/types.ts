import type { z } from "zod";
import type { JsonObject, LedgerEvent } from "../types.ts";

/** Where a value does not fit its schema: the JSON path, such as `$.lines[2].amount`, and why. */
export interface SchemaIssue {
  path: string;
  message: string;
}

/** What stands behind an event's data or a command's input: a check, and the JSON Schema that says the same. */
export interface DataSchema<Output, Input = Output> {
  readonly kind: "data-schema";
  parse(value: unknown): { ok: true; value: Output } | { ok: false; issues: readonly SchemaIssue[] };
  /** Draft 2020-12. */
  readonly jsonSchema: JsonObject;
  /** Holds no value: it carries the type of what `parse` takes. */
  readonly input?: Input;
}

/** A zod schema, or a `DataSchema` such as `jsonSchema(…)` makes. What it gives must be JSON. */
// biome-ignore lint/suspicious/noExplicitAny: any schema at all
export type AnySchema = z.ZodType<any, any> | DataSchema<any, any>;

/** What a schema gives. */
export type OutputOf<S extends AnySchema> =
  S extends DataSchema<infer Output, infer _> ? Output : S extends z.ZodType ? z.output<S> : never;

/** What a schema takes. */
export type InputOf<S extends AnySchema> =
  S extends DataSchema<infer _, infer Input> ? Input : S extends z.ZodType ? z.input<S> : never;

/** An event that is not recorded yet, as an event definition makes it. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  /** The version of its data's schema. */
  readonly schema: number;
  /** As its schema gives it. */
  readonly data: Data;
  readonly tags: readonly string[];
  /** Where it goes; undefined: to the stream of the command's context, or the one that `append` names. */
  readonly stream: string | undefined;
  /** Metadata of this event alone. */
  readonly metadata: JsonObject | undefined;
}

export interface DomainEventOptions {
  /** Instead of the definition's. */
  readonly stream?: string | undefined;
  /** Beside the definition's. */
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
}

/** An event type: a function that makes its events, with all that is known of it. */
export interface EventDefinition<Type extends string, Data, Input = Data> {
  /**
   * Makes an event. Errors: LedgerError `invalid-event`, which names each path that does not fit; `invalid-name` for
   * tags or a stream; `invalid-argument` for an unknown option.
   */
  (data: Input, options?: DomainEventOptions): DomainEvent<Type, Data>;
  readonly kind: "event";
  readonly type: Type;
  /** The current version, from 1. */
  readonly version: number;
  readonly schema: DataSchema<Data, Input>;
  /** By the version that it takes: what makes the next version's data of it. */
  readonly upcast: Readonly<Record<number, (old: JsonObject) => unknown>>;
  /** One sentence for the generated documentation. */
  readonly description: string | undefined;
  /** Whether a stored event is of this type. */
  is(event: Pick<LedgerEvent, "type">): boolean;
  /**
   * A stored event's data as the current version has it; its stored bytes stay as they are. Null after erasure. Data of
   * the current version is given as it was stored; what upcasting made is checked against the schema.
   * Errors: LedgerError `upcast-failed` (missing, throwing, or a result that does not fit), which names event and version.
   */
  read(event: Pick<LedgerEvent, "type" | "schema" | "data" | "position">): Data | null;
}

// biome-ignore lint/suspicious/noExplicitAny: any definition at all
export type AnyEventDefinition = EventDefinition<string, any, any>;

/** The events that a definition makes. */
export type EventOf<Definition extends AnyEventDefinition> =
  Definition extends EventDefinition<infer Type, infer Data, infer _> ? DomainEvent<Type, Data> : never;

/** The data of a definition's events. */
export type DataOf<Definition extends AnyEventDefinition> =
  Definition extends EventDefinition<string, infer Data, infer _> ? Data : never;

/** What `defineEvent` takes beside the type. */
export interface EventSpec<Schema extends AnySchema> {
  /** 1 … 2^31 − 1. Default 1. */
  readonly version?: number | undefined;
  /** Of the data. Must give JSON, and have a JSON Schema; what it gives must fit it again. */
  readonly schema: Schema;
  /** By the version that it takes (1 … version − 1): makes the next version's data. */
  readonly upcast?: Readonly<Record<number, (old: JsonObject) => unknown>> | undefined;
  /** What else its events are about, such as `customer:42`. Default: none. */
  readonly tags?: ((data: OutputOf<Schema>) => readonly string[]) | undefined;
  /** The stream that its events go to. Default: that of the command's context. */
  readonly stream?: ((data: OutputOf<Schema>) => string) | undefined;
  /** One sentence for the generated documentation. */
  readonly describe?: string | undefined;
}

import type { JsonObject } from "@eventchain/ledger";

/**
 * An event as CloudEvents 1.0 has it, in the structured JSON form: `JSON.stringify` of it is the text to send, of the media
 * type `application/cloudevents+json`. The ledger's own attributes are extensions; 64-bit numbers are decimal strings.
 */
export interface CloudEventJson {
  readonly specversion: "1.0";
  /** The event's id. */
  readonly id: string;
  /** The ledger: see `sourceOf`. */
  readonly source: string;
  readonly type: string;
  /** The stream. */
  readonly subject: string;
  /** When it was recorded: RFC 3339 in UTC with microseconds. */
  readonly time: string;
  /** Absent where `data` is. */
  readonly datacontenttype?: "application/json";
  /** A URI of the schema that `data` fits, where one is known. */
  readonly dataschema?: string;
  readonly position: string;
  /** In its stream. */
  readonly version: string;
  /** The version of the data's schema. */
  readonly schemaversion: number;
  /** 64 hex digits. */
  readonly hash: string;
  /** A JSON array of strings, as text. */
  readonly tags: string;
  /** The metadata, a JSON object as text. Absent after erasure, and where it was left out. */
  readonly metadata?: string;
  /** Of the metadata, where they are texts that an attribute can hold. */
  readonly actor?: string;
  readonly correlationid?: string;
  readonly causationid?: string;
  /** The data was erased: there is none. */
  readonly dataerased?: true;
  readonly metadataerased?: true;
  /** Attributes, joined by commas, that are percent-encoded, since they hold characters that no attribute may. */
  readonly encoded?: string;
  readonly data?: JsonObject;
}

export interface CloudEventOptions {
  /** The ledger's: its `source` follows from it. */
  readonly origin: string;
  /** A URI to say instead of the ledger's own. */
  readonly source?: string | undefined;
  /** Leaves out metadata, and with it actor, address, correlation. Default false. */
  readonly withoutMetadata?: boolean | undefined;
  /** The absolute URI of a type's schema in one version, where there is one. Default: none is named. */
  readonly dataSchema?: ((type: string, schemaVersion: number) => string | undefined) | undefined;
}

import { type Bytes, sha256 } from "@eventchain/core";

/** What of one event tells a repeated request from another one. `data` and `metadata` are JCS text. */
export interface RequestedEvent {
  type: string;
  schema: number;
  /** Sorted. */
  tags: readonly string[];
  data: string;
  /** Without the ids of the request that carried it. */
  metadata: string;
}

/**
 * SHA-256 over the JCS (RFC 8785) of `{"events": [{data, metadata, schema, tags, type}, …], "stream"}`: 32 bytes. The
 * texts are JCS already and the keys are written in their order here, so that nothing is parsed again. The expected
 * version is no part of it: a repeated command meets its own events.
 */
export function hashRequest(stream: string, events: readonly RequestedEvent[]): Bytes {
  const parts = events.map(
    ({ data, metadata, schema, tags, type }) =>
      `{"data":${data},"metadata":${metadata},"schema":${schema},"tags":${JSON.stringify(tags)},"type":${JSON.stringify(type)}}`,
  );
  return sha256(`{"events":[${parts.join(",")}],"stream":${JSON.stringify(stream)}}`);
}

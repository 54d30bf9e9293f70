import { type Bytes, canonicalJson, sha256, utf8 } from "@eventchain/core";
import type { Projection } from "./types.ts";

/**
 * SHA-256 of what a projection's rows follow from: the tables' SQL, the mode, the types that are handled, `where`, and the
 * model's name, version and table. The handlers' code is no part of it: whoever changes that raises the version.
 */
export function digestDefinition({ schema, mode, events, where, model }: Projection): Bytes {
  const text = canonicalJson({
    // How it is laid out changes nothing.
    schema: schema.trim().replace(/\s+/g, " "),
    mode,
    events: events.map(({ type }) => type).sort(),
    where: {
      ...(where.streams === undefined ? {} : { streams: [...where.streams].sort() }),
      ...(where.tags === undefined ? {} : { tags: [...where.tags].sort() }),
    },
    ...(model === undefined
      ? {}
      : { model: { name: model.model.name, version: model.model.version, table: model.table } }),
  });
  return sha256(utf8(text));
}

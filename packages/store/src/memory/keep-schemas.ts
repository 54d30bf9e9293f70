import { compareUtf8 } from "@eventchain/core";
import type { KeptSchema } from "../port.ts";
import type { MemoryLedger } from "./memory-ledger.ts";

/** Every schema that is kept, or those of these types and versions, by type (bytewise) and version. */
export function listSchemas(
  { schemas }: MemoryLedger,
  of?: readonly Pick<KeptSchema, "type" | "version">[],
): KeptSchema[] {
  const isAsked = ({ type, version }: KeptSchema): boolean =>
    of?.some((asked) => asked.type === type && asked.version === version) !== false;
  return [...schemas]
    .sort(([one], [other]) => compareUtf8(one, other))
    .flatMap(([, versions]) => [...versions.values()].sort((one, other) => one.version - other.version))
    .filter(isAsked)
    .map(copySchema);
}

/** Keeps a schema unless one is kept for its type and version already; gives the one that is kept now. */
export function keepSchema({ schemas }: MemoryLedger, schema: KeptSchema): KeptSchema {
  const versions = schemas.get(schema.type) ?? new Map<number, KeptSchema>();
  schemas.set(schema.type, versions);
  const kept = versions.get(schema.version) ?? copySchema(schema);
  versions.set(schema.version, kept);
  return copySchema(kept);
}

function copySchema({ type, version, hash, schema }: KeptSchema): KeptSchema {
  return { type, version, hash: hash.slice(), schema };
}

import { bytesToHex, equalBytes, LedgerError } from "@eventchain/core";
import type { EventStore, KeptSchema } from "@eventchain/store";
import { schemaRecord } from "./schema-record.ts";
import type { AnyEventDefinition } from "./types.ts";

/** The schemas that a ledger's events have: those of the app, held against those kept with their first use. */
export interface SchemaRegistry {
  /** By type. */
  readonly definitions: ReadonlyMap<string, AnyEventDefinition>;
  /**
   * To be awaited before events of these definitions are sent: keeps the schemas that are not kept yet. Costs nothing for
   * those it has kept, or found kept, before.
   * Errors: LedgerError `schema-changed` where another process kept another one meanwhile; `database-*`.
   */
  keepUsed(used: Iterable<AnyEventDefinition>): Promise<void>;
}

type SchemaStore = Pick<EventStore, "keptSchemas" | "keepSchemas">;

/**
 * Holds the definitions against what the ledger has kept. A version that is kept and not defined any more is no concern.
 * Errors: LedgerError `schema-changed`, which names type and version; `database-*`.
 */
export async function openSchemas(
  store: SchemaStore,
  ledgerId: bigint,
  definitions: ReadonlyMap<string, AnyEventDefinition>,
): Promise<SchemaRegistry> {
  const kept = new Map<string, Promise<void>>();
  // A ledger of no definitions has nothing to be held against.
  for (const found of definitions.size === 0 ? [] : await store.keptSchemas(ledgerId)) {
    const definition = definitions.get(found.type);
    if (definition?.version !== found.version) continue;
    checkSame(schemaRecord(definition), found);
    kept.set(keyOf(found), Promise.resolve());
  }

  async function keep(records: readonly KeptSchema[]): Promise<void> {
    const found = await store.keepSchemas(ledgerId, records);
    for (const [index, record] of records.entries()) {
      const there = found[index];
      if (there === undefined) throw new Error("the store gave back fewer schemas than it was given");
      checkSame(record, there);
    }
  }

  async function keepUsed(used: Iterable<AnyEventDefinition>): Promise<void> {
    const waiting = new Set<Promise<void>>();
    const unkept = new Map<string, KeptSchema>();
    for (const definition of used) {
      const record = schemaRecord(definition);
      const known = kept.get(keyOf(record));
      if (known === undefined) unkept.set(keyOf(record), record);
      else waiting.add(known);
    }
    if (unkept.size > 0) {
      // Whoever comes while it is on its way waits for the same answer; one that failed is asked for again.
      const keeping = keep([...unkept.values()]);
      for (const key of unkept.keys()) kept.set(key, keeping);
      keeping.catch(() => {
        for (const key of unkept.keys()) kept.delete(key);
      });
      waiting.add(keeping);
    }
    await Promise.all(waiting);
  }

  return { definitions, keepUsed };
}

/** By content: two definitions of one type and version that differ do not share an answer. */
function keyOf({ type, version, hash }: KeptSchema): string {
  return `${bytesToHex(hash)} ${version} ${type}`;
}

function checkSame(own: KeptSchema, kept: KeptSchema): void {
  if (equalBytes(own.hash, kept.hash)) return;
  const { type, version } = own;
  throw new LedgerError(
    "schema-changed",
    `event ${JSON.stringify(type)} version ${version} was first used with another schema: raise its version to ${version + 1} and add upcast ${version}, or take the change back`,
    { values: { type, version, hash: bytesToHex(own.hash), kept: bytesToHex(kept.hash) } },
  );
}

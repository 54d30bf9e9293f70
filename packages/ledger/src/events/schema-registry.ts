import { bytesToHex, equalBytes, LedgerError } from "@eventchain/core";
import type { EventStore, KeptSchema } from "@eventchain/store";
import { areSame, schemaRecord } from "./schema-record.ts";
import type { AnyEventDefinition } from "./types.ts";

/** The schemas that a ledger's events have: those of the app, held against those kept with their first use. */
export interface SchemaRegistry {
  /** By type. */
  readonly definitions: ReadonlyMap<string, AnyEventDefinition>;
  /**
   * To be awaited before events of these definitions are sent: keeps the schemas that are not kept yet. Costs nothing for
   * those it has kept, or found kept, before.
   * Errors: LedgerError `config-invalid` for a type that the ledger was opened with another definition of;
   * `schema-changed` where another process kept another one meanwhile; `database-*`.
   */
  keepUsed(used: Iterable<AnyEventDefinition>): Promise<void>;
  /**
   * As `keepUsed`, then sends: at once where nothing has to be kept, and always in the order of the calls, also past one
   * that has to wait.
   */
  sendKept<T>(used: Iterable<AnyEventDefinition>, send: () => Promise<T>): Promise<T>;
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
  const kept = new Set<string>();
  /** Whose content is known to be the one that is opened and kept: nothing of them has to be looked at again. */
  const settled = new WeakSet<AnyEventDefinition>();
  // A ledger of no definitions has nothing to be held against.
  for (const found of definitions.size === 0 ? [] : await store.keptSchemas(ledgerId, [...definitions.values()])) {
    const definition = definitions.get(found.type);
    if (definition?.version !== found.version) continue;
    checkSame(schemaRecord(definition), found);
    kept.add(keyOf(found));
  }

  function unkept(used: Iterable<AnyEventDefinition>): KeptSchema[] {
    const records = new Map<string, KeptSchema>();
    for (const definition of used) {
      const record = schemaRecord(definition);
      if (!kept.has(keyOf(record))) records.set(keyOf(record), record);
    }
    return [...records.values()];
  }

  async function keep(used: readonly AnyEventDefinition[]): Promise<void> {
    // Whoever was before in the queue may have kept them.
    const records = unkept(used);
    if (records.length === 0) return;
    const found = await store.keepSchemas(ledgerId, records);
    for (const [index, record] of records.entries()) {
      const there = found[index];
      if (there === undefined) throw new Error("the store gave back fewer schemas than it was given");
      checkSame(record, there);
      kept.add(keyOf(record));
    }
  }

  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  function isSettled(definition: AnyEventDefinition): boolean {
    if (settled.has(definition)) return true;
    checkOpened(definition, definitions.get(definition.type));
    if (!kept.has(keyOf(schemaRecord(definition)))) return false;
    settled.add(definition);
    return true;
  }

  function sendKept<T>(used: Iterable<AnyEventDefinition>, send: () => Promise<T>): Promise<T> {
    try {
      const list = [...used];
      let areSettled = true;
      for (const definition of list) if (!isSettled(definition)) areSettled = false;
      return waiting === 0 && areSettled ? send() : sendInTurn(list, send);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function sendInTurn<T>(list: readonly AnyEventDefinition[], send: () => Promise<T>): Promise<T> {
    waiting += 1;
    const turn = last.then(() => keep(list));
    // What is sent is counted out in the same step: nobody comes between.
    const sent = turn.then(
      () => {
        waiting -= 1;
        return send();
      },
      (error: unknown) => {
        waiting -= 1;
        throw error;
      },
    );
    last = turn.catch(() => undefined);
    return sent;
  }

  return { definitions, sendKept, keepUsed: (used) => sendKept(used, async () => undefined) };
}

/** By content: two definitions of one type and version that differ do not share an answer. */
function keyOf({ type, version, hash }: KeptSchema): string {
  return `${bytesToHex(hash)} ${version} ${type}`;
}

/** Refuses what the ledger, as it was opened, could not read again or would append in another version. */
function checkOpened(used: AnyEventDefinition, opened: AnyEventDefinition | undefined): void {
  if (opened === undefined || areSame(used, opened)) return;
  const { type, version } = used;
  const other = version === opened.version ? "another schema of it" : `version ${opened.version}`;
  throw new LedgerError(
    "config-invalid",
    `event ${JSON.stringify(type)} would be recorded in version ${version}, but this ledger was opened with ${other}: record what it was opened with`,
    { values: { type, version, opened: opened.version } },
  );
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

import { bytesToHex, compareUtf8, LedgerError } from "@eventchain/core";
import type { EventSchema } from "@eventchain/ledger";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { loadConfig } from "../frame/load-config.ts";
import { showText } from "../jsonl/show-text.ts";

/** One version of an event type. `kept`: whether the ledger has this schema of it; null where no database is named. */
interface ShownSchema extends EventSchema {
  readonly kept: boolean | null;
}

/** `schemas`: every type and version of event as JSON Schema. */
export const registerSchemas: RegisterCommand = (program, run) => {
  program
    .command("schemas")
    .description("print every event type and version as JSON Schema: the config's, and those that the ledger has kept")
    .action(run((context) => printSchemas(context)));
};

async function printSchemas(context: CommandContext): Promise<ExitCode> {
  const { listSchemas } = await import("@eventchain/ledger");
  const current = listSchemas(await loadConfig(context.settings));
  const kept = await readKept(context);
  const keptHashes = new Map(kept?.map((schema) => [keyOf(schema), schema.hash]));
  const changed = current.filter((schema) => (keptHashes.get(keyOf(schema)) ?? schema.hash) !== schema.hash);
  const defined = new Set(current.map((schema) => `${keyOf(schema)} ${schema.hash}`));
  const shown: ShownSchema[] = [
    ...current.map((schema) => ({
      ...schema,
      kept: kept === undefined ? null : keptHashes.get(keyOf(schema)) === schema.hash,
    })),
    ...(kept ?? [])
      .filter((schema) => !defined.has(`${keyOf(schema)} ${schema.hash}`))
      .map((schema) => ({ ...schema, kept: true })),
  ].sort((one, other) => compareUtf8(one.type, other.type) || one.version - other.version);
  for (const each of shown) await context.output.line(each, toWords(each));
  for (const { type, version } of changed) {
    const what = `${showText(type)} version ${version} was first used with another schema`;
    context.output.note(
      `${what}: raise its version to ${version + 1} and add upcast ${version}, or take the change back`,
    );
  }
  return changed.length > 0 ? 1 : 0;
}

/** What the ledger has kept; undefined where no database is named. */
async function readKept(context: CommandContext): Promise<EventSchema[] | undefined> {
  if ((await context.settings.find("database")) === undefined) return undefined;
  const [origin, pool] = [await context.origin(), await context.pool()];
  const { openPostgresStore } = await import("@eventchain/store");
  const store = openPostgresStore({ pool });
  const ledger = await store.findLedger(origin);
  if (ledger === undefined)
    throw new LedgerError("ledger-not-found", `this database has no ledger ${origin}`, { values: { ledger: origin } });
  return (await store.keptSchemas(ledger.ledgerId)).map(({ type, version, hash, schema }) => ({
    type,
    version,
    schema: JSON.parse(schema),
    hash: bytesToHex(hash),
  }));
}

function keyOf({ type, version }: EventSchema): string {
  return `${version} ${type}`;
}

function toWords({ type, version, schema, hash, kept }: ShownSchema): string {
  const state = kept === null ? "" : kept ? ", kept" : ", not kept";
  const lines = JSON.stringify(schema, null, 2).split("\n").map(showText);
  return [`${showText(type)} version ${version} (sha256 ${hash}${state})`, ...lines, ""].join("\n");
}

import type { CollectedHandlers, HandlerKind } from "@eventchain/ledger";
import type { CommandContext } from "../frame/context.ts";
import { findConfig } from "../frame/load-config.ts";

/**
 * The handlers that the config has for a ledger, by name, those of the ledger's own module among them; none without a config.
 * A module that cannot be loaded is noted: the common handlers are there all the same.
 */
export async function knownHandlers(
  { settings, output }: CommandContext,
  origin: string,
): Promise<Map<string, HandlerKind>> {
  const path = await findConfig(settings);
  if (path === undefined) return new Map();
  const { loadApp, loadCustomer } = await import("@eventchain/workers");
  const { config, handlers, modules } = await loadApp(path);
  const module = modules.get(origin);
  if (module === undefined) return byName(handlers);
  try {
    return byName((await loadCustomer(config, module)).handlers);
  } catch (error) {
    output.note(`handlers: ${error instanceof Error ? error.message : String(error)}`);
    return byName(handlers);
  }
}

function byName({ projections, reactions, snapshots }: CollectedHandlers): Map<string, HandlerKind> {
  return new Map([...projections, ...reactions, ...snapshots].map(({ name, kind }) => [name, kind]));
}

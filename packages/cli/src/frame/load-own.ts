import type { AppConfig, CollectedHandlers } from "@eventchain/ledger";

/** What a config has for one ledger. */
export interface OwnConfig {
  readonly config: AppConfig;
  readonly handlers: CollectedHandlers;
}

/**
 * What the config at a path has for a ledger: the common definitions, joined with those of the ledger's own module.
 *
 * @throws LedgerError `config-invalid`
 */
export async function loadOwn(path: string, origin: string): Promise<OwnConfig> {
  const { loadApp, loadCustomer } = await import("@eventchain/workers");
  const app = await loadApp(path);
  const module = app.modules.get(origin);
  return module === undefined ? app : await loadCustomer(app.config, module);
}

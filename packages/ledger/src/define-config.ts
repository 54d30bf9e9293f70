import type { AppConfig } from "./handlers/types.ts";

/**
 * What `eventchain.config.ts` exports as its default: the app's events, commands and handlers, and whatever else it opens
 * its ledger with. Gives it back as it is; it is there for its type.
 */
export function defineConfig<const Config extends AppConfig>(config: Config): Config {
  return config;
}

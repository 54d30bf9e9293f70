import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LedgerError } from "@eventchain/core";
import type { LedgerOptions } from "@eventchain/ledger";
import type { Settings } from "./settings.ts";

/** The app's config, in the working directory, where `--config` names no other. */
const DEFAULT_CONFIG = "eventchain.config.ts";

/** What a config may say; other exports beside a default are passed over. */
const KEYS = ["events", "commands", "access", "rowSecurity", "recordRejections", "require"] as const;

/**
 * Runs the app's config: its default export, or else its named ones.
 *
 * @throws LedgerError `config-invalid`: there is none, it throws, or it exports no events and no commands; values `file`
 */
export async function loadConfig({ options }: Pick<Settings, "options">): Promise<LedgerOptions> {
  const given = options.config ?? DEFAULT_CONFIG;
  const path = resolve(given);
  const refuse = (problem: string, cause?: unknown): LedgerError =>
    new LedgerError("config-invalid", problem, { values: { file: given }, cause });
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile() !== true)
    throw refuse(
      options.config === undefined
        ? `there is no ${DEFAULT_CONFIG} in the working directory: give --config FILE`
        : `there is no file ${JSON.stringify(given)}: give an app's config by --config FILE`,
    );
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    // What a config throws may be of another copy of the packages: its message is what there is in common.
    const said = error instanceof Error ? error.message : String(error);
    throw refuse(`the config ${JSON.stringify(given)} cannot be loaded: ${said}`, error);
  }
  const config: unknown = module.default ?? module;
  if (typeof config !== "object" || config === null || !("events" in config || "commands" in config))
    throw refuse(`the config ${JSON.stringify(given)} exports neither events nor commands: see --config in the manual`);
  return Object.fromEntries(KEYS.flatMap((key) => (key in config ? [[key, config[key as never]]] : [])));
}

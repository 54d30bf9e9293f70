import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LedgerError } from "@eventchain/core";
import type { AppConfig, LedgerOptions } from "@eventchain/ledger";
import type { Settings } from "./settings.ts";

/** The app's config, in the working directory, where neither `--config` nor `CONFIG` names another. */
const DEFAULT_CONFIG = "eventchain.config.ts";

/** What the SDK opens a ledger with. */
const LEDGER_KEYS = [
  "events",
  "commands",
  "models",
  "projections",
  "reactions",
  "snapshots",
  "access",
  "rowSecurity",
  "recordRejections",
  "require",
] as const;

/** What a config may say; further keys of a default export are refused, further named exports are passed over. */
const KEYS = [...LEDGER_KEYS, "ledgers"] as const;

/** One of these has to be there: a config without any is some other module. */
const CONTENTS = ["events", "commands", "models", "projections", "reactions", "snapshots"] as const;

type Given = Pick<Settings, "options" | "env">;

/**
 * The config's path: `--config`, else `CONFIG`, else the default file where it is there; undefined where there is none.
 *
 * @throws LedgerError `config-invalid` where the file that is named does not exist
 */
export async function findConfig({ options, env }: Given): Promise<string | undefined> {
  const named = options.config ?? (env.CONFIG === "" ? undefined : env.CONFIG);
  const path = resolve(named ?? DEFAULT_CONFIG);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile() === true) return path;
  if (named === undefined) return undefined;
  throw refuse(named, `there is no file ${JSON.stringify(named)}: give an app's config by --config FILE`);
}

/**
 * Runs the app's config: its default export, or else its named ones.
 *
 * @throws LedgerError `config-invalid`: there is none, it throws, it exports nothing of an app's, or a key that there is not;
 * values `file`
 */
export async function loadConfig(settings: Given): Promise<AppConfig> {
  const path = await findConfig(settings);
  if (path === undefined)
    throw refuse(DEFAULT_CONFIG, `there is no ${DEFAULT_CONFIG} in the working directory: give --config FILE`);
  const given = settings.options.config ?? path;
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    // What a config throws may be of another copy of the packages: its message is what there is in common.
    const said = error instanceof Error ? error.message : String(error);
    throw refuse(given, `the config ${JSON.stringify(given)} cannot be loaded: ${said}`, error);
  }
  const config: unknown = module.default ?? module;
  if (typeof module.default === "object") checkKnown(module.default ?? {}, given);
  if (typeof config !== "object" || config === null || !CONTENTS.some((key) => key in config))
    throw refuse(
      given,
      `the config ${JSON.stringify(given)} exports neither events nor commands, nor handlers: see --config in the manual`,
    );
  return pick(config as AppConfig, KEYS);
}

function checkKnown(config: object, file: string): void {
  const unknown = Object.keys(config).find((key) => !(KEYS as readonly string[]).includes(key));
  if (unknown === undefined) return;
  const problem = `the config ${JSON.stringify(file)} has no key ${JSON.stringify(unknown)}: use ${KEYS.join(", ")}`;
  throw refuse(file, problem);
}

/** What of a config the SDK opens a ledger with. */
export function ledgerOptions(config: AppConfig): LedgerOptions {
  return pick(config, LEDGER_KEYS);
}

function pick<Key extends keyof AppConfig>(config: AppConfig, keys: readonly Key[]): Pick<AppConfig, Key> {
  return Object.fromEntries(keys.flatMap((key) => (key in config ? [[key, config[key]]] : []))) as Pick<AppConfig, Key>;
}

function refuse(file: string, problem: string, cause?: unknown): LedgerError {
  return new LedgerError("config-invalid", problem, { values: { file }, cause });
}

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { LedgerError } from "@eventchain/core";
import {
  type AppConfig,
  type CollectedHandlers,
  type CustomerConfig,
  collectHandlers,
  type Definitions,
} from "@eventchain/ledger";

/** An app's config, and which of its ledgers have a module of their own. */
export interface LoadedApp {
  readonly config: AppConfig;
  /** The common ones. */
  readonly handlers: CollectedHandlers;
  /** By origin: the module as the config names it, and its URL. */
  readonly modules: ReadonlyMap<string, CustomerModule>;
}

export interface CustomerModule {
  /** As the config names it. */
  readonly name: string;
  readonly url: string;
}

/** What a module may say; named exports beside these are passed over. */
const HANDLER_KEYS = ["projections", "reactions", "snapshots", "models", "events", "commands"] as const;
const CUSTOMER_KEYS: readonly string[] = [...HANDLER_KEYS, "without"];

/** What a config may say; checked against its type, so that no key is forgotten. */
const APP_KEYS: readonly string[] = Object.keys({
  events: true,
  commands: true,
  models: true,
  projections: true,
  reactions: true,
  snapshots: true,
  access: true,
  rowSecurity: true,
  recordRejections: true,
  require: true,
  ledgers: true,
} satisfies Record<keyof AppConfig, true>);

/**
 * Loads an app's config, from its file's absolute path, and checks it; its ledgers' own modules are not loaded.
 * Errors: LedgerError `config-invalid`, which names the file and what is wrong with it.
 */
export async function loadApp(path: string): Promise<LoadedApp> {
  const { value, isDefault } = await importObject(pathToFileURL(path).href, "the config", path);
  if (isDefault) checkKnown(value, APP_KEYS, `the config ${JSON.stringify(path)}`, path);
  const config = value as AppConfig;
  return { config, handlers: collectHandlers(config), modules: listModules(config, path) };
}

/**
 * Loads a ledger's own module and joins it to the common config.
 * Errors: LedgerError `config-invalid`, which names the module and what is wrong with it.
 */
export async function loadCustomer(
  common: AppConfig,
  { name, url }: CustomerModule,
): Promise<{ config: AppConfig; handlers: CollectedHandlers }> {
  const { value, isDefault } = await importObject(url, "the module", name);
  const own = value as CustomerConfig;
  if (isDefault) checkKnown(own, CUSTOMER_KEYS, `the module ${JSON.stringify(name)}`, name);
  if (!CUSTOMER_KEYS.some((key) => key in own))
    throw refuse(`the module ${JSON.stringify(name)} exports none of ${CUSTOMER_KEYS.join(", ")}`, name);
  try {
    const handlers = collectHandlers(common, own);
    const config: AppConfig = {
      ...common,
      events: joined(common.events, own.events, "event"),
      commands: joined(common.commands, own.commands, "command"),
      models: joined(common.models, own.models, "model"),
    };
    return { config, handlers };
  } catch (error) {
    throw refuse(`the module ${JSON.stringify(name)}: ${messageOf(error)}`, name, error);
  }
}

function checkKnown(value: object, keys: readonly string[], what: string, file: string): void {
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw refuse(`${what} has no key ${JSON.stringify(unknown)}: use ${keys.join(", ")}`, file);
}

/** A module's default export, else its named ones. */
async function importObject(url: string, what: string, name: string): Promise<{ value: object; isDefault: boolean }> {
  let module: Record<string, unknown>;
  try {
    module = (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw refuse(`${what} ${JSON.stringify(name)} cannot be loaded: ${messageOf(error)}`, name, error);
  }
  const value: unknown = module.default ?? module;
  if (typeof value === "object" && value !== null) return { value, isDefault: module.default !== undefined };
  throw refuse(`${what} ${JSON.stringify(name)} exports a ${typeof value} by default: export an object`, name);
}

function listModules({ ledgers = {} }: AppConfig, path: string): Map<string, CustomerModule> {
  const problem = (origin: string, what: string): LedgerError =>
    refuse(`the config ${JSON.stringify(path)}: \`ledgers\` names for ${JSON.stringify(origin)} ${what}`, path);
  return new Map(
    Object.entries(ledgers).map(([origin, own]) => {
      const name: unknown = (own as { module?: unknown } | null)?.module;
      if (typeof name !== "string" || name === "") throw problem(origin, 'no module: give { module: "./customer.ts" }');
      try {
        return [origin, { name, url: resolveFrom(path, name) }];
      } catch (error) {
        throw problem(origin, `the module ${JSON.stringify(name)}, which is not there: ${messageOf(error)}`);
      }
    }),
  );
}

/** As `import` would from beside the config. */
function resolveFrom(path: string, name: string): string {
  if (name.startsWith("file:")) return new URL(name).href;
  if (/^\.{0,2}\//.test(name)) return new URL(name, pathToFileURL(path)).href;
  return pathToFileURL(createRequire(path).resolve(name)).href;
}

/** The definitions of a kind: the common ones, but those that the ledger has its own of, and its own. */
function joined<T extends { readonly kind: string }>(
  common: Definitions<T> | undefined,
  own: Definitions<T> | undefined,
  kind: T["kind"],
): T[] {
  const byName = new Map<unknown, T>();
  for (const value of [...Object.values(common ?? {}), ...Object.values(own ?? {})]) {
    if (!isOfKind<T>(value, kind)) continue;
    byName.set(kind === "event" ? Reflect.get(value, "type") : value.name, value);
  }
  return [...byName.values()];
}

function isOfKind<T>(value: unknown, kind: string): value is T & { readonly name: string } {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && Reflect.get(value, "kind") === kind;
}

/** What a config throws may be of another copy of the packages: its message is what there is in common. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refuse(message: string, file: string, cause?: unknown): LedgerError {
  return new LedgerError("config-invalid", message, { values: { file }, cause });
}

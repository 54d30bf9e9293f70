import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import type { FoundUrl, ServerKind } from "./check-url.ts";
import { readStack, type StackFile } from "./stack-file.ts";

/** The global options, as commander parsed them. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly dir?: string;
  readonly database?: string;
  readonly redis?: string;
  readonly rpc?: string;
  readonly contract?: string;
  readonly ledger?: readonly string[];
  readonly config?: string;
}

/** Where each setting comes from: an option, else the environment, else `DIR/stack.json`. */
export interface Settings {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: GlobalOptions;
  /** By option or environment only: what the caller named, without reading DIR. */
  given(kind: ServerKind): FoundUrl | undefined;
  /** Also by `DIR/stack.json`. */
  find(kind: ServerKind): Promise<FoundUrl | undefined>;
  /** @throws LedgerError `config-invalid` when it is named nowhere. */
  require(kind: ServerKind): Promise<FoundUrl>;
  /** The stack running in DIR. Read once. */
  stack(): Promise<StackFile | undefined>;
}

const sources: Readonly<
  Record<ServerKind, { variable: string; field: "databaseUrl" | "redisUrl" | "rpcUrl"; name: string }>
> = {
  database: { variable: "DATABASE_URL", field: "databaseUrl", name: "database" },
  redis: { variable: "REDIS_URL", field: "redisUrl", name: "Redis" },
  rpc: { variable: "RPC_URL", field: "rpcUrl", name: "node of a chain" },
};

/** Resolves settings lazily: nothing of DIR is read until a command asks for what it holds. */
export function createSettings(options: GlobalOptions, env: Settings["env"]): Settings {
  const dir = options.dir ?? presence(env.EVENTCHAIN_DIR) ?? ".eventchain";
  let stack: Promise<StackFile | undefined> | undefined;
  const given = (kind: ServerKind): FoundUrl | undefined => {
    const { variable } = sources[kind];
    const option = options[kind];
    if (option !== undefined) return { text: option, source: `--${kind}` };
    const text = presence(env[variable]);
    return text === undefined ? undefined : { text, source: variable };
  };
  const settings: Settings = {
    dir,
    env,
    options,
    given,
    stack: () => {
      stack ??= readStack(dir);
      return stack;
    },
    find: async (kind) => {
      const named = given(kind);
      if (named !== undefined) return named;
      const text = (await settings.stack())?.[sources[kind].field];
      return text === undefined || text === null ? undefined : { text, source: join(dir, "stack.json") };
    },
    require: async (kind) => {
      const found = await settings.find(kind);
      if (found !== undefined) return found;
      const { variable, name } = sources[kind];
      const message = `no ${name} is named: start \`eventchain up\` (nothing runs in ${dir}), or give --${kind} URL or ${variable}`;
      throw new LedgerError("config-invalid", message, { values: { dir } });
    },
  };
  return settings;
}

/** An empty variable counts as one that is not set. */
function presence(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

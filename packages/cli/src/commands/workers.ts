import { resolve } from "node:path";
import { LedgerError } from "@eventchain/core";
import type { Logger } from "@eventchain/workers";
import { InvalidArgumentError } from "commander";
import { checkUrl } from "../frame/check-url.ts";
import type { RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { findConfig } from "../frame/load-config.ts";
import { reachServer } from "../frame/reach-server.ts";
import { findKey } from "../up/keep-keys.ts";

const CORE_ROLES = ["seal", "anchor", "finalise"] as const;
const APP_ROLES = ["project", "react", "snapshot"] as const;
const ROLES = [...CORE_ROLES, ...APP_ROLES] as const;

interface WorkersArguments {
  readonly roles?: readonly string[];
}

/** `workers`: runs the stages in the foreground, until Ctrl-C or SIGTERM; those of an app's handlers where there is a config. */
export const registerWorkers: RegisterCommand = (program, run) => {
  program
    .command("workers")
    .description("seal, anchor, finalise, and run an app's handlers, in the foreground")
    .option(
      "--roles <roles>",
      `of ${ROLES.join(",")} (ROLES; default all, the last three with a config only)`,
      parseRoles,
    )
    .action(
      run(async (context, options: WorkersArguments) => {
        const { formatLine, readEnvironment, runWorkers } = await import("@eventchain/workers");
        const logger: Logger = (level, event, values = {}) =>
          context.output.note(formatLine(new Date().toISOString(), level, event, values));
        const env = await workersEnvironment(context, options.roles);
        const workers = await runWorkers(readEnvironment(env, logger));
        context.onClose(() => workers.close());
        const { signal } = context;
        if (!signal.aborted) await new Promise((stop) => signal.addEventListener("abort", stop, { once: true }));
        return 0;
      }),
    );
};

function parseRoles(text: string): string[] {
  const roles = text.split(",").map((role) => role.trim());
  if (roles.every((role) => (ROLES as readonly string[]).includes(role))) return roles;
  throw new InvalidArgumentError(`Write some of ${ROLES.join(",")}, joined by commas.`);
}

/** Only handlers run on some ledgers and not on others. */
function checkRoles(roles: readonly string[]): void {
  const other = roles.find((role) => (CORE_ROLES as readonly string[]).includes(role));
  if (other === undefined) return;
  const message = `--ledger (LEDGERS) picks whose handlers run, and the role ${other} serves all ledgers: add --roles ${APP_ROLES.join(",")}`;
  throw new LedgerError("config-invalid", message, { values: { roles } });
}

/** The environment of the workers' own program, with what options and DIR add to it. */
async function workersEnvironment(context: CommandContext, given: readonly string[] | undefined) {
  const { settings } = context;
  const dir = resolve(settings.dir);
  const named = settings.env.ROLES ?? "";
  const config = await findConfig(settings);
  const all = config === undefined ? CORE_ROLES : ROLES;
  const roles = given ?? (named === "" ? all : named.split(",").map((role) => role.trim()));
  const ledgers = settings.options.ledger?.join(",") ?? settings.env.LEDGERS;
  if (ledgers !== undefined && ledgers !== "") checkRoles(roles);
  const database = await settings.require("database");
  await reachServer("database", database);
  // A node or a Redis that is away for now is waited for; a malformed URL is not.
  const redis = await settings.find("redis");
  if (redis !== undefined) checkUrl("redis", redis);
  const rpc = roles.some((role) => role === "anchor" || role === "finalise")
    ? await settings.require("rpc")
    : undefined;
  if (rpc !== undefined) checkUrl("rpc", rpc);
  return {
    ...settings.env,
    EVENTCHAIN_DIR: dir,
    DATABASE_URL: database.text,
    REDIS_URL: redis?.text,
    RPC_URL: rpc?.text,
    ROLES: roles.join(","),
    LEDGERS: ledgers,
    CONFIG: config,
    SEAL_KEY_FILE: roles.includes("seal") ? await findKey("seal", dir, settings.env) : undefined,
    ANCHOR_KEY_FILE: roles.includes("anchor") ? await findKey("anchor", dir, settings.env) : undefined,
  };
}

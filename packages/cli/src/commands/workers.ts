import { resolve } from "node:path";
import type { Logger } from "@eventchain/workers";
import { InvalidArgumentError } from "commander";
import { checkUrl } from "../frame/check-url.ts";
import type { RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { reachServer } from "../frame/reach-server.ts";
import { findKey } from "../up/keep-keys.ts";

const ROLES = ["seal", "anchor", "finalise"] as const;

interface WorkersArguments {
  readonly roles?: readonly string[];
}

/** `workers`: seals, anchors and finalises in the foreground, until Ctrl-C or SIGTERM. */
export const registerWorkers: RegisterCommand = (program, run) => {
  program
    .command("workers")
    .description("seal, anchor and finalise, in the foreground")
    .option("--roles <roles>", `of ${ROLES.join(",")} (ROLES; default all)`, parseRoles)
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

/** The environment of the workers' own program, with what options and DIR add to it. */
async function workersEnvironment(context: CommandContext, given: readonly string[] | undefined) {
  const { settings } = context;
  const dir = resolve(settings.dir);
  const named = settings.env.ROLES ?? "";
  const roles = given ?? (named === "" ? ROLES : named.split(",").map((role) => role.trim()));
  const database = await settings.require("database");
  await reachServer("database", database);
  // A node or a Redis that is away for now is waited for; a malformed URL is not.
  const redis = await settings.find("redis");
  if (redis !== undefined) checkUrl("redis", redis);
  const rpc = roles.some((role) => role !== "seal") ? await settings.require("rpc") : undefined;
  if (rpc !== undefined) checkUrl("rpc", rpc);
  return {
    ...settings.env,
    EVENTCHAIN_DIR: dir,
    DATABASE_URL: database.text,
    REDIS_URL: redis?.text,
    RPC_URL: rpc?.text,
    ROLES: roles.join(","),
    SEAL_KEY_FILE: roles.includes("seal") ? await findKey("seal", dir, settings.env) : undefined,
    ANCHOR_KEY_FILE: roles.includes("anchor") ? await findKey("anchor", dir, settings.env) : undefined,
  };
}

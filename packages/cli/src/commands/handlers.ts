import { userInfo } from "node:os";
import { compareUtf8, LedgerError } from "@eventchain/core";
import { formatInstant, type HandlerStatus, type HandlerSwitch } from "@eventchain/ledger";
import { position } from "../frame/arguments.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { knownHandlers } from "../handlers/known-handlers.ts";
import { retryHandler } from "../handlers/retry-handler.ts";
import { showText } from "../jsonl/show-text.ts";

const ACTIONS = ["enable", "disable", "retry"] as const;
type Action = (typeof ACTIONS)[number];

interface HandlersOptions {
  readonly by?: string;
  readonly reason?: string;
  readonly fromNow?: boolean;
  readonly position?: bigint;
}

/** `handlers`: how a ledger's handlers stand, and what switches them or sets them going again. */
export const registerHandlers: RegisterCommand = (program, run) => {
  program
    .command("handlers")
    .description("list a ledger's handlers, switch one on or off, or set one going again that has stopped")
    .argument("[action]", ACTIONS.join(", "))
    .argument("[name]", "of the handler")
    .option("--by <who>", "who switches it (default: the user of this system)")
    .option("--reason <text>", "why, kept with the event")
    .option("--from-now", "enable: a reaction leaves out what was appended while it was off")
    .option("--position <position>", "retry: only the runs of the event there", position)
    .action(
      run(async (context, action: string | undefined, name: string | undefined, options: HandlersOptions) => {
        const asked = check(action, name, options);
        if (asked === undefined) return await list(context);
        const origin = await context.origin();
        const known = await knownHandlers(context, origin);
        if (asked.action === "retry") return await retryHandler(context, asked.name, options.position, known);
        return await switchOne(context, asked.name, asked.action === "enable", options, known.has(asked.name));
      }),
    );
};

/** What is to be done; undefined: to list. Errors: LedgerError `invalid-argument`. */
function check(
  action: string | undefined,
  name: string | undefined,
  { by, reason, fromNow, position: at }: HandlersOptions,
): { action: Action; name: string } | undefined {
  const given = { "--by": by, "--reason": reason, "--from-now": fromNow, "--position": at };
  const allowed: Readonly<Record<string, readonly string[]>> = {
    enable: ["--by", "--reason", "--from-now"],
    disable: ["--by", "--reason"],
    retry: ["--position"],
  };
  if (action !== undefined && !(ACTIONS as readonly string[]).includes(action))
    throw refuse(`handlers has no ${JSON.stringify(action)}: write ${ACTIONS.join(", ")}, or nothing to list them`);
  const [wrong] = Object.entries(given).filter(
    ([option, value]) => value !== undefined && !(allowed[action ?? ""] ?? []).includes(option),
  );
  if (wrong !== undefined)
    throw refuse(`${wrong[0]} is not an option of handlers${action === undefined ? "" : ` ${action}`}`);
  if (action === undefined) return undefined;
  if (name === undefined) throw refuse(`handlers ${action} needs the name of a handler`);
  return { action: action as Action, name };
}

async function list(context: CommandContext): Promise<ExitCode> {
  const ledger = await context.ledger();
  const known = await knownHandlers(context, ledger.origin);
  const found = new Map((await ledger.handlers()).map((handler) => [handler.name, handler]));
  for (const [name, kind] of known) {
    const handler = found.get(name) ?? { name, state: "on" as const, reason: null, switched: null };
    found.set(name, { ...handler, kind });
  }
  const sorted = [...found.values()].sort((one, other) => compareUtf8(one.name, other.name));
  for (const handler of sorted) {
    const { switched } = handler;
    await context.output.line({ ...handler, switched: switched === null ? null : shown(switched) }, toWords(handler));
  }
  return 0;
}

async function switchOne(
  context: CommandContext,
  name: string,
  enabled: boolean,
  { by = userInfo().username, reason, fromNow }: HandlersOptions,
  isKnown: boolean,
): Promise<ExitCode> {
  const ledger = await context.ledger();
  // A name that the config has not must be known to the database, which the ledger looks up.
  const receipt = await ledger.switchHandler(name, enabled, { by, reason, fromNow, anyName: isKnown });
  const { switched, last } = receipt;
  await context.output.document({ ...receipt, last: last === null ? null : shown(last) }, () => {
    const state = `${showText(name)} is ${enabled ? "on" : "off"}`;
    if (!switched) return `${state} already: nothing was recorded`;
    return `${state}: recorded at position ${last?.position}, by ${showText(by)}`;
  });
  return 0;
}

function shown({ handler: _, atMicros, ...last }: HandlerSwitch) {
  return { ...last, at: formatInstant(atMicros) };
}

function toWords({ name, kind, state, reason, switched }: HandlerStatus): string {
  const last = switched === null || state === "off" ? "" : ` (switched on by ${showText(switched.by)})`;
  return `${state.padEnd(8)} ${(kind ?? "").padEnd(10)} ${showText(name)}${reason === null ? last : `: ${showText(reason)}`}`;
}

function refuse(message: string): LedgerError {
  return new LedgerError("invalid-argument", message);
}

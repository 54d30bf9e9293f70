import { checkName, checkOrigin, LedgerError } from "@eventchain/core";
import { defineReaction, giveUp, type ProjectedEvent, type Reaction, type ReactionSpec } from "@eventchain/ledger";
import { checkOptions } from "./check-options.ts";
import type { Target } from "./targets/types.ts";

export interface RouteSpec
  extends Pick<ReactionSpec<undefined>, "level" | "retry" | "from" | "timeoutMs" | "describe"> {
  /** Where the events go: `webhook`, `queue`, `callback`, or a target of one's own. */
  readonly to: Target;
  /** Of any of these types. Default: of any but the ledger's own. */
  readonly types?: readonly string[] | undefined;
  /** With all of these tags. */
  readonly tags?: readonly string[] | undefined;
  /** Of any of these streams. */
  readonly streams?: readonly string[] | undefined;
  /** Beside the conditions above: pure, of the event alone. */
  readonly where?: ((event: ProjectedEvent) => boolean) | undefined;
  /** Of these ledgers alone, by their origins. Default: of each ledger whose config has the route. */
  readonly ledgers?: readonly string[] | undefined;
  /**
   * "stream": a stream's events one after the other; one that cannot be delivered holds up those after it, also as a dead
   * letter, until that is retried with success or dropped. Default "stream".
   */
  readonly order?: "stream" | "none" | undefined;
}

const KEYS = [
  "to",
  "types",
  "tags",
  "streams",
  "where",
  "ledgers",
  "order",
  "level",
  "retry",
  "from",
  "timeoutMs",
  "describe",
] as const;

/** A route: a reaction like any other, and where its events go. */
export type Route = Reaction & { readonly to: Target };

/**
 * Sends events somewhere: each at least once, with the same idempotency key each time, a stream's events in their order.
 * It stands among a config's reactions: it is tried again, dead-lettered, switched on and off as they are, and a replay
 * repeats none of it.
 * Errors: LedgerError `config-invalid`, `invalid-name`.
 */
export function defineRoute(name: string, spec: RouteSpec): Route {
  checkOptions(spec, KEYS, `route ${name}`);
  const { to, ledgers, order = "stream", level, retry, from, timeoutMs } = spec;
  if (typeof to?.deliver !== "function" || typeof to.describe !== "string")
    throw new LedgerError(
      "config-invalid",
      `route ${name} has no target: give webhook(…), queue(…) or callback(…) as to`,
    );
  for (const origin of listOf(name, "ledgers", ledgers)) checkOrigin(origin);
  const reaction = defineReaction(name, {
    where: conditionOf(name, spec),
    order,
    level,
    retry,
    from,
    timeoutMs,
    describe: spec.describe ?? `Sends events to ${to.describe}.`,
  }).onAny(async (event, { idempotencyKey, attempt, signal, ledger: { origin } }) => {
    if (ledgers !== undefined && !ledgers.includes(origin)) return;
    try {
      await to.deliver(event, { idempotencyKey, attempt, signal, origin });
    } catch (error) {
      if (error instanceof LedgerError && error.code === "delivery-failed" && !error.retryable)
        throw giveUp(error.message);
      throw error;
    }
  });
  return Object.freeze({ ...reaction, to });
}

function conditionOf(name: string, spec: RouteSpec): (event: ProjectedEvent) => boolean {
  const types = setOf(name, "types", spec.types);
  const streams = setOf(name, "streams", spec.streams);
  const tags = listOf(name, "tags", spec.tags);
  const { where = () => true } = spec;
  for (const type of types ?? []) checkName("type", type);
  for (const stream of streams ?? []) checkName("stream", stream);
  for (const tag of tags) checkName("tag", tag);
  if (typeof where !== "function") throw new LedgerError("config-invalid", `where of route ${name} is not a function`);
  return (event) =>
    (types?.has(event.type) ?? true) &&
    (streams?.has(event.stream) ?? true) &&
    tags.every((tag) => event.tags.includes(tag)) &&
    where(event);
}

function setOf(name: string, key: string, values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  const list = listOf(name, key, values);
  return values === undefined ? undefined : new Set(list);
}

/** An empty list would match nothing, ever: it is a slip. */
function listOf(name: string, key: string, values: readonly string[] | undefined): readonly string[] {
  if (values === undefined) return [];
  if (Array.isArray(values) && values.length > 0) return values;
  throw new LedgerError("config-invalid", `${key} of route ${name} is no list with something in it`);
}

import { checkName, LedgerError } from "@eventchain/core";
import { checkQuery, type EventQuery, type QueryItem } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import type { KnownActor } from "../commands/types.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import type { Access } from "./types.ts";

/** One alternative of what may be seen: conditions joined by AND, at least one, and no empty list. */
export interface AccessItem {
  /** Any of these streams. */
  readonly streams?: readonly string[] | undefined;
  /** Any of these types. */
  readonly types?: readonly (AnyEventDefinition | string)[] | undefined;
  /** All of these tags. */
  readonly tags?: readonly string[] | undefined;
}

/**
 * Who may see which events. The rule is asked once for each `ledger.as(actor)`: "all" is every event, the ledger's own
 * too; otherwise an event is seen if it meets at least one item, and no item shows no event. A rule that throws, or gives
 * anything else, fails closed: `as` throws, and nothing is read.
 */
export function defineAccess(rule: (actor: KnownActor) => "all" | readonly AccessItem[]): Access {
  if (typeof rule !== "function")
    throw new LedgerError("config-invalid", "defineAccess takes a function of an actor that gives what it may see");
  return Object.freeze({ kind: "access", queryFor: (actor: KnownActor) => askRule(rule, actor) });
}

function askRule(rule: (actor: KnownActor) => unknown, actor: KnownActor): EventQuery {
  try {
    const given = rule(actor);
    if (given === "all") return given;
    if (given instanceof Promise) {
      given.catch(() => undefined);
      throw new LedgerError("invalid-argument", "it gave a promise: a rule is synchronous, look claims up before");
    }
    if (!Array.isArray(given)) throw new LedgerError("invalid-argument", 'it gave neither "all" nor a list of items');
    const query = given.map(copyItem);
    checkQuery(query);
    return query;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LedgerError("config-invalid", `the access rule says nothing usable of ${actor.id}: ${why}`, {
      values: { actor: actor.id },
      cause,
    });
  }
}

/** A copy: what the rule keeps of its lists and changes later does not change what is seen. */
function copyItem(item: AccessItem): QueryItem {
  checkKeys(item, ["streams", "types", "tags"], "access item");
  const streams = copyList("stream", item.streams);
  const types = copyList("type", item.types);
  const tags = copyList("tag", item.tags);
  return {
    ...(streams === undefined ? {} : { streams }),
    ...(types === undefined ? {} : { types }),
    ...(tags === undefined ? {} : { tags }),
  };
}

function copyList(kind: "stream" | "type" | "tag", list: unknown): string[] | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw new LedgerError("invalid-argument", `${kind}s is not a list`);
  return list.map((each: unknown) => {
    const name = typeof each === "function" && "type" in each ? each.type : each;
    checkName(kind, name as string, { system: true });
    return name as string;
  });
}

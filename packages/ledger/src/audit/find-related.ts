import { LedgerError } from "@eventchain/core";
import type { EventStore } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import { decodeEvent } from "../decode-event.ts";
import { notFound } from "../prove-event.ts";
import type { ReadDeps } from "../read-events.ts";
import type { LedgerEvent } from "../types.ts";
import type { Related, RelatedNode, RelatedOptions } from "./types.ts";

/** How many events a tree of causes and effects has at most, unless told otherwise. */
export const DEFAULT_RELATED_EVENTS = 1_000;

/** How many causes one read asks for. */
const CAUSES_PER_READ = 500;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export type RelatedDeps = ReadDeps<"findEvent" | "findCommand" | "readAll"> & { origin: string };

/**
 * The tree of causes and effects that an event stands in. Causes are claims that whoever appended made: an event stands
 * in the tree once, however they go round in circles.
 *
 * Up: a cause is an event's id, else a command's, which stands for the first event of it that may be seen. Down: an
 * effect of a command is one of each of its events, and stands under the one that the way up came by, else under the
 * first of them in the tree. Each step up is a look-up of one cause; each generation down is one read for 500 causes.
 * Errors: LedgerError `not-found`, `invalid-argument`.
 */
export async function findRelated(deps: RelatedDeps, eventId: string, options: RelatedOptions = {}): Promise<Related> {
  checkKeys(options, ["maxEvents"], "related options");
  const maxEvents = options.maxEvents ?? DEFAULT_RELATED_EVENTS;
  if (!Number.isSafeInteger(maxEvents) || maxEvents < 1)
    throw new LedgerError("invalid-argument", `maxEvents is ${String(maxEvents)}: give an integer from 1`, {
      values: { maxEvents: String(maxEvents) },
    });
  const event = await findById(deps, eventId);
  const { chain, cut } = await walkUp(deps, event, maxEvents);
  const tree = plantTree(chain);
  const whole = await growTree(deps, tree, maxEvents);
  const root = chain[0] ?? event;
  return {
    root: sortedNode(tree, root.id),
    path: chain.map(({ id }) => id),
    truncated: cut || !whole,
  };
}

async function findById(deps: RelatedDeps, eventId: string): Promise<LedgerEvent> {
  const id = typeof eventId === "string" ? eventId.toLowerCase() : "";
  if (!UUID.test(id))
    throw new LedgerError("invalid-argument", `${String(eventId)} is no event id: give the UUID of an event`, {
      values: { event: String(eventId) },
    });
  const stored = await deps.store.findEvent(deps.ledgerId, { id }, deps.scope);
  if (stored === undefined) throw notFound(deps.origin, { id });
  return decodeEvent(stored);
}

/** From the first cause that is known and may be seen to the event: at most `maxEvents` of them, the nearest. */
async function walkUp(
  deps: RelatedDeps,
  event: LedgerEvent,
  maxEvents: number,
): Promise<{ chain: LedgerEvent[]; cut: boolean }> {
  const chain = [event];
  const seen = new Set([event.id]);
  for (let last = event; ; ) {
    const cause = await findCause(deps, last);
    if (cause === undefined || seen.has(cause.id)) return { chain, cut: false };
    if (chain.length === maxEvents) return { chain, cut: true };
    chain.unshift(cause);
    seen.add(cause.id);
    last = cause;
  }
}

async function findCause(
  { store, ledgerId, scope }: RelatedDeps,
  event: LedgerEvent,
): Promise<LedgerEvent | undefined> {
  const id = metadataText(event, "causationId");
  if (id === undefined) return undefined;
  const stored = UUID.test(id) ? await store.findEvent(ledgerId, { id }, scope) : undefined;
  if (stored !== undefined) return decodeEvent(stored);
  const command = await store.findCommand(ledgerId, id);
  if (command === undefined || command.firstPosition === null || command.lastPosition === null) return undefined;
  // One command's events stand side by side.
  const range = { after: command.firstPosition - 1n, to: command.lastPosition, limit: 1 };
  for await (const first of store.readAll(ledgerId, { ...range, ...scope })) return decodeEvent(first);
  return undefined;
}

interface Tree {
  nodes: Map<string, { event: LedgerEvent; effects: string[] }>;
  /** By command id: the event under which the command's effects stand. */
  owners: Map<string, string>;
}

function plantTree(chain: readonly LedgerEvent[]): Tree {
  const tree: Tree = { nodes: new Map(), owners: new Map() };
  for (const [index, event] of chain.entries()) {
    const effect = chain[index + 1];
    tree.nodes.set(event.id, { event, effects: effect === undefined ? [] : [effect.id] });
    // Before any event that is only met on the way down.
    claimCommand(tree, event);
  }
  return tree;
}

function claimCommand(tree: Tree, event: LedgerEvent): void {
  const commandId = metadataText(event, "commandId");
  if (commandId !== undefined && !tree.owners.has(commandId)) tree.owners.set(commandId, event.id);
}

/** Adds the effects, a generation at a time; false where there are more than `maxEvents`. */
async function growTree(deps: RelatedDeps, tree: Tree, maxEvents: number): Promise<boolean> {
  const asked = new Set<string>();
  let generation = [...tree.nodes.keys()];
  while (generation.length > 0) {
    const causes = causesOf(tree, generation).filter((cause) => !asked.has(cause));
    for (const cause of causes) asked.add(cause);
    generation = [];
    for await (const event of readEffects(deps, causes)) {
      if (tree.nodes.has(event.id)) continue;
      if (tree.nodes.size >= maxEvents) return false;
      if (addEffect(tree, event)) generation.push(event.id);
    }
  }
  return true;
}

function causesOf(tree: Tree, ids: readonly string[]): string[] {
  return ids.flatMap((id) => {
    const event = tree.nodes.get(id)?.event;
    const commandId = event === undefined ? undefined : metadataText(event, "commandId");
    return commandId === undefined || commandId === id ? [id] : [id, commandId];
  });
}

async function* readEffects(
  { store, ledgerId, scope }: { store: Pick<EventStore, "readAll"> } & Omit<RelatedDeps, "store">,
  causes: readonly string[],
): AsyncGenerator<LedgerEvent> {
  for (let first = 0; first < causes.length; first += CAUSES_PER_READ) {
    const filter = { causationIds: causes.slice(first, first + CAUSES_PER_READ) };
    for await (const stored of store.readAll(ledgerId, { filter, ...scope })) yield decodeEvent(stored);
  }
}

function addEffect(tree: Tree, event: LedgerEvent): boolean {
  const cause = metadataText(event, "causationId");
  if (cause === undefined) return false;
  const parent = tree.nodes.get(cause) ?? tree.nodes.get(tree.owners.get(cause) ?? "");
  if (parent === undefined) return false;
  parent.effects.push(event.id);
  tree.nodes.set(event.id, { event, effects: [] });
  claimCommand(tree, event);
  return true;
}

/** Without recursion: causes may go as deep as the tree has events. */
function sortedNode(tree: Tree, rootId: string): RelatedNode {
  const made = new Map<string, { event: LedgerEvent; effects: RelatedNode[] }>();
  for (const [id, { event }] of tree.nodes) made.set(id, { event, effects: [] });
  for (const [id, { effects }] of tree.nodes) {
    const nodes = effects.flatMap((effect) => made.get(effect) ?? []);
    nodes.sort((a, b) => (a.event.position < b.event.position ? -1 : 1));
    made.get(id)?.effects.push(...nodes);
  }
  const root = made.get(rootId);
  if (root === undefined) throw new Error("a tree without its root");
  return root;
}

function metadataText(event: LedgerEvent, key: "causationId" | "commandId"): string | undefined {
  const value = event.metadata?.[key];
  return typeof value === "string" ? value : undefined;
}

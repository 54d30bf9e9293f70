import { compareUtf8 } from "@eventchain/core";
import type { HandlerRow, ProjectionRecord, ReactionStatusRow } from "@eventchain/store";
import { reasonOf } from "../projections/reason-of.ts";
import { forkedReason } from "../reactions/manage-reactions.ts";
import type { HandlerStores } from "./stores.ts";
import type { HandlerKind, HandlerStatus } from "./types.ts";

/** What is found of a handler beside its switch. */
interface Found {
  kind: HandlerKind | "module" | null;
  stopped?: string | undefined;
  failing?: string | undefined;
}

/** The name that snapshots' rules begin with. */
const SNAPSHOTS = "snapshots:";

/**
 * All handlers of a ledger that its database knows, by name (bytewise): projections and reactions that ever ran, what was
 * ever switched, and modules and rules of snapshots in trouble. Its parts are read one after the other: they may be moments apart.
 */
export async function listHandlers(stores: HandlerStores, ledgerId: bigint): Promise<HandlerStatus[]> {
  const [switches, projections, reactions, troubles] = await Promise.all([
    stores.switches.list(ledgerId),
    stores.projections?.list(ledgerId),
    stores.reactions?.status(ledgerId),
    stores.troubles?.list(ledgerId),
  ]);
  const found = new Map<string, Found>();
  for (const { handler } of switches) found.set(handler, { kind: isOfSnapshots(handler) ? "snapshots" : null });
  for (const projection of projections?.projections ?? []) found.set(projection.name, ofProjection(projection));
  for (const reaction of reactions ?? []) found.set(reaction.name, ofReaction(reaction));
  for (const { handler, reason } of troubles ?? [])
    found.set(handler, { kind: isOfSnapshots(handler) ? "snapshots" : "module", failing: reason });
  const last = new Map(switches.map((row) => [row.handler, row]));
  return [...found].map(([name, facts]) => toStatus(name, facts, last.get(name))).sort(byName);
}

function isOfSnapshots(handler: string): boolean {
  return handler.startsWith(SNAPSHOTS);
}

function ofProjection({ live, building }: ProjectionRecord): Found {
  const facts: Found = { kind: "projection" };
  const letters = (live?.deadLetters ?? 0n) + (building?.deadLetters ?? 0n);
  if (letters > 0n)
    facts.failing = count(letters, "event was passed over as a dead letter", "events were passed over as dead letters");
  const [standing, coming] = [live, building].map((build) => (build === null ? null : reasonOf(build)));
  if (building !== null && coming != null)
    facts.failing = `version ${building.version}, which is being built, stopped: ${coming}`;
  const stopped = live === null ? coming : standing;
  if (stopped != null) facts.stopped = stopped;
  return facts;
}

function ofReaction({ dead, isForked, position }: ReactionStatusRow): Found {
  const facts: Found = { kind: "reaction" };
  if (dead > 0n) facts.failing = count(dead, "run is a dead letter", "runs are dead letters");
  if (isForked) facts.stopped = forkedReason(position);
  return facts;
}

function count(number: bigint, one: string, several: string): string {
  return `${number} ${number === 1n ? one : several}`;
}

function toStatus(name: string, { kind, stopped, failing }: Found, last: HandlerRow | undefined): HandlerStatus {
  const base = { name, kind, switched: last ?? null };
  if (last?.enabled === false)
    return { ...base, state: "off", reason: `switched off by ${last.by} at position ${last.position}` };
  if (stopped !== undefined) return { ...base, state: "stopped", reason: stopped };
  if (failing !== undefined) return { ...base, state: "failing", reason: failing };
  return { ...base, state: "on", reason: null };
}

function byName(one: HandlerStatus, other: HandlerStatus): number {
  return compareUtf8(one.name, other.name);
}

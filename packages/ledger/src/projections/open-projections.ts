import { LedgerError } from "@eventchain/core";
import type { EventStore, ProjectionStore, TroubleRow } from "@eventchain/store";
import type { HandlerStores } from "../handlers/stores.ts";
import { boundOf } from "../snapshots/read-state-at.ts";
import type { At } from "../snapshots/types.ts";
import type { Ledger, LedgerOptions, WaitOptions } from "../types.ts";
import { awaitProjected, type ProjectionWatch } from "./await-projected.ts";
import { listGivenProjections } from "./list-given-projections.ts";
import { listProjections } from "./list-projections.ts";
import { diffProjection, projectionAt } from "./projection-at.ts";

export interface ProjectionVerbsDeps {
  readonly ledgerId: bigint;
  readonly store: EventStore;
  /** Undefined where there are none: in memory. */
  readonly projections: ProjectionStore | undefined;
  readonly projected: ProjectionWatch | undefined;
  readonly handlers: Pick<HandlerStores, "troubles">;
}

export type ProjectionVerbs = Pick<
  Ledger,
  "projections" | "retryProjection" | "projectionDeadLetters" | "readProjections" | "projectionAt" | "diffProjection"
> & {
  /** Of a receipt. */
  readonly awaitProjected: (projection: string, position: bigint, options: WaitOptions) => Promise<void>;
};

/** A point in time of a projection is one of the whole ledger. */
const WHOLE = { kind: "query", items: [] } as const;

/** What a ledger does with its projections; a worker keeps them. */
export function openProjections(
  deps: ProjectionVerbsDeps,
  options: Pick<LedgerOptions, "projections">,
): ProjectionVerbs {
  const { ledgerId, store } = deps;
  const definitions = listGivenProjections(options.projections);
  const names = definitions.map(({ name }) => name);
  const positionOf = async (at: At): Promise<bigint> => (await boundOf({ store, ledgerId, scope: {} }, WHOLE, at)).last;
  const at = (): Parameters<typeof projectionAt>[0] => ({ ledgerId, projections: storeOf(deps), positionOf });
  return {
    projections: async () => listProjections(storeOf(deps), ledgerId, definitions),
    retryProjection: async (name) => (await storeOf(deps).retry(ledgerId, name)) > 0n,
    projectionDeadLetters: async (name) => {
      const letters = await storeOf(deps).deadLetters(ledgerId, name);
      return letters.map(({ position, type, error, atMicros }) => ({ position, type, error, atMicros }));
    },
    readProjections: async (text, values = []) => storeOf(deps).select(ledgerId, text, values),
    projectionAt: async (projection, point, read) => projectionAt(at(), projection, point, read),
    diffProjection: async (projection, between, read) => diffProjection(at(), projection, between, read),
    awaitProjected: async (projection, position, how) => {
      const { projected: watch, handlers } = deps;
      if (watch === undefined) throw notSupported();
      const isKnown = (name: string): boolean => names.includes(name);
      const troubles = async (): Promise<TroubleRow[]> => (await handlers.troubles?.list(ledgerId)) ?? [];
      return awaitProjected({ watch, isKnown, troubles }, projection, position, how);
    },
  };
}

function storeOf({ projections }: ProjectionVerbsDeps): ProjectionStore {
  if (projections === undefined) throw notSupported();
  return projections;
}

function notSupported(): LedgerError {
  return new LedgerError("not-supported", "a memory ledger has no projections: open a ledger of a database for that");
}

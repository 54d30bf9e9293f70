import { LedgerError } from "@eventchain/core";
import type { ProjectionStore } from "@eventchain/store";
import { projectedReader, projectionQuery } from "../projections/read-projected.ts";
import type { ProjectedEvent, Projection } from "../projections/types.ts";
import { type RowsDigest, rowsDigest } from "./rows-digest.ts";
import type { ModelProjection } from "./types.ts";

const PAGE_EVENTS = 2_000;
const PAGE_BYTES = 8 * 1024 * 1024;

/** The rows of a projection in memory, at ever later positions. */
export interface ReplayedRows {
  readonly position: bigint;
  /** Undefined: with events whose data is erased nobody can tell. Errors: what its model throws, where it does not pass over such events. */
  advance(to: bigint): Promise<RowsDigest | undefined>;
}

/** Begins with no rows, at position 0. */
export function replayRows(
  { page }: Pick<ProjectionStore, "page">,
  ledgerId: bigint,
  projection: ModelProjection,
): ReplayedRows {
  const read = projectedReader(projection);
  const query = projectionQuery(projection);
  const rows = new Map<string, unknown>();
  let position = 0n;
  let isErased = false;

  async function advance(to: bigint): Promise<RowsDigest | undefined> {
    while (position < to) {
      const wanted = {
        after: position,
        to,
        level: "appended",
        query,
        limit: PAGE_EVENTS,
        maxBytes: PAGE_BYTES,
      } as const;
      const { events, through } = await page(ledgerId, wanted);
      if (through <= position)
        throw new LedgerError("not-found", `the ledger has no position ${to}`, { values: { position: to } });
      isErased ||= events.some(({ data }) => data === null);
      for (const event of events) passOver(projection, () => read([event]).forEach(apply));
      position = through;
    }
    return isErased ? undefined : rowsDigest([...rows].map(([key, state]) => ({ key, state })));
  }

  function apply(event: ProjectedEvent): void {
    const { key, model } = projection.model;
    const at = key(event);
    if (at !== undefined) rows.set(at, model.apply(rows.has(at) ? rows.get(at) : model.initial(), event));
  }

  return {
    get position() {
      return position;
    },
    advance,
  };
}

function passOver({ onError }: Projection, apply: () => void): void {
  try {
    apply();
  } catch (error) {
    if (onError !== "dead-letter") throw error;
  }
}

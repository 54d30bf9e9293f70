import type { LedgerReads } from "@eventchain/ledger";
import type { FittedTable } from "../map/fit-map.ts";
import type { BadPlan, PlannedEvent } from "./plan-table.ts";

/** How many streams one read asks for: each is a look into an index. */
const STREAMS_PER_READ = 1000;

type Place = Pick<PlannedEvent, "stream" | "row"> & { readonly commandId: string | undefined };

/** Watches planned events, by batches, for those in whose place the ledger has one of a type that is none of the table's. */
export interface PlaceWatch {
  /** Gives what was found of a batch, when one is full. */
  add(planned: PlannedEvent): Promise<readonly BadPlan[]>;
  /** Gives what is found of the last batch. */
  end(): Promise<readonly BadPlan[]>;
}

/** A row that was imported with another entity has the same stream and command ids: an append would refuse it. */
export function watchPlaces(
  ledger: Pick<LedgerReads, "readAll"> | undefined,
  { types }: Pick<FittedTable, "types">,
  signal: AbortSignal,
): PlaceWatch {
  const own = new Set<string>(Object.values(types));
  let waiting: Place[] = [];
  const end = async (): Promise<readonly BadPlan[]> => {
    const batch = new Map(waiting.map((place) => [place.commandId, place]));
    const query = [{ streams: [...new Set(waiting.map(({ stream }) => stream))] }];
    waiting = [];
    if (ledger === undefined || batch.size === 0) return [];
    const found: BadPlan[] = [];
    for await (const { type, position, metadata } of ledger.readAll({ query, signal })) {
      const place = own.has(type) ? undefined : batch.get(metadata?.commandId as string | undefined);
      if (place === undefined) continue;
      const message = `was imported before, and the ledger has this row under other event types (${JSON.stringify(type)} at position ${position}): give the map the entity and types that it was imported with, or streams of its own`;
      found.push({ kind: "bad", row: place.row, message });
    }
    return found;
  };
  return {
    add: async ({ stream, row, options: { commandId } }) => {
      waiting.push({ stream, row, commandId });
      return waiting.length < STREAMS_PER_READ ? [] : await end();
    },
    end,
  };
}

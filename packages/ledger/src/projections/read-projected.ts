import type { EventQuery, PageEvent } from "@eventchain/store";
import type { AnyEventDefinition } from "../events/types.ts";
import { projectionFailed } from "./projection-failed.ts";
import type { ProjectedEvent, Projection } from "./types.ts";

/** Which events a projection is given: its types, where they meet one of its conditions. */
export function projectionQuery({
  events,
  where: { streams, tags },
}: Pick<Projection, "events" | "where">): EventQuery {
  const types = events.map(({ type }) => type);
  if (types.length === 0) return [];
  if (streams === undefined && tags === undefined) return [{ types }];
  return [
    ...(streams === undefined ? [] : [{ types, streams: [...streams] }]),
    ...(tags === undefined ? [] : [{ types, tags: [...tags] }]),
  ];
}

/**
 * Makes of stored events what a projection's handlers are given: data in its current version; those whose data is erased
 * are left out. Errors: LedgerError `projection-failed`, for an event that cannot be upcast.
 */
export function projectedReader({
  name,
  events,
}: Pick<Projection, "name" | "events">): (stored: readonly PageEvent[]) => ProjectedEvent[] {
  const definitions = new Map<string, AnyEventDefinition>(events.map((event) => [event.type, event]));
  return (stored) => {
    const read: ProjectedEvent[] = [];
    for (const event of stored) {
      const { type, id, stream, tags, metadata, recordedAtMicros, position, version } = event;
      let data: unknown;
      try {
        data = definitions.get(type)?.read(event) ?? null;
      } catch (cause) {
        throw projectionFailed(name, cause, event);
      }
      if (data !== null) read.push({ type, id, data, stream, tags, metadata, recordedAtMicros, position, version });
    }
    return read;
  };
}

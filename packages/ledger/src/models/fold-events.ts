import type { StoredEvent } from "@eventchain/store";
import { decodeEvent } from "../decode-event.ts";
import type { LedgerEvent } from "../types.ts";
import { refuseUnknown } from "./define-model.ts";
import type { Model } from "./types.ts";

/**
 * A model's state after these events, in their order, from `state` on. Data is read in its current version; events whose
 * data is erased, and of types that the model does not handle, are passed over.
 * Errors: LedgerError `upcast-failed`, `decision-failed`; `unknown-event` for a model that skips nothing.
 */
export async function foldEvents<State>(
  model: Model<State>,
  state: State,
  events: Iterable<StoredEvent | LedgerEvent> | AsyncIterable<StoredEvent | LedgerEvent>,
): Promise<State> {
  const foldOne = folder(model);
  let next = state;
  for await (const event of events) next = foldOne(next, event);
  return next;
}

/** As `foldEvents`, one event at a time. */
export function folder<State>(model: Model<State>): (state: State, event: StoredEvent | LedgerEvent) => State {
  const handled = new Map(model.events.map((definition) => [definition.type, definition]));
  return (state, event) => {
    const definition = handled.get(event.type);
    if (definition === undefined) {
      if (model.unknown === "fail") refuseUnknown(model.name, event);
      return state;
    }
    const decoded = "dataHash" in event ? decodeEvent(event) : event;
    const data: unknown = definition.read(decoded);
    if (data === null) return state;
    const { type, id, stream, tags, metadata, recordedAtMicros } = decoded;
    return model.apply(state, { type, id, data, stream, tags, metadata, recordedAtMicros });
  };
}

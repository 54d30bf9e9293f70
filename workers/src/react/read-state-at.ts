import type { AnyModel, Context, Ledger } from "@eventchain/ledger";

/** A model's state over the events of a context up to a position, inclusive. */
export async function readStateAt(
  ledger: Pick<Ledger, "readAll">,
  model: AnyModel,
  context: string | Context,
  to: bigint,
): Promise<unknown> {
  const where: Context = typeof context === "string" ? { kind: "stream", stream: context } : context;
  const query =
    where.kind === "stream"
      ? [{ streams: [where.stream] }]
      : where.items.map((item) => ({ types: model.events.map(({ type }) => type), ...item }));
  const handled = new Map(model.events.map((definition) => [definition.type, definition]));
  let state: unknown = model.initial();
  for await (const event of ledger.readAll({ query, to })) {
    const data: unknown = handled.get(event.type)?.read(event);
    if (data !== null) state = model.apply(state, { ...event, data });
  }
  return state;
}

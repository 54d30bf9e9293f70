// What a reaction's runs are given, by their types alone: checked by the compiler, never run.
import { defineCommand, defineEvent, defineModel, defineReaction, type LedgerEvent, stream } from "@eventchain/ledger";
import { z } from "zod";

const Paid = defineEvent("Paid", { schema: z.object({ orderId: z.string(), until: z.string() }) });
const order = defineModel("order", { initial: () => ({ open: true }) }).on(Paid, () => ({ open: false }));
const close = defineCommand("Close", {
  input: z.object({ orderId: z.string() }),
  model: order,
  context: ({ orderId }) => stream(orderId),
  records: [Paid],
  rejects: { closed: "It is closed." },
  decide: () => [],
});

export const withModel = defineReaction("r", { model: order })
  .on(Paid, async ({ data, type }, { execute, state, idempotencyKey, attempt }) => {
    const orderId: string = data.orderId;
    const paid: "Paid" = type;
    const open: boolean = state.open;
    const key: string = idempotencyKey;
    const first: boolean = attempt === 1;
    void [paid, open, key, first];
    // @ts-expect-error: no such data
    void data.amount;
    // @ts-expect-error: no such state
    void state.closed;
    const receipt = await execute(close, { orderId });
    if (receipt.status === "rejected") {
      const code: "closed" | "not-allowed" = receipt.code;
      void code;
    }
    // @ts-expect-error: another input
    await execute(close, { order: orderId });
    // @ts-expect-error: its id follows from the run
    await execute(close, { orderId }, { commandId: "mine" });
  })
  .onTimeout(Paid, { at: ({ data }) => data.until }, (_, { state }) => void state.open);

export const withoutModel = defineReaction("r").on(Paid, (_, { state }) => {
  const none: undefined = state;
  void none;
});

export const onAny = defineReaction("r").onAny((event: LedgerEvent) => void event.hash);

// @ts-expect-error: a time-out says when
defineReaction("r").onTimeout(Paid, {}, () => undefined);

// @ts-expect-error: no such order
defineReaction("r", { order: "all" });

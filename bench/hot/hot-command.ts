import { defineCommand, defineEvent, defineModel, type Ledger, reject, stream } from "@eventchain/ledger";
import { z } from "zod";
import type { BenchEvent } from "../harness/events.ts";

const order = z.object({
  amountCents: z.int(),
  currency: z.string(),
  customerId: z.string(),
  lines: z.array(z.object({ quantity: z.int(), sku: z.string() })),
  note: z.string(),
  orderId: z.string(),
  warehouse: z.string(),
});

/** What the hot stream records: the benchmark's event under one type, with its two tags. */
export const OrderPlaced = defineEvent("OrderPlaced", {
  schema: order,
  tags: ({ customerId, orderId }) => [customerId.replace("-", ":"), orderId.replace("-", ":")],
});

export const total = defineModel("total", { initial: () => ({ orders: 0, cents: 0 }) }).on(
  OrderPlaced,
  ({ orders, cents }, { data }) => ({ orders: orders + 1, cents: cents + data.amountCents }),
);

const placeOrder = defineCommand("PlaceOrder", {
  input: z.object({ hot: z.string(), order }),
  context: ({ hot }) => stream(hot),
  model: total,
  records: [OrderPlaced],
  rejects: { "too-much": "There is more than a stream may have" },
  decide: ({ input, model }) =>
    model.cents > Number.MAX_SAFE_INTEGER / 2 ? reject("too-much") : OrderPlaced(input.order),
});

/** Decides one event on the state of its stream and records it. */
export async function placeOne(ledger: Ledger, { stream: hot, data, ...event }: BenchEvent): Promise<void> {
  const { actor, ip, correlationId, commandId } = event;
  const input = { hot, order: data as z.infer<typeof order> };
  const receipt = await ledger.execute(placeOrder, input, { actor, ip, correlationId, commandId });
  if (receipt.status !== "recorded") throw new Error(`the command was ${receipt.status}`);
}

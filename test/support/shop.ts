import { defineCommand, defineEvent, defineModel, reject, stream } from "@eventchain/ledger";
import { z } from "zod";

// Orders, payments and shipments, each in streams of their own: what reactions tie together.

export const OrderPlaced = defineEvent("OrderPlaced", {
  schema: z.object({ orderId: z.string(), amount: z.number() }),
  tags: ({ orderId }) => [`order:${orderId}`],
  stream: ({ orderId }) => `order-${orderId}`,
});
export const PaymentAsked = defineEvent("PaymentAsked", {
  schema: z.object({ orderId: z.string(), amount: z.number() }),
  tags: ({ orderId }) => [`order:${orderId}`],
  stream: ({ orderId }) => `payment-${orderId}`,
});
export const PaymentMade = defineEvent("PaymentMade", {
  schema: z.object({ orderId: z.string() }),
  tags: ({ orderId }) => [`order:${orderId}`],
  stream: ({ orderId }) => `payment-${orderId}`,
});
export const ShipmentSent = defineEvent("ShipmentSent", {
  schema: z.object({ orderId: z.string() }),
  tags: ({ orderId }) => [`order:${orderId}`],
  stream: ({ orderId }) => `shipment-${orderId}`,
});
export const OrderCancelled = defineEvent("OrderCancelled", {
  schema: z.object({ orderId: z.string(), reason: z.string() }),
  tags: ({ orderId }) => [`order:${orderId}`],
  stream: ({ orderId }) => `order-${orderId}`,
});

const exists = (name: string, event: typeof PaymentAsked | typeof PaymentMade | typeof ShipmentSent) =>
  defineModel(name, { initial: () => false }).on(event as typeof PaymentAsked, () => true);

export const askPayment = defineCommand("AskPayment", {
  input: z.object({ orderId: z.string(), amount: z.number() }),
  model: exists("payment-asked", PaymentAsked),
  context: ({ orderId }) => stream(`payment-${orderId}`),
  records: [PaymentAsked],
  rejects: { "asked-already": "A payment is asked once." },
  decide: ({ input, model }) => (model ? reject("asked-already") : PaymentAsked(input)),
});

export const sendShipment = defineCommand("SendShipment", {
  input: z.object({ orderId: z.string() }),
  model: exists("shipment-sent", ShipmentSent),
  context: ({ orderId }) => stream(`shipment-${orderId}`),
  records: [ShipmentSent],
  rejects: { "sent-already": "An order is sent once." },
  decide: ({ input, model }) => (model ? reject("sent-already") : ShipmentSent(input)),
});

export const cancelOrder = defineCommand("CancelOrder", {
  input: z.object({ orderId: z.string(), reason: z.string() }),
  model: defineModel("order-open", { initial: () => true }).on(OrderCancelled, () => false),
  context: ({ orderId }) => stream(`order-${orderId}`),
  records: [OrderCancelled],
  rejects: { "not-open": "Only an open order can be cancelled." },
  decide: ({ input, model }) => (model ? OrderCancelled(input) : reject("not-open")),
});

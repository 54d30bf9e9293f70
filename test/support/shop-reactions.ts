import { type AnyReaction, defineReaction } from "@eventchain/ledger";
import { askPayment, OrderPlaced, PaymentAsked } from "./shop.ts";

/** The pauses of a test. */
const retry = { attempts: 1_000, firstMs: 5, factor: 2, maxMs: 40 };

/**
 * For each order a payment is asked for, by a command; for each payment asked for, a service outside is called, in the
 * order of the orders' streams.
 */
export function shopReactions(serviceUrl: string): AnyReaction[] {
  return [
    defineReaction("ask", { from: "start", order: "stream", retry, timeoutMs: 2_000 }).on(
      OrderPlaced,
      async ({ data: { orderId, amount }, stream }, { execute, idempotencyKey, signal }) => {
        await execute(askPayment, { orderId, amount });
        await call(serviceUrl, idempotencyKey, `${stream} ${amount}`, signal);
      },
    ),
    defineReaction("charge", { from: "start", retry, timeoutMs: 2_000 }).on(
      PaymentAsked,
      ({ data }, { idempotencyKey, signal }) => call(serviceUrl, idempotencyKey, `charge ${data.orderId}`, signal),
    ),
  ];
}

async function call(url: string, key: string, body: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { method: "POST", headers: { "idempotency-key": key }, body, signal });
  if (!response.ok) throw new Error(`the service answered ${response.status}`);
}

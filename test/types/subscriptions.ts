/** Types of subscriptions: compiled, never run. */
import type { Cursor, Ledger, LedgerEvent, LedgerView, Subscription } from "@eventchain/ledger";
import { expectTypeOf } from "vitest";

declare const ledger: Ledger;
declare const view: LedgerView;

const subscription = ledger.subscribe({ from: 0n, level: "sealed", checkpoint: "mailer", readAhead: 10 });
expectTypeOf(subscription).toEqualTypeOf<Subscription>();
expectTypeOf(view.subscribe()).toEqualTypeOf<Subscription>();

// What it gives is an event as it is read, and an event is a cursor to begin past.
for await (const event of subscription) {
  expectTypeOf(event).toEqualTypeOf<LedgerEvent>();
  expectTypeOf(event).toExtend<Cursor>();
  ledger.subscribe({ from: event });
  await subscription.checkpoint(event);
}
await using disposed = ledger.subscribe({ from: "now" });
expectTypeOf(disposed.isLive).toEqualTypeOf<boolean>();

// @ts-expect-error events are anchored before they are final, but no level says so
ledger.subscribe({ level: "anchored" });
// @ts-expect-error no such place
ledger.subscribe({ from: "end" });
// @ts-expect-error no such option
ledger.subscribe({ after: 1n });
// @ts-expect-error a cursor has a hash
ledger.subscribe({ from: { position: 1n } });

import { LedgerError } from "@eventchain/core";
import { expect, test } from "vitest";
import { askedDelayMs } from "./retry-delay.ts";

const asking = (retryAfterMs: unknown): LedgerError =>
  new LedgerError("delivery-failed", "later", { values: { retryAfterMs } });

test.each<[string, unknown, number]>([
  ["what a failure asks for", asking(1_500.2), 1_501],
  ["no more than the policy's longest", asking(999_999_999), 60_000],
  ["nothing where it asks for a time that is past", asking(-5), 0],
  ["nothing where it asks for what is no number", asking("soon"), 0],
  ["nothing where it asks for nothing", new LedgerError("delivery-failed", "later"), 0],
  ["nothing of an error of another kind", Object.assign(new Error("later"), { values: { retryAfterMs: 5 } }), 0],
])("a failed run is left alone for %s", (_what, error, expected) => {
  expect(askedDelayMs({ maxMs: 60_000 }, error)).toBe(expected);
});

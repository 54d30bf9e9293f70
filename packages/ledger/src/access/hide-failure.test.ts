import { ConflictError, LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { StoredEvent } from "@eventchain/store";
import { describe, expect, test } from "vitest";
import { hiddenCause, hideFailure } from "./hide-failure.ts";

/** Position 1 may be seen, 2 may not. */
const deps = {
  ledgerId: 1n,
  scope: { access: [{ tags: ["mine"] }] },
  store: {
    findEvent: async (_ledger: bigint, by: { position: bigint } | { id: string }) =>
      "position" in by && by.position === 1n ? ({} as StoredEvent) : undefined,
  },
};

function failure(code: LedgerErrorCode, values: Record<string, unknown> = {}, cause?: unknown): LedgerError {
  return new LedgerError(code, "secret", { values: { secret: "secret", ...values }, cause, retryable: true });
}

describe("hideFailure", () => {
  test.each<[string, LedgerError]>([
    ["a decision that failed", failure("decision-failed")],
    ["an event that was decided and is none", failure("invalid-event")],
    ["an event that may not be seen", failure("upcast-failed", { position: 2n })],
    [
      "an event that may be seen, with a cause beside it",
      failure("upcast-failed", { position: 1n }, new Error("secret")),
    ],
    ["a database that failed", failure("database-failed")],
  ])("keeps back what is said of %s", async (_what, error) => {
    const told = (await hideFailure(deps, "Pay", error)) as LedgerError;
    expect(told).toMatchObject({ code: error.code, values: { command: "Pay" }, retryable: true });
    expect(told.cause).toBeUndefined();
    expect(`${told.stack}${JSON.stringify(told)}`).not.toContain("secret");
    expect(hiddenCause(told)).toBe(error);
  });

  test("keeps back what an app's own code threw", async () => {
    const error = new Error("secret");
    const told = (await hideFailure(deps, "Pay", error)) as LedgerError;
    expect(told).toMatchObject({ code: "decision-failed", values: { command: "Pay" }, retryable: false });
    expect(`${told.stack}${JSON.stringify(told)}`).not.toContain("secret");
    expect(hiddenCause(told)).toBe(error);
  });

  test.each<[string, unknown]>([
    ["an event that may be seen", failure("unknown-event", { position: 1n })],
    ["input that is wrong", failure("invalid-input")],
    ["a conflict, whose events are those that may be seen", new ConflictError("conflict", "secret")],
  ])("lets through what is said of %s", async (_what, error) => {
    expect(await hideFailure(deps, "Pay", error)).toBe(error);
    expect(hiddenCause(error)).toBeUndefined();
  });

  test("nothing is behind what is no error of a view", () => {
    expect(hiddenCause(undefined)).toBeUndefined();
    expect(hiddenCause("text")).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import type { AlarmError } from "../alarm-error.ts";
import type { GuardHead } from "../guard/guard.ts";
import { compareGuard, MAX_BATCH_EVENTS } from "./compare-guard.ts";

const head = (size: bigint, fill = 1): GuardHead => ({ size, root: new Uint8Array(32).fill(fill) });

function refusal(guard: GuardHead | undefined, database: GuardHead): AlarmError {
  try {
    compareGuard("helpdesk.example", guard, database);
  } catch (error) {
    return error as AlarmError;
  }
  throw new Error("it went on");
}

describe("comparing the guard with the database", () => {
  it("goes on where they are equal, and at a ledger's beginning", () => {
    expect(compareGuard("x", head(5n), head(5n))).toBeUndefined();
    expect(compareGuard("x", undefined, head(0n, 0))).toBeUndefined();
  });

  it("gives the head that must be signed again where the guard is ahead by one seal", () => {
    expect(compareGuard("x", head(6n, 2), head(5n))).toEqual(head(6n, 2));
    expect(compareGuard("x", head(1n, 2), head(0n, 0))).toEqual(head(1n, 2));
    const full = head(5n + MAX_BATCH_EVENTS, 2);
    expect(compareGuard("x", full, head(5n))).toEqual(full);
  });

  it("stops with an alarm, and without a halt, where the guard knows nothing of a log", () => {
    expect(refusal(undefined, head(5n))).toMatchObject({
      code: "guard-mismatch",
      alarm: "guard-missing",
      halts: false,
    });
  });

  it.each([
    ["another root", head(5n, 2), head(5n)],
    ["behind", head(4n), head(5n)],
    ["ahead by more than one seal", head(6n + MAX_BATCH_EVENTS), head(5n)],
  ])("halts the ledger: %s", (_, guard, database) => {
    expect(refusal(guard, database)).toMatchObject({ code: "guard-mismatch", alarm: "guard-mismatch", halts: true });
  });
});

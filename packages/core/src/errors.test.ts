import { describe, expect, test } from "vitest";
import { ConflictError, LedgerError } from "./errors.ts";

describe("a LedgerError", () => {
  test("prints its values as JSON can hold them", () => {
    const error = new LedgerError("tampered", "gone", {
      values: {
        tile: 2n ** 60n,
        root: Uint8Array.of(0xab),
        list: [1n],
        inner: { size: 3n, none: null, at: undefined },
      },
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: "tampered",
      message: "gone",
      tile: "1152921504606846976",
      root: "ab",
      list: ["1"],
      inner: { size: "3", none: null },
    });
  });

  test("keeps code and message whatever its values are called", () => {
    const error = new LedgerError("timeout", "too late", { values: { code: "other", message: "other" } });
    expect(error.toJSON()).toEqual({ code: "timeout", message: "too late" });
  });

  test("may be tried again where something did not answer, unless said otherwise", () => {
    expect(new LedgerError("chain-unavailable", "").retryable).toBe(true);
    expect(new LedgerError("database-unavailable", "", { retryable: false }).retryable).toBe(false);
    expect(new LedgerError("bad-note", "").retryable).toBe(false);
  });

  test("carries its cause, and none where there is none", () => {
    const cause = new Error("below");
    expect(new LedgerError("database-failed", "above", { cause }).cause).toBe(cause);
    expect("cause" in new LedgerError("database-failed", "above")).toBe(false);
  });

  test("has a kind of its own for conflicts", () => {
    const error = new ConflictError("conflict", "later", { values: { stream: "a", expected: 1n, actual: 2n } });
    expect(error).toBeInstanceOf(LedgerError);
    expect(error.name).toBe("ConflictError");
    expect(error.toJSON()).toEqual({ code: "conflict", message: "later", stream: "a", expected: "1", actual: "2" });
  });
});

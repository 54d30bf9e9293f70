import { LedgerError } from "@eventchain/core";
import { describe, expect, it } from "vitest";
import { errorValues, formatLine, Troubles } from "./logger.ts";

describe("log lines", () => {
  it("are JSON of one line, with bigint in decimal", () => {
    const line = formatLine("2026-11-21T00:00:00.000Z", "info", "sealed", { size: 7n, why: "a\nb" });
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toEqual({
      time: "2026-11-21T00:00:00.000Z",
      level: "info",
      event: "sealed",
      size: "7",
      why: "a\nb",
    });
  });

  it("name an error by its code, and an unexpected one by its stack", () => {
    const known = new LedgerError("tampered", "event 4 is not what was appended", { values: { position: 4n } });
    expect(errorValues(known)).toEqual({ code: "tampered", message: known.message, position: "4" });
    expect(errorValues(new TypeError("x is not a function"))).toMatchObject({ code: "unexpected" });
  });
});

describe("troubles", () => {
  it("are said when they begin, change or last a minute, and when they are over", () => {
    const said: string[] = [];
    let now = 0;
    const troubles = new Troubles(
      (level, event, values) => said.push(`${level} ${event} ${values?.message ?? ""}`),
      () => now,
    );
    const away = new LedgerError("chain-unavailable", "no answer");
    troubles.over("anchor", "anchor-recovered");
    troubles.note("anchor", "anchor-failed", away);
    troubles.note("anchor", "anchor-failed", away);
    now = 59_999;
    troubles.note("anchor", "anchor-failed", away);
    now = 60_000;
    troubles.note("anchor", "anchor-failed", away);
    troubles.note("anchor", "anchor-failed", new LedgerError("chain-mismatch", "another chain"));
    troubles.over("anchor", "anchor-recovered");
    troubles.over("anchor", "anchor-recovered");
    expect(said).toEqual([
      "warn anchor-failed no answer",
      "warn anchor-failed no answer",
      "error anchor-failed another chain",
      "info anchor-recovered ",
    ]);
  });
});

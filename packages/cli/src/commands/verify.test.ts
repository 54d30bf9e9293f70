import type { VerifyReport } from "@eventchain/verifier";
import { expect, test } from "vitest";
import { describeLedger } from "./verify.ts";

const anchored = { size: "4", root: `0x${"0".repeat(64)}`, chainId: "31337", block: "9", final: true };
const report: VerifyReport = {
  ledger: "a/b",
  ok: true,
  trust: "given",
  epoch: "0",
  size: "5",
  checked: "5",
  sealed: "5",
  anchored,
  unanchored: "1",
  findings: [],
};

/** Its last line, and whether the word is said at all. */
function conclusion(change: Partial<VerifyReport>): [string, boolean] {
  const words = describeLedger({ ...report, ...change });
  return [words.split("\n").at(-1) ?? "", /\bintact up to\b/i.test(words)];
}

test("intact is said only of what was compared with a trust root from outside and with the chain", () => {
  expect(conclusion({})).toEqual(["Intact up to position 4.", true]);
  expect(conclusion({ trust: "from-database" })).toEqual([expect.stringMatching(/^Consistent: .*--trust FILE/), false]);
  expect(conclusion({ offline: true, anchored: null })).toEqual([expect.stringMatching(/^Consistent/), false]);
  expect(conclusion({ anchored: null })).toEqual([expect.stringMatching(/^Consistent.*nothing is anchored/), false]);
  expect(conclusion({ anchored: { ...anchored, final: false } })).toEqual([
    expect.stringMatching(/^Intact up to position 4, .*not final/),
    true,
  ]);
});

test("a finding is a line with its kind, place and detail, which cannot control the terminal", () => {
  const findings: VerifyReport["findings"] = [
    { kind: "altered", position: "2", eventId: "e-2", stream: "s\u001b[2J", detail: "data does not match its hash" },
    { kind: "deleted", position: "3", to: "4", detail: "gone" },
    { kind: "ledger-missing", detail: "c/d" },
  ];
  const words = describeLedger({ ...report, ok: false, findings });
  expect(words).toContain("ALTERED 2 (s\\u001b[2J, e-2): data does not match its hash");
  expect(words).toContain("DELETED 3-4: gone");
  expect(words).toContain("LEDGER-MISSING: c/d");
  expect(words.split("\n").at(-1)).toBe("NOT INTACT: 3 findings.");
});

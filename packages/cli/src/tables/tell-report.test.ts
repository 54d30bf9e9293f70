import type { ImportReport } from "@eventchain/crud";
import { expect, test } from "vitest";
import { tellReport } from "./tell-report.ts";

const none = { created: 0, changed: 0, deleted: 0, noOp: 0, alreadyThere: 0, kept: 0, erased: 0, bytes: 0, seconds: 0 };
const report: ImportReport = {
  source: { kind: "csv" },
  tables: [{ ...none, table: "t", rows: 3, created: 2, changed: 1 }],
  leftOut: [],
  added: 3,
  position: 3n,
  dryRun: false,
  compared: undefined,
};
const lastLine = (changed: Partial<ImportReport>): string | undefined =>
  tellReport({ ...report, ...changed })
    .split("\n")
    .at(-1);

test("the events that were added are told, and what another import added meanwhile", () => {
  expect(lastLine({})).toBe("3 events added");
  expect(lastLine({ added: 1 })).toBe("1 events added, 2 were added meanwhile by another import");
  expect(lastLine({ added: 0, dryRun: true })).toBe("every row is good; 3 events would be added, nothing was written");
});

test("of rows that were only compared, the comparison is told and nothing else", () => {
  const compared = { rows: 2, different: 0, kept: 0, erased: 0, first: [] };
  expect(tellReport({ ...report, tables: [], added: 0, compared })).toBe(
    "the ledger's events give the very rows of the source: 2 compared",
  );
});

import { expect, test } from "vitest";
import * as crud from "./index.ts";

test("exports these names", () => {
  expect(Object.keys(crud).sort()).toEqual([
    "classOf",
    "columnsOf",
    "decodeRow",
    "decodeValue",
    "diffRows",
    "draftCrudMap",
    "encodeRow",
    "encodeValue",
    "expandTemplate",
    "foldRow",
    "importTables",
    "isCrudMap",
    "isSqliteFile",
    "joinWords",
    "openCsvSource",
    "openPostgresSource",
    "openSqliteSource",
    "parseCrudMap",
    "parseTemplate",
    "readRows",
    "replayRows",
    "rowModel",
    "sameValue",
  ]);
});

import { expect, test } from "vitest";
import * as testing from "./index.ts";

test("exports these names", () => {
  expect(Object.keys(testing).sort()).toEqual(["DEFAULT_NOW_MS", "at", "given", "openMemoryLedger"]);
});

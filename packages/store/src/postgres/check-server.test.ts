import { expect, test } from "vitest";
import { checkDescription } from "./check-server.ts";

test("a server before PostgreSQL 16 and an encoding other than UTF8 are refused", () => {
  checkDescription({ version: 160000, encoding: "UTF8" });
  const refused = (values: object) => expect.objectContaining({ code: "database-refused", values });
  expect(() => checkDescription({ version: 150018, encoding: "UTF8" })).toThrow(refused({ serverVersion: 150018 }));
  expect(() => checkDescription({ version: 180004, encoding: "SQL_ASCII" })).toThrow(
    refused({ encoding: "SQL_ASCII" }),
  );
});

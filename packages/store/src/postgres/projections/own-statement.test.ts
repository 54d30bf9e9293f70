import fc from "fast-check";
import { expect, test } from "vitest";
import { isOwnStatement } from "./own-statement.ts";

/** What Postgres passes over before a statement's first word. */
const gaps = fc
  .array(fc.constantFrom(" ", "\t", "\n", ";", "-- commit\n", "/* a */", "/**/", "/* b /* c */ */", "/*/ d **/"))
  .map((parts) => parts.join(""));

const own = [
  "select 1",
  "insert into t values ('commit')",
  "with x as (select 1) select 1",
  "committed()",
  "do $$ $$",
  "",
];
const others = [
  "commit",
  "ROLLBACK to s",
  "set role postgres",
  "begin;",
  "end",
  "copy t from stdin",
  "Reset role",
  "set/**/a = 1",
];

test.each(own)("a statement is a handler's own, whatever stands before it: %s", (text) => {
  fc.assert(fc.property(gaps, (gap) => isOwnStatement(gap + text)));
});

test.each(others)("a statement of the transaction itself is told, whatever stands before it: %s", (text) => {
  fc.assert(fc.property(gaps, (gap) => !isOwnStatement(gap + text)));
});

test("a comment that does not end hides nothing that would be run", () => {
  expect(isOwnStatement("/* /* */ commit")).toBe(true);
});

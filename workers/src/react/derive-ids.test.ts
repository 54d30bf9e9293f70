import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { commandIdOf, idempotencyKeyOf, type RunKey } from "./derive-ids.ts";

const run: RunKey = { origin: "shop.example", reaction: "billing", eventId: "e-1", handler: "on:OrderPlaced" };
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("are SHA-256 over the JCS of what tells one from the other", () => {
  expect(idempotencyKeyOf(run)).toBe(sha256('["shop.example","billing","e-1","on:OrderPlaced"]'));
  expect(commandIdOf(run, { count: 0 })).toBe(
    `reaction:${sha256('["shop.example","billing","e-1","on:OrderPlaced","count",0]')}`,
  );
  expect(commandIdOf(run, { key: "0" })).toBe(
    `reaction:${sha256('["shop.example","billing","e-1","on:OrderPlaced","key","0"]')}`,
  );
});

test.each(Object.keys(run) as (keyof RunKey)[])("differ where the %s does", (part) => {
  const other = { ...run, [part]: `${run[part]}x` };
  expect(idempotencyKeyOf(other)).not.toBe(idempotencyKeyOf(run));
  expect(commandIdOf(other, { count: 0 })).not.toBe(commandIdOf(run, { count: 0 }));
});

import { expect, test } from "vitest";
import { ErasureCheck } from "./check-erasures.ts";
import type { ProvenEvent } from "./proven-event.ts";

/** What is left unexplained of an event at position 1 whose payloads are gone, after a `$DataErased` of these positions. */
function unexplained(positions: string): number {
  const erasures = new ErasureCheck();
  const see = (position: bigint, row: object): void => erasures.see({ row, position } as unknown as ProvenEvent);
  see(1n, { type: "Paid", data: null, metadata: null });
  see(2n, { type: "$DataErased", data: `{"positions":${positions},"what":"both"}`, metadata: "{}" });
  return erasures.drafts().length;
}

test("passes over what is no position", () => {
  for (const one of ['{"toString":1}', "[1]", "null", "true", "[[]]", '"0x1"', "-1"])
    expect(unexplained(`[${one}]`)).toBe(1);
  expect(unexplained('[{"toString":1},1]')).toBe(0);
  expect(unexplained('["1"]')).toBe(0);
});

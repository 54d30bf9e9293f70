import { expect, test } from "vitest";
import { keepStates } from "./kept-states.ts";

const at = (position: bigint) => ({ state: { n: position }, position });

test("a state that is taken is its taker's alone", () => {
  const kept = keepStates(2);
  kept.put("a", at(1n));
  expect(kept.take("a")).toEqual(at(1n));
  expect(kept.take("a")).toBeUndefined();
});

test("the one that was put back longest ago is forgotten first", () => {
  const kept = keepStates(2);
  kept.put("a", at(1n));
  kept.put("b", at(2n));
  kept.put("a", at(3n));
  kept.put("c", at(4n));
  expect(kept.take("b")).toBeUndefined();
  expect(kept.take("a")).toEqual(at(3n));
  expect(kept.take("c")).toEqual(at(4n));
});

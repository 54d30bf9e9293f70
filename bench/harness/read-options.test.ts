import { expect, test } from "vitest";
import { readOptions, SUITES, UsageError } from "./read-options.ts";

test("all suites and five rounds by default", () => {
  expect(readOptions([])).toEqual({
    help: false,
    suites: SUITES,
    isQuick: false,
    withPeers: true,
    rounds: 5,
    options: new Map(),
  });
});

test("suites run in their own order, each once", () => {
  expect(readOptions(["hot", "append", "hot"]).suites).toEqual(["append", "hot"]);
});

test("unknown options with a value are the suites'", () => {
  const { options, isQuick, rounds, withPeers } = readOptions(
    "append --events 1000 --quick --sizes=1,2 --no-peers --rounds 3".split(" "),
  );
  expect(options).toEqual(
    new Map([
      ["events", "1000"],
      ["sizes", "1,2"],
    ]),
  );
  expect([isQuick, rounds, withPeers]).toEqual([true, 3, false]);
});

test.each([
  [["apend"], "there is no suite apend: name some of append"],
  [["--events"], "--events has no value"],
  [["--events", "--quick"], "--events has no value"],
  [["-x"], "-x is no option"],
  [["--rounds", "many"], "--rounds many is no count"],
  [["--rounds", "2"], "--rounds 2 is less than 5"],
])("%j is refused", (args, message) => {
  expect(() => readOptions(args)).toThrow(UsageError);
  expect(() => readOptions(args)).toThrow(message);
});

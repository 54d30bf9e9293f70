import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";
import type { EventParts } from "../support/ledger-builder.ts";

const snapshot = (parts: object = {}, stream = "$snapshot/ticket/ticket-1"): EventParts => ({
  stream,
  type: "$SnapshotTaken",
  tags: [],
  data: canonical({
    branch: "ticket/ticket-1",
    of: "ticket-1",
    position: "1",
    schema: 1,
    stateHash: "ab".repeat(32),
    version: "1",
    ...parts,
  }),
  metadata: "{}",
});

const switched = (parts: object = {}, stream = "$handlers"): EventParts => ({
  stream,
  type: "$HandlerSwitched",
  tags: [],
  data: canonical({ by: "ada", enabled: false, handler: "open-tickets", ...parts }),
  metadata: "{}",
});

/** Keys in their order; those whose value is undefined left out. */
function canonical(value: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));
}

const notASnapshot = "its data is not that of a $SnapshotTaken event";
const notASwitch = "its data is not that of a $HandlerSwitched event";
const sound: readonly EventParts[] = [
  {},
  snapshot(),
  snapshot({ branch: "all", of: "all", version: undefined }, "$snapshot/all"),
  switched(),
  switched({ enabled: true }),
];
const wrong: readonly [string, EventParts, string][] = [
  ["an empty object", { ...snapshot(), data: "{}" }, notASnapshot],
  ["a key too many", snapshot({ why: "x" }), notASnapshot],
  ["no state hash", snapshot({ stateHash: undefined }), notASnapshot],
  ["a state hash in capitals", snapshot({ stateHash: "AB".repeat(32) }), notASnapshot],
  ["a position that is a number", snapshot({ position: 1 }), notASnapshot],
  ["a position of 0", snapshot({ position: "0" }), notASnapshot],
  ["a position past 2^63 − 1", snapshot({ position: "9223372036854775808" }), notASnapshot],
  ["a version that is null", snapshot({ version: null }), notASnapshot],
  ["a schema of 0", snapshot({ schema: 0 }), notASnapshot],
  ["a schema that is text", snapshot({ schema: "1" }), notASnapshot],
  ["a position after its own", snapshot({ position: "999" }), "its data names a position that is not before its own"],
  ["another branch", snapshot({ branch: "ticket/ticket-2" }), "its data names another branch than its stream"],
  ["another stream", snapshot({}, "ticket-1"), "a $SnapshotTaken event stands in $snapshot/<branch> only"],
  ["a switch of another stream", switched({}, "ticket-1"), "a $HandlerSwitched event stands in $handlers only"],
  ["a switch by nobody", switched({ by: "" }), notASwitch],
  ["a switch of no handler", switched({ handler: undefined }), notASwitch],
  ["a switch that is neither on nor off", switched({ enabled: "no" }), notASwitch],
  ["a switch with a key too many", switched({ reason: "x", by: "" }), notASwitch],
];

describe("a sealed event of the ledger itself", () => {
  let stage: AttackStage;
  beforeAll(async () => {
    stage = await setTheStage(async (ledger) => {
      await ledger.append(sound);
      // A sound event between any two keeps their findings apart.
      await ledger.append(wrong.flatMap(([, parts]) => [parts, {}]));
      await ledger.seal();
    }, "attack.test/system");
  });
  afterAll(() => stage.close());

  test("that its own functions do not write is malformed, and nothing else is said of it or of sound ones", async () => {
    const report = await stage.verify();
    expect(told(report)).toEqual(wrong.map((_, i) => `malformed ${sound.length + 2 * i + 1}`));
    expect(report.findings.map(({ detail }, i) => [wrong[i]?.[0], detail])).toEqual(
      wrong.map(([name, , detail]) => [name, detail]),
    );
  });

  test("is not missed where its data is erased, but for the erasure that nothing explains", async () => {
    const report = await stage.verify((victim) =>
      victim.sql("update events set data = null, salt = null where position in (2, 4)"),
    );
    expect(told(report).slice(0, 2)).toEqual(["erased-unlogged 2", "erased-unlogged 4"]);
  });
});

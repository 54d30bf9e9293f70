import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttackStage, setTheStage, told } from "../support/attack-stage.ts";

describe("an honest ledger", () => {
  let stage: AttackStage;
  beforeAll(async () => {
    stage = await setTheStage();
  });
  afterAll(() => stage.close());

  test("has no finding, and the report says how far it was checked", async () => {
    const report = await stage.verify();
    expect(report.findings).toEqual([]);
    const { root } = stage.ledger.anchors.at(-1) as { root: Uint8Array };
    expect(report).toEqual({
      ledger: "attack.test/main",
      ok: true,
      trust: "given",
      epoch: "0",
      size: "330",
      checked: "330",
      sealed: "320",
      anchored: {
        size: "300",
        root: `0x${Buffer.from(root).toString("hex")}`,
        chainId: "31337",
        block: expect.any(String),
        final: true,
      },
      unanchored: "30",
      findings: [],
    });
  });

  test("without a trust root is only consistent with itself", async () => {
    expect(await stage.verify(undefined, { trust: undefined })).toMatchObject({ ok: true, trust: "from-database" });
  });
});

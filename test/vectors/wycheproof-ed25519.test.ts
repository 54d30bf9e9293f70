import { describe, expect, test } from "vitest";
import { platform as browser } from "../../packages/core/src/crypto/browser.ts";
import { platform as node } from "../../packages/core/src/crypto/node.ts";
import { sharedData } from "./shared-data.ts";

interface Wycheproof {
  testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[];
}

describe.each([
  ["Node's library", node],
  ["the browser's", browser],
])("Ed25519 of %s", (_, platform) => {
  test("takes the valid signatures of Wycheproof and no other", (context) => {
    const { testGroups } = JSON.parse(sharedData(context, "wycheproof/ed25519_test.json")) as Wycheproof;
    const wrong = testGroups.flatMap(({ publicKey, tests }) =>
      tests.filter(({ msg, sig, result }) => {
        const [message, signature, key] = [msg, sig, publicKey.pk].map((hex) =>
          Uint8Array.from(Buffer.from(hex, "hex")),
        );
        const taken = platform.ed25519Verify(message as Uint8Array, signature as Uint8Array, key as Uint8Array);
        return taken !== (result === "valid");
      }),
    );
    expect(wrong).toEqual([]);
    expect(testGroups.flatMap((group) => group.tests).length).toBeGreaterThan(100);
  });
});

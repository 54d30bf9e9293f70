import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { repeatsSecret } from "./repeats-secret.ts";

const secret = "sekret-token-123/AbC+dEf=";

describe("a text repeats a secret", () => {
  test.each([
    ["quoted", `{"error":"token \\"${secret}\\" is unknown"}`],
    ["in part", "no token that begins with sekret-tok…"],
    ["in its midst", "…token-123/A…"],
    ["escaped", `{"token":"${secret.replaceAll("/", "\\/")}"}`],
    ["in small letters", secret.toLowerCase()],
    ["over several lines", "sekr\net-t\r\noken"],
  ])("%s", (_how, text) => {
    expect(repeatsSecret(text, ["other", secret])).toBe(true);
  });

  test("wherever eight of its letters stand", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{8,40}$/), fc.nat(), fc.string(), fc.string(), (given, at, a, b) => {
        const start = at % (given.length - 7);
        expect(repeatsSecret(`${a}${given.slice(start, start + 8)}${b}`, [given])).toBe(true);
      }),
    );
  });

  test("not where it shares less with it", () => {
    expect(repeatsSecret("the token is unknown: sekret-", [secret, "", "-/-", "tok"])).toBe(false);
  });

  test("where a short one stands there as a whole", () => {
    expect(["/hooks is gone", "/hook is gone"].map((text) => repeatsSecret(text, ["hooks"]))).toEqual([true, false]);
  });
});

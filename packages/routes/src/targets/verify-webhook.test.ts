import { utf8 } from "@eventchain/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signWebhook } from "./sign-webhook.ts";
import { DEFAULT_TOLERANCE_MS, verifyWebhook } from "./verify-webhook.ts";
import { readSecrets } from "./webhook-secret.ts";

// The vector that the libraries of standardwebhooks.com share.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const timestampSeconds = 1_614_265_330n;
const body = '{"test": 2432232314}';
const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const headers = { "webhook-id": id, "webhook-timestamp": "1614265330", "webhook-signature": signature };
const nowMs = timestampSeconds * 1000n;

describe("signWebhook", () => {
  test("signs the vector of Standard Webhooks", () => {
    expect(signWebhook(readSecrets(secret), { id, timestampSeconds, body: utf8(body) })).toEqual(headers);
  });

  test("signs once for each secret while one takes the place of another", () => {
    const signed = signWebhook(readSecrets([other, secret]), { id, timestampSeconds, body: utf8(body) });
    expect(signed["webhook-signature"]).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
    for (const one of [secret, other])
      expect(verifyWebhook(signed, body, one, { nowMs })).toMatchObject({ kind: "verified" });
  });
});

describe("verifyWebhook", () => {
  test("takes the vector of Standard Webhooks, and says what was signed", () => {
    expect(verifyWebhook(headers, body, secret, { nowMs })).toEqual({ kind: "verified", id, sentAtMs: nowMs, body });
  });

  test("reads headers of fetch, and of any case", () => {
    expect(verifyWebhook(new Headers(headers), utf8(body), secret, { nowMs }).kind).toBe("verified");
    const shouted = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toUpperCase(), value]));
    expect(verifyWebhook(shouted, body, secret, { nowMs }).kind).toBe("verified");
  });

  test("takes one good signature among others, of versions that it does not know too", () => {
    const many = { ...headers, "webhook-signature": `v1a,AAAA v1,AAAA ${signature}` };
    expect(verifyWebhook(many, body, secret, { nowMs }).kind).toBe("verified");
  });

  test("takes what any of the receiver's secrets signed", () => {
    expect(verifyWebhook(headers, body, [other, secret], { nowMs }).kind).toBe("verified");
  });

  test.each<[string, Record<string, string>, string, string]>([
    ["another body", headers, `${body} `, "wrong-signature"],
    ["another id", { ...headers, "webhook-id": "msg_other" }, body, "wrong-signature"],
    ["another time", { ...headers, "webhook-timestamp": "1614265331" }, body, "wrong-signature"],
    [
      "no signature of version 1",
      { ...headers, "webhook-signature": signature.replace("v1", "v2") },
      body,
      "wrong-signature",
    ],
    ["an empty signature", { ...headers, "webhook-signature": "v1," }, body, "wrong-signature"],
    ["an id that could move the parts", { ...headers, "webhook-id": "a.1" }, body, "malformed"],
    ["a time that is no number", { ...headers, "webhook-timestamp": "16e9" }, body, "malformed"],
    ["a header beyond all measure", { ...headers, "webhook-signature": "v1,A ".repeat(1000) }, body, "malformed"],
    ["no id", { ...headers, "webhook-id": undefined as never }, body, "header-missing"],
    ["a header given twice", { ...headers, "Webhook-Id": id }, body, "header-missing"],
  ])("refuses %s", (_what, given, text, reason) => {
    expect(verifyWebhook(given, text, secret, { nowMs })).toEqual({ kind: "refused", reason });
  });

  test("refuses what another secret signed", () => {
    expect(verifyWebhook(headers, body, other, { nowMs })).toEqual({ kind: "refused", reason: "wrong-signature" });
  });

  test("refuses a request that is older, or newer, than the tolerance", () => {
    const tolerance = BigInt(DEFAULT_TOLERANCE_MS);
    const at = (ms: bigint) => verifyWebhook(headers, body, secret, { nowMs: ms });
    expect(at(nowMs + tolerance).kind).toBe("verified");
    expect(at(nowMs + tolerance + 1n)).toEqual({ kind: "refused", reason: "too-old" });
    expect(at(nowMs - tolerance).kind).toBe("verified");
    expect(at(nowMs - tolerance - 1n)).toEqual({ kind: "refused", reason: "too-new" });
  });

  test("takes what was signed, whatever it is, and refuses it with any byte changed", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (content, at, change) => {
        const sent = Uint8Array.from(content);
        const signed = signWebhook(readSecrets(secret), { id, timestampSeconds, body: sent });
        expect(verifyWebhook(signed, sent, secret, { nowMs }).kind).toBe("verified");
        const index = at % sent.length;
        sent[index] = (sent[index] ?? 0) ^ change;
        expect(verifyWebhook(signed, sent, secret, { nowMs }).kind).toBe("refused");
      }),
    );
  });

  test.each([
    ["no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    ["too short", `whsec_${Buffer.alloc(23).toString("base64")}`],
    ["too long", `whsec_${Buffer.alloc(65).toString("base64")}`],
    ["no base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!"],
    ["none", []],
  ])("refuses a secret with %s, and does not repeat it", (_what, bad) => {
    const call = () => verifyWebhook(headers, body, bad, { nowMs });
    expect(call).toThrow(expect.objectContaining({ code: "config-invalid" }));
    try {
      call();
    } catch (error) {
      expect(JSON.stringify([(error as Error).message, error])).not.toMatch(/MfKQ9|AAAAAAAA/);
      expect((error as Error).cause).toBeUndefined();
    }
  });
});

import { createHmac } from "node:crypto";
import { type Bytes, concatBytes, utf8 } from "@eventchain/core";

/** One request of a webhook, as Standard Webhooks 1.0.0 signs it. */
export interface SignedRequest {
  /** Without a full stop, which parts the signed content. */
  readonly id: string;
  /** Since 1970-01-01 UTC. */
  readonly timestampSeconds: bigint;
  readonly body: Bytes;
}

/** HMAC-SHA256 over `id.timestamp.body`. */
export function webhookMac(key: Bytes, { id, timestampSeconds, body }: SignedRequest): Bytes {
  const content = concatBytes(utf8(`${id}.${timestampSeconds}.`), body);
  return Uint8Array.from(createHmac("sha256", key).update(content).digest());
}

/** The headers of Standard Webhooks, with a `v1` signature for each key. */
export function signWebhook(keys: readonly Bytes[], request: SignedRequest): Record<string, string> {
  const signatures = keys.map((key) => `v1,${Buffer.from(webhookMac(key, request)).toString("base64")}`);
  return {
    "webhook-id": request.id,
    "webhook-timestamp": request.timestampSeconds.toString(),
    "webhook-signature": signatures.join(" "),
  };
}

import { timingSafeEqual } from "node:crypto";
import { type Bytes, LedgerError, utf8 } from "@eventchain/core";
import { webhookMac } from "./sign-webhook.ts";
import { systemClock } from "./system-clock.ts";
import { readSecrets, type WebhookSecret } from "./webhook-secret.ts";

/** How far a request's time may be from the receiver's: 5 minutes. */
export const DEFAULT_TOLERANCE_MS = 300_000;

/** The longest signature header that is looked at, in characters: some forty signatures. */
const MAX_HEADER_LENGTH = 2_048;

/** Headers as `node:http` has them (`request.headers`), or as `fetch` has. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** Default 300,000 (`DEFAULT_TOLERANCE_MS`). */
  readonly toleranceMs?: number | undefined;
  /** Milliseconds since 1970-01-01 UTC. Default: the host's clock. */
  readonly nowMs?: bigint | undefined;
}

/** A request that is the sender's, or why it is not taken for that. */
export type VerifiedWebhook =
  | {
      readonly kind: "verified";
      /** Of the event: remember it, a second request with it is the same delivery again. */
      readonly id: string;
      readonly sentAtMs: bigint;
      /** The text that was signed: a CloudEvent's JSON. */
      readonly body: string;
    }
  | {
      readonly kind: "refused";
      readonly reason: "header-missing" | "malformed" | "too-old" | "too-new" | "wrong-signature";
    };

/**
 * Whether a request is what the holder of the secret sent, not long ago: signature and time as Standard Webhooks 1.0.0 has
 * them, compared in constant time. What is verified may still be a delivery made before: `id` tells.
 *
 * @param body as it came, before any JSON parser.
 * Errors: LedgerError `config-invalid` for a secret that is none, `invalid-argument` for options.
 */
export function verifyWebhook(
  headers: WebhookHeaders,
  body: string | Uint8Array,
  secret: WebhookSecret,
  { toleranceMs = DEFAULT_TOLERANCE_MS, nowMs = systemClock() }: VerifyOptions = {},
): VerifiedWebhook {
  const keys = readSecrets(secret);
  if (!Number.isSafeInteger(toleranceMs) || toleranceMs < 0)
    throw new LedgerError("invalid-argument", `toleranceMs is ${toleranceMs}: give milliseconds from 0`);
  const [id, timestamp, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    headerOf(headers, name),
  );
  if (id === undefined || timestamp === undefined || signature === undefined) return refused("header-missing");
  if (id.includes(".") || !/^[1-9]\d{0,11}$/.test(timestamp) || signature.length > MAX_HEADER_LENGTH)
    return refused("malformed");
  const bytes = typeof body === "string" ? utf8(body) : Uint8Array.from(body);
  const timestampSeconds = BigInt(timestamp);
  const request = { id, timestampSeconds, body: bytes };
  // Before the times: an answer about them is for the sender alone.
  if (!isSigned(keys, request, signature)) return refused("wrong-signature");
  const sentAtMs = timestampSeconds * 1000n;
  if (nowMs - sentAtMs > BigInt(toleranceMs)) return refused("too-old");
  if (sentAtMs - nowMs > BigInt(toleranceMs)) return refused("too-new");
  return { kind: "verified", id, sentAtMs, body: Buffer.from(bytes).toString("utf8") };
}

function isSigned(keys: readonly Bytes[], request: Parameters<typeof webhookMac>[1], header: string): boolean {
  const given = header
    .split(" ")
    .filter((each) => each.startsWith("v1,"))
    .map((each) => Buffer.from(each.slice("v1,".length), "base64"));
  let isFound = false;
  for (const key of keys) {
    const expected = webhookMac(key, request);
    for (const mac of given) if (mac.length === expected.length && timingSafeEqual(mac, expected)) isFound = true;
  }
  return isFound;
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const values = Object.entries(headers).filter(([key]) => key.toLowerCase() === name);
  const [value] = values.map(([, found]) => found);
  // Twice is once too often: somebody in between may have added one.
  return values.length === 1 && typeof value === "string" ? value : undefined;
}

function refused(reason: Extract<VerifiedWebhook, { kind: "refused" }>["reason"]): VerifiedWebhook {
  return { kind: "refused", reason };
}

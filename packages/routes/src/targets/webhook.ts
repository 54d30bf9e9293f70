import { type Bytes, LedgerError, utf8 } from "@eventchain/core";
import type { LedgerEvent } from "@eventchain/ledger";
import { checkOptions } from "../check-options.ts";
import { toCloudEvent } from "../events/to-cloud-event.ts";
import type { CloudEventOptions } from "../events/types.ts";
import { beforeAbort } from "./before-abort.ts";
import { checkWebhookUrl } from "./check-webhook-url.ts";
import { readAnswer } from "./read-answer.ts";
import { signWebhook } from "./sign-webhook.ts";
import { systemClock } from "./system-clock.ts";
import type { DeliveryContext, Target } from "./types.ts";
import { readSecrets, type WebhookSecret } from "./webhook-secret.ts";

/** How long a delivery may take, in milliseconds. */
export const DEFAULT_WEBHOOK_TIMEOUT_MS = 15_000;

export interface WebhookOptions extends Pick<CloudEventOptions, "source" | "withoutMetadata" | "dataSchema"> {
  /** `https:`, or `http:` to this host itself. No user and password in it: give them as a header. */
  readonly url: string;
  /** Or what gives it for each request: a vault, a file that is replaced. */
  readonly secret: WebhookSecret | (() => WebhookSecret | Promise<WebhookSecret>);
  /**
   * Further headers, an `authorization` say; not those of the request itself. Where there are any, no error shows what the
   * receiver answered, for it may repeat them.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For the secret, where it is asked for, and the request. Default 15,000 (`DEFAULT_WEBHOOK_TIMEOUT_MS`). The route's own `timeoutMs` is the longest that it can be. */
  readonly timeoutMs?: number | undefined;
  /** Takes an `http:` URL to any host: whoever is on the way then reads and keeps the events. Default false. */
  readonly allowHttp?: boolean | undefined;
  /** Milliseconds since 1970-01-01 UTC. Default: the host's. */
  readonly clock?: (() => bigint) | undefined;
}

const KEYS = [
  "url",
  "secret",
  "headers",
  "timeoutMs",
  "allowHttp",
  "clock",
  "source",
  "withoutMetadata",
  "dataSchema",
] as const;

/** Set for each request, or by the protocol. */
const OWN_HEADERS =
  /^(?:webhook-.*|content-type|content-length|transfer-encoding|connection|keep-alive|upgrade|host|expect)$/i;

/** Too Early, Request Timeout and Too Many Requests: other answers in 400–499 say that the same request will not do. */
const PASSING = new Set([408, 425, 429]);

/**
 * Posts each event as a CloudEvent (structured JSON), signed as Standard Webhooks 1.0.0 says, its id being the idempotency
 * key. 200–299: delivered. 400–499 but 408, 425 and 429: given up. All else, a redirection too, which is not followed: tried
 * again, by the route's retry, not before what `Retry-After` says.
 * Errors: LedgerError `config-invalid`.
 */
export function webhook(options: WebhookOptions): Target {
  checkOptions(options, KEYS, "webhook");
  const { url, secret, headers = {}, timeoutMs = DEFAULT_WEBHOOK_TIMEOUT_MS, clock = systemClock } = options;
  const { place } = checkWebhookUrl(url, options.allowHttp ?? false);
  checkHeaders(headers);
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 2 ** 31 - 1)
    throw new LedgerError("config-invalid", `the webhook's timeoutMs is ${timeoutMs}: give milliseconds from 1`);
  const fixed = typeof secret === "function" ? undefined : readSecrets(secret);
  const keysNow = async (): Promise<readonly Bytes[]> =>
    fixed ?? readSecrets(typeof secret === "function" ? await secret() : secret);
  return {
    describe: `webhook ${place}`,
    deliver: async (event, context) => {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
      const keys = await beforeAbort(keysNow(), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw unreached(place, error, { missing: "no secret", timeoutMs, context });
      });
      const request = await makeRequest(event, context, options, { keys, nowMs: clock() });
      const response = await fetch(url, {
        method: "POST",
        redirect: "manual",
        headers: { ...headers, ...request.headers },
        body: request.body,
        signal,
      }).catch((error: unknown) => {
        throw unreached(place, error, { missing: "no answer", timeoutMs, context });
      });
      const answer = await readAnswer(response, {
        hasHeaders: Object.keys(headers).length > 0,
        secrets: [...keys.flatMap(textsOf), request.headers["webhook-signature"] ?? "", ...secretsOf(url)],
      });
      if (!response.ok) throw refusedBy(place, response, answer, clock());
    },
  };
}

async function makeRequest(
  event: LedgerEvent,
  { origin, idempotencyKey }: DeliveryContext,
  options: WebhookOptions,
  { keys, nowMs }: { keys: readonly Bytes[]; nowMs: bigint },
): Promise<{ headers: Record<string, string>; body: Bytes }> {
  const { source, withoutMetadata, dataSchema } = options;
  const body = utf8(JSON.stringify(toCloudEvent(event, { origin, source, withoutMetadata, dataSchema })));
  const signed = signWebhook(keys, { id: idempotencyKey, timestampSeconds: nowMs / 1000n, body });
  return { headers: { ...signed, "content-type": "application/cloudevents+json; charset=utf-8" }, body };
}

/** A key as a receiver may have it in a text. */
function textsOf(key: Bytes): string[] {
  const bytes = Buffer.from(key);
  return [bytes.toString("base64"), bytes.toString("hex"), bytes.toString("utf8")];
}

/** What follows a URL's host: as a whole, and each part of it, such as a token. */
function secretsOf(url: string): string[] {
  const { pathname, search } = new URL(url);
  const whole = `${pathname}${search}`;
  return [whole, ...whole.split(/[^\p{L}\p{N}_-]+/u)];
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(headers)) {
    if (OWN_HEADERS.test(name))
      throw new LedgerError("config-invalid", `the webhook sets the header ${JSON.stringify(name)} itself`);
  }
  try {
    new Headers(headers);
  } catch {
    // The error underneath quotes values.
    throw new LedgerError(
      "config-invalid",
      "one of the webhook's headers has a name or a value that HTTP does not take",
    );
  }
}

function unreached(
  place: string,
  error: unknown,
  { missing, timeoutMs, context }: { missing: string; timeoutMs: number; context: DeliveryContext },
): LedgerError {
  const name = error instanceof Error ? error.name : "";
  const why = context.signal.aborted
    ? "the delivery was stopped"
    : name === "TimeoutError"
      ? `${missing} within ${timeoutMs} ms`
      : reasonOf(error);
  return new LedgerError("delivery-failed", `${place} was not reached: ${why}`, { cause: error, retryable: true });
}

/** What `fetch` says is only that it failed; the reason is underneath. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const { code, message } = (cause ?? error) as NodeJS.ErrnoException;
  return code ?? message;
}

function refusedBy(place: string, { status, headers }: Response, answer: string, nowMs: bigint): LedgerError {
  const isFinal = status >= 400 && status < 500 && !PASSING.has(status);
  const retryAfterMs = isFinal ? undefined : readRetryAfter(headers.get("retry-after"), nowMs);
  const said = answer === "" ? "" : `: ${answer}`;
  const moved = status >= 300 && status < 400 ? " (redirections are not followed: give the new URL)" : "";
  return new LedgerError("delivery-failed", `${place} answered ${status}${moved}${said}`, {
    values: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    retryable: !isFinal,
  });
}

/** Seconds or a date of HTTP, as milliseconds from now; what is neither is passed over. */
function readRetryAfter(text: string | null, nowMs: bigint): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Number(nowMs));
}

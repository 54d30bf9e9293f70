import { type Bytes, base64ToBytes, LedgerError } from "@eventchain/core";

const PREFIX = "whsec_";

/** What Standard Webhooks asks of a secret, in bytes. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** One secret, or several while one takes the place of another: `whsec_` and 24 to 64 random bytes in base64. */
export type WebhookSecret = string | readonly string[];

/**
 * The keys of secrets.
 * Errors: LedgerError `config-invalid`, which does not repeat them.
 */
export function readSecrets(secret: WebhookSecret): Bytes[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) throw refuse("there is none");
  return secrets.map(readSecret);
}

function readSecret(secret: unknown): Bytes {
  if (typeof secret !== "string" || !secret.startsWith(PREFIX)) throw refuse(`one does not begin with ${PREFIX}`);
  const key = decode(secret.slice(PREFIX.length));
  if (key === undefined) throw refuse(`what follows ${PREFIX} is not base64`);
  if (key.length < MIN_BYTES || key.length > MAX_BYTES) throw refuse(`one has ${key.length} bytes`);
  return key;
}

/** Without the error underneath, which quotes its text. */
function decode(text: string): Bytes | undefined {
  try {
    return base64ToBytes(text);
  } catch {
    return undefined;
  }
}

function refuse(problem: string): LedgerError {
  return new LedgerError(
    "config-invalid",
    `the webhook's secret: ${problem}; give ${PREFIX} and the base64 of ${MIN_BYTES} to ${MAX_BYTES} random bytes`,
  );
}

import { repeatsSecret } from "./repeats-secret.ts";

/** How much of an answer is read: it is only looked at where a delivery was refused. */
const MAX_ANSWER_BYTES = 4_096;

/** How much of it a message holds, in characters. */
const MAX_SHOWN = 200;

/** What an answer is not shown for. */
export interface Hidden {
  /** Whether the request had headers of the app's own: a receiver may repeat any part of them, in any form. */
  readonly hasHeaders: boolean;
  /** Texts of which nothing may be shown: keys, signatures, what follows the URL's host. */
  readonly secrets: readonly string[];
}

/**
 * The beginning of what a receiver answered, for a message: one line, without what would move a terminal's cursor. Where it
 * may hold a secret that was sent: that it is not shown. The rest is not read. Never throws: whether the event was taken,
 * the status has said.
 */
export async function readAnswer(response: Response, { hasHeaders, secrets }: Hidden): Promise<string> {
  const text = await readStart(response).catch(() => "");
  if (response.ok || text === "") return "";
  if (hasHeaders || repeatsSecret(text, secrets)) return "(its text is not shown: it may repeat a secret)";
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .slice(0, MAX_SHOWN)
    .toWellFormed();
}

async function readStart({ body }: Response): Promise<string> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
}

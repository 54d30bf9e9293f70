/** How much of an answer is read: it is only looked at where a delivery was refused. */
const MAX_ANSWER_BYTES = 4_096;

/** How much of it a message holds, in characters. */
const MAX_SHOWN = 200;

/**
 * The beginning of what a receiver answered, for a message: one line, without what would move a terminal's cursor. Nothing
 * where it repeats a header that was sent: that may be a secret. The rest is not read. Never throws: whether the event was
 * taken, the status has said.
 */
export async function readAnswer(response: Response, sentHeaders: readonly string[]): Promise<string> {
  const text = await readStart(response).catch(() => "");
  if (response.ok || sentHeaders.some((value) => value !== "" && text.includes(value))) return "";
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

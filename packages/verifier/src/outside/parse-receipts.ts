import { hexToBytes, LedgerError, parseDecimal, parseJson } from "@eventchain/core";
import { z } from "zod";
import type { OutsideReceipt } from "../options.ts";

const decimal = z.string().transform((text, context) => {
  try {
    return parseDecimal(text, "number");
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});
const event = z.object({
  position: decimal,
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "not a hash")
    .transform((hash) => hexToBytes(hash, 32)),
  id: z.string().optional(),
  stream: z.string().optional(),
  version: decimal.optional(),
  recordedAtMicros: decimal.optional(),
});
const document = z.union([event, z.object({ events: z.array(event).min(1) }), z.array(event).min(1)]);

/**
 * Reads receipts kept outside: what `append --json` prints, one `{position, version, id, hash, recordedAtMicros}` a line; one
 * such object; a list of them; or an object with such a list at `events`. Lines that tell of an error are passed over. Throws
 * `invalid-argument` that names the line.
 */
export function parseReceipts(text: string): OutsideReceipt[] {
  const whole = tryParse(text);
  if (whole !== undefined) return readDocument(whole, "the receipt");
  const receipts = text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), what: `line ${index + 1} of the receipt` }))
    .filter(({ line }) => line !== "")
    .flatMap(({ line, what }) => {
      const value = tryParse(line);
      if (value === undefined) throw unreadable(what, "not JSON");
      const isError = typeof value === "object" && value !== null && "error" in value;
      return isError ? [] : readDocument(value, what);
    });
  if (receipts.length === 0) throw unreadable("the receipt", "no event in it");
  return receipts;
}

function readDocument(value: unknown, what: string): OutsideReceipt[] {
  const parsed = document.safeParse(value);
  if (!parsed.success) throw unreadable(what, "no position and hash of an event");
  const events = Array.isArray(parsed.data)
    ? parsed.data
    : "events" in parsed.data
      ? parsed.data.events
      : [parsed.data];
  return events.map(({ position, hash, ...rest }) => {
    const given = Object.fromEntries(Object.entries(rest).filter(([, part]) => part !== undefined));
    return { position, hash, ...given };
  });
}

function tryParse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function unreadable(what: string, why: string): LedgerError {
  return new LedgerError("invalid-argument", `${what} cannot be read: ${why}`);
}

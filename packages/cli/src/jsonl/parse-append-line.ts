import { LedgerError, parseDecimal, parseJson } from "@eventchain/core";
import type { AppendOptions, EventInput, Expect } from "@eventchain/ledger";
import { z } from "zod";

/** One append, as the SDK takes it. */
export interface LineAppend {
  readonly stream: string;
  readonly event: EventInput;
  readonly options: AppendOptions;
}

/** A line holds data and metadata of 1 MiB each, perhaps written with escapes; what is in them is checked by the SDK. */
export const MAX_LINE_BYTES: number = 8 * 2 ** 20;
/** The line's own object stands around data of 64 levels. */
const MAX_LINE_DEPTH = 65;

const lineSchema = z.strictObject({
  stream: z.string(),
  type: z.string(),
  data: z.unknown().optional(),
  metadata: z.unknown().optional(),
  tags: z.array(z.string()).optional(),
  expect: z.union([z.string(), z.number()]).optional(),
  command: z.string().optional(),
});

/**
 * Reads one line of `append -`.
 * Errors: LedgerError `invalid-json`, `too-large`, `invalid-argument`.
 */
export function parseAppendLine(text: string): LineAppend {
  const value = parseJson(text, { maxBytes: MAX_LINE_BYTES, maxDepth: MAX_LINE_DEPTH });
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) throw new LedgerError("invalid-argument", describeIssues(parsed.error));
  const { stream, type, data, metadata, tags, expect, command } = parsed.data;
  return {
    stream,
    // Whether data is there, and it and metadata are objects, is the SDK's check.
    event: { type, data: data as object, tags },
    options: {
      metadata: metadata as object | undefined,
      commandId: command,
      expect: typeof expect === "number" ? expect : parseExpect(expect),
    },
  };
}

/** "none", "exists", "any" or a version in digits. Errors: LedgerError `invalid-argument`. */
export function parseExpect(text: string | undefined): Expect | undefined {
  if (text === undefined || text === "none" || text === "exists" || text === "any") return text;
  return parseDecimal(text, 'expect (a version in digits, "none", "exists" or "any")');
}

/** One line that names each field at fault. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}

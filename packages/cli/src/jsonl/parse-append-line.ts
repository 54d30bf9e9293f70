import { LedgerError, parseDecimal, parseJson } from "@eventchain/core";
import type { AppendOptions, EventInput, Expect } from "@eventchain/ledger";
import { z } from "zod";
import { allow, describeIssues } from "./describe-issues.ts";

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

const EXPECTATIONS = '"none", "exists", "any" or a version in digits';

const lineSchema = z.strictObject(
  {
    stream: z.string(allow("a text")),
    type: z.string(allow("a text")),
    data: z.unknown().optional(),
    metadata: z.unknown().optional(),
    tags: z.array(z.string(allow("a text")), allow("a list of texts")).optional(),
    expect: z.union([z.string(), z.number()], allow(EXPECTATIONS)).optional(),
    command: z.string(allow("a text")).optional(),
  },
  allow("an object {stream, type, data, metadata?, tags?, expect?, command?}"),
);

/**
 * Reads one line of `append -`.
 * Errors: LedgerError `invalid-json`, `too-large`, `invalid-argument`.
 */
export function parseAppendLine(text: string): LineAppend {
  const parsed = lineSchema.safeParse(parseLine(text));
  if (!parsed.success) throw new LedgerError("invalid-argument", describeIssues(parsed.error, "the line"));
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

/** Which line of the text is at fault is no news where it is one: its number in the input is the caller's. */
function parseLine(text: string): unknown {
  try {
    return parseJson(text, { maxBytes: MAX_LINE_BYTES, maxDepth: MAX_LINE_DEPTH });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const { line: _line, ...values } = error.values;
    throw new LedgerError(error.code, error.message.replace(/^JSON, line \d+, /, "JSON, "), { values, cause: error });
  }
}

/** "none", "exists", "any" or a version in digits. Errors: LedgerError `invalid-argument`. */
export function parseExpect(text: string | undefined): Expect | undefined {
  if (text === undefined || text === "none" || text === "exists" || text === "any") return text;
  try {
    return parseDecimal(text, "expect");
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    const message = `expect is ${JSON.stringify(text)}: give ${EXPECTATIONS}`;
    throw new LedgerError("invalid-argument", message, { values: { expect: text }, cause: error });
  }
}

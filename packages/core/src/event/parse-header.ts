import * as z from "zod";
import { checkName, isOrigin, normaliseTags } from "../check-name.ts";
import { LedgerError } from "../errors.ts";
import { isCanonicalObject } from "../json/is-canonical-object.ts";

/** An event's header as its text says it; hashes in hex. */
export interface EventHeader {
  data: string;
  id: string;
  ledger: string;
  meta: string;
  schema: number;
  stream: string;
  tags: string[];
  type: string;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const headerShape = z.strictObject({
  data: hash,
  id: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  ledger: z.string().refine(isOrigin),
  meta: hash,
  schema: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  stream: z.string(),
  tags: z.array(z.string()),
  type: z.string(),
});
const HEADER_KEYS: ReadonlySet<string> = new Set(Object.keys(headerShape.shape));

/** The most bytes that a header text may have: room for thousands of the longest tags. */
const MAX_HEADER_BYTES: number = 4 * 1024 * 1024;

/**
 * Reads a header's text: canonical JSON with exactly its eight keys, sound names, tags in order.
 * Throws `unsupported-format` for a key of a later format beside the eight, which nobody can judge who does not know it, and
 * `bad-bundle` for everything else.
 */
export function parseHeader(text: string): EventHeader {
  if (!isCanonicalObject(text, { maxBytes: MAX_HEADER_BYTES })) throw bad("the header is not canonical JSON");
  const value = JSON.parse(text) as Record<string, unknown>;
  const unknown = Object.keys(value).find((key) => !HEADER_KEYS.has(key));
  if (unknown !== undefined && [...HEADER_KEYS].every((key) => Object.hasOwn(value, key))) {
    const key = unknown.slice(0, 64);
    throw new LedgerError(
      "unsupported-format",
      `the header has a key that this version does not know: ${JSON.stringify(key)}`,
      {
        values: { key },
      },
    );
  }
  const parsed = headerShape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw bad(`the header is not an event's: ${issue?.path.join(".") || "its keys"}: ${issue?.message ?? "malformed"}`);
  }
  checkNames(parsed.data);
  return parsed.data;
}

function checkNames(header: EventHeader): void {
  let sorted: string[];
  try {
    checkName("stream", header.stream, { system: true });
    checkName("type", header.type, { system: true });
    sorted = normaliseTags(header.tags, { system: true });
  } catch (error) {
    throw bad(`the header holds a name that no event may have: ${(error as Error).message}`, error);
  }
  if (sorted.some((tag, index) => tag !== header.tags[index]))
    throw bad("the header's tags are not sorted by their bytes");
}

function bad(message: string, cause?: unknown): LedgerError {
  return new LedgerError("bad-bundle", message, { cause });
}

import { readFile } from "node:fs/promises";
import { LedgerError, parseJson } from "@eventchain/core";
import { z } from "zod";
import { describeIssues } from "../jsonl/parse-append-line.ts";

const words = z.enum(["as-is", "pascal"]);

/** How rows become events. A template is text with `{column}` in it; `{{` and `}}` stand for braces. */
const mapSchema = z.strictObject({
  /** A template. */
  stream: z.string().min(1),
  /** A template, or a column whose words are joined ("pascal": "Assign seriousness" to "AssignSeriousness"). */
  type: z.union([z.string().min(1), z.strictObject({ column: z.string(), words: words.default("as-is") })]),
  /** A column: RFC 3339 with an offset; becomes metadata.occurredAt. */
  time: z.string().optional(),
  /** A column. */
  actor: z.string().optional(),
  /** Templates. */
  tags: z.array(z.string().min(1)).default([]),
  /** Columns, or all of them. */
  data: z.union([z.literal("*"), z.array(z.string()).min(1)]),
});

/** A map as its file gives it; which columns the CSV file has is not known yet. */
export type CsvMap = z.infer<typeof mapSchema>;

/** Reads the map of an import. Errors: LedgerError `config-invalid`, naming the file and each field at fault. */
export async function readMap(path: string): Promise<CsvMap> {
  try {
    const bytes = await readFile(path);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return parseMap(parseJson(text));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? "there is no such file"
        : code === "ERR_ENCODING_INVALID_ENCODED_DATA"
          ? "not UTF-8"
          : message;
    throw new LedgerError("config-invalid", `map ${path}: ${why}`, { values: { file: path }, cause: error });
  }
}

/** Errors: LedgerError `config-invalid`. */
export function parseMap(value: unknown): CsvMap {
  const parsed = mapSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LedgerError("config-invalid", describeIssues(parsed.error));
}

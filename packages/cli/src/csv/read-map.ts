import { readFile } from "node:fs/promises";
import { LedgerError, parseJson } from "@eventchain/core";
import { z } from "zod";
import { allow, describeIssues, someText } from "../jsonl/describe-issues.ts";

const COLUMN = "the name of a column";
const TYPE = 'a template, or {"column": NAME, "words": "as-is" or "pascal"}';
const DATA = 'a list of columns, or "*" for all of them';

const words = z.enum(["as-is", "pascal"], allow('"as-is" or "pascal"'));

/** How rows become events. A template is text with `{column}` in it; `{{` and `}}` stand for braces. */
const mapSchema = z.strictObject(
  {
    /** A template. */
    stream: someText("a template"),
    /** A template, or a column whose words are joined ("pascal": "Assign seriousness" to "AssignSeriousness"). */
    type: z.union(
      [someText(TYPE), z.strictObject({ column: z.string(allow(COLUMN)), words: words.default("as-is") }, allow(TYPE))],
      allow(TYPE),
    ),
    /** A column: RFC 3339 with an offset; becomes metadata.occurredAt. */
    time: z.string(allow(COLUMN)).optional(),
    /** A column. */
    actor: z.string(allow(COLUMN)).optional(),
    /** Templates. */
    tags: z.array(someText("a template"), allow("a list of templates")).default([]),
    /** Columns, or all of them. */
    data: z.union(
      [z.literal("*"), z.array(z.string(allow(COLUMN)), allow(DATA)).min(1, `is empty: give ${DATA}`)],
      allow(DATA),
    ),
  },
  allow("an object {stream, type, time?, actor?, tags?, data}"),
);

/** A map as its file gives it; which columns the CSV file has is not known yet. */
export type CsvMap = z.infer<typeof mapSchema>;

/** Reads the map of an import. Errors: LedgerError `config-invalid`, naming the file and each field at fault. */
export function readMap(path: string): Promise<CsvMap> {
  return readMapAs(path, parseMap);
}

/** Reads a map's file, and what `parse` makes of its JSON. Errors: LedgerError `config-invalid`, naming the file. */
export async function readMapAs<T>(path: string, parse: (value: unknown) => T): Promise<T> {
  try {
    const bytes = await readFile(path);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return parse(parseJson(text));
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
  throw new LedgerError("config-invalid", describeIssues(parsed.error, "the map"));
}

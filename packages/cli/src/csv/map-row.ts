import { LedgerError } from "@eventchain/core";
import { type CsvRow, columnsOf, expandTemplate, joinWords, parseTemplate, type Template } from "@eventchain/crud";
import { type AppendOptions, checkAppend, type EventInput, parseInstant } from "@eventchain/ledger";
import type { CsvMap } from "./read-map.ts";

/** One row as an append, without its command id. */
export interface MappedRow {
  readonly stream: string;
  readonly event: EventInput;
  readonly options: AppendOptions;
}

/** What is wrong with a row. */
export class RowError extends Error {
  /** The column at fault, where it is one. */
  readonly column: string | undefined;

  constructor(message: string, column?: string) {
    super(message);
    this.column = column;
  }
}

/** Makes events of rows. Throws RowError for a row that cannot be recorded. */
export type RowMapper = (row: CsvRow) => MappedRow;

/**
 * Fits a map to a file's header. What an empty cell means: in `stream`, `type` or `time` the row is refused; an `actor` is
 * left out, and so is a tag; in `data` it is an empty text.
 * Errors: LedgerError `config-invalid` for a column that the file has not.
 */
export function fitMap(map: CsvMap, header: readonly string[]): RowMapper {
  const stream = parseTemplate(map.stream, "stream");
  const type =
    typeof map.type === "string" ? parseTemplate(map.type, "type") : ([{ column: map.type.column }] as const);
  const tags = map.tags.map((tag, index) => parseTemplate(tag, `tags.${index}`));
  const data = map.data === "*" ? header : map.data;
  checkColumns(header, [
    ["stream", columnsOf(stream)],
    ["type", columnsOf(type)],
    ["time", map.time === undefined ? [] : [map.time]],
    ["actor", map.actor === undefined ? [] : [map.actor]],
    ["tags", tags.flatMap(columnsOf)],
    ["data", data],
  ]);
  const places = new Map(header.map((column, index) => [column, index]));
  const pascal = typeof map.type === "object" && map.type.words === "pascal";

  return ({ cells }) => {
    const cell = (column: string): string => cells[places.get(column) ?? -1] ?? "";
    const typeText = filled(type, cell);
    const mapped: MappedRow = {
      stream: filled(stream, cell),
      event: {
        type: pascal ? joinWords(typeText) : typeText,
        data: Object.fromEntries(data.map((column) => [column, cell(column)])),
        tags: [...new Set(tags.flatMap((tag) => textOf(expandTemplate(tag, cell))))],
      },
      options: {
        actor: map.actor === undefined ? undefined : cell(map.actor) || undefined,
        occurredAt: map.time === undefined ? undefined : instant(cell(map.time), map.time),
      },
    };
    check(mapped);
    return mapped;
  };
}

function checkColumns(header: readonly string[], uses: readonly (readonly [string, readonly string[]])[]): void {
  for (const [field, columns] of uses) {
    const missing = columns.find((column) => !header.includes(column));
    if (missing === undefined) continue;
    throw new LedgerError(
      "config-invalid",
      `the map's ${field} takes column ${JSON.stringify(missing)}, which the file does not have: it has ${header.map((column) => JSON.stringify(column)).join(", ")}`,
      { values: { field, column: missing } },
    );
  }
}

function filled(template: Template, cell: (column: string) => string): string {
  const expanded = expandTemplate(template, cell);
  if ("text" in expanded) return expanded.text;
  throw new RowError("is empty", expanded.emptyColumn);
}

function textOf(expanded: ReturnType<typeof expandTemplate>): string[] {
  return "text" in expanded ? [expanded.text] : [];
}

function instant(text: string, column: string): string {
  if (text === "") throw new RowError("is empty, and the map takes the time from it", column);
  try {
    return parseInstant(text).text;
  } catch (error) {
    throw error instanceof LedgerError ? new RowError(error.message, column) : error;
  }
}

function check({ stream, event, options }: MappedRow): void {
  try {
    checkAppend(stream, event, options);
  } catch (error) {
    throw error instanceof LedgerError ? new RowError(error.message) : error;
  }
}

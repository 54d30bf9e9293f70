export { type CsvReading, type CsvRow, readRows } from "./csv/read-rows.ts";
export type { RowDifference, TableComparison } from "./import/compare-rows.ts";
export { type ImportOptions, type ImportStage, importTables } from "./import/import-tables.ts";
export type { BadRow, ImportReport, TableCounts } from "./import/report.ts";
export { draftCrudMap } from "./map/draft-map.ts";
export { columnsOf, expandTemplate, parseTemplate, type Template } from "./map/expand-template.ts";
export { joinWords } from "./map/join-words.ts";
export { isCrudMap, parseCrudMap } from "./map/map-schema.ts";
export type { CrudHistory, CrudMap, CrudTable, RowEventTypes, TimeColumn, TimeUnit } from "./map/types.ts";
export { type ReplayedRows, replayRows } from "./replay/replay-rows.ts";
export { diffRows, type FieldChange, foldRow, type RowChange, type RowImage } from "./rows/diff-rows.ts";
export { type RowModel, rowModel } from "./rows/row-events.ts";
export { openCsvSource } from "./sources/open-csv.ts";
export { openPostgresSource } from "./sources/open-postgres.ts";
export { isSqliteFile, openSqliteSource } from "./sources/open-sqlite.ts";
export type { ForeignKey, RowOrder, SourceTable, TableSource } from "./sources/types.ts";
export {
  decodeRow,
  decodeValue,
  type EncodedRow,
  type EncodedValue,
  encodeRow,
  encodeValue,
} from "./values/encode-value.ts";
export {
  classOf,
  type Digest,
  type Numeric,
  type RawText,
  type SqlRow,
  type SqlValue,
  sameValue,
} from "./values/sql-value.ts";

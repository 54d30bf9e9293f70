export { type CsvReading, type CsvRow, readRows } from "./csv/read-rows.ts";
export { columnsOf, expandTemplate, parseTemplate, type Template } from "./map/expand-template.ts";
export { joinWords } from "./map/join-words.ts";

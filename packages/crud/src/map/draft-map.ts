import type { SourceTable, TableSource } from "../sources/types.ts";
import { defaultStream } from "./fit-map.ts";
import { joinWords } from "./join-words.ts";

/**
 * A map of every table of a source, to be edited: each with its key, a stream of its own, and a tag for itself and for
 * each row that its foreign keys name. A table without a primary key has an empty `key`, which no import takes.
 */
export async function draftCrudMap(source: TableSource): Promise<object> {
  const tables = await source.tables();
  return { tables: tables.map((table) => draftTable(table, source.identity.kind === "csv")) };
}

function draftTable({ name, key, foreignKeys }: SourceTable, isFile: boolean): object {
  const tags = [tag(name, key), ...foreignKeys.map((foreignKey) => tag(foreignKey.table, foreignKey.columns))];
  return {
    name,
    key,
    ...(key.length === 0 ? {} : { stream: defaultStream(name, key) }),
    entity: joinWords(name),
    tags: [...new Set(tags.filter((each) => each !== undefined))],
    // A file may hold a part of a table, a database holds all of it.
    ...(isFile ? {} : { deleted: "record" }),
  };
}

/** Columns with braces in their names have no place in a template. */
function tag(table: string, columns: readonly string[]): string | undefined {
  if (columns.length === 0 || columns.some((column) => /[{}]/.test(column))) return undefined;
  const word = joinWords(table);
  return `${word.charAt(0).toLowerCase()}${word.slice(1)}:${columns.map((column) => `{${column}}`).join("-")}`;
}

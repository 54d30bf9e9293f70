/** One element: in quotes, with a backslash before each quote and backslash, or as it is. */
const ELEMENT = /"((?:[^"\\]|\\.)*)"|[^",{}\\]+/gsu;

/** The texts of a `text[]` of one dimension without nulls, from Postgres's own text of it. */
export function decodeTexts(list: string): string[] {
  if (list === "{}") return [];
  // Most have nothing that Postgres puts into quotes.
  if (!list.includes('"')) return list.slice(1, -1).split(",");
  return Array.from(list.matchAll(ELEMENT), ([whole, quoted]) => quoted?.replace(/\\(.)/gsu, "$1") ?? whole);
}

import { LedgerError } from "@eventchain/core";

/** A template, cut into the texts and the columns that it is made of. */
export type Template = readonly ({ readonly text: string } | { readonly column: string })[];

/**
 * Reads text with `{column}` in it. Column names may hold anything but braces; `{{` and `}}` stand for braces.
 * @param where the map's field, for the error: LedgerError `config-invalid`.
 */
export function parseTemplate(source: string, where: string): Template {
  const parts: ({ text: string } | { column: string })[] = [];
  let text = "";
  let rest = source;
  while (rest !== "") {
    const brace = rest.search(/[{}]/);
    if (brace === -1) break;
    text += rest.slice(0, brace);
    const [character, next] = [rest.charAt(brace), rest.charAt(brace + 1)];
    if (next === character) {
      text += character;
      rest = rest.slice(brace + 2);
      continue;
    }
    const end = rest.indexOf("}", brace);
    const column = rest.slice(brace + 1, end);
    if (character === "}" || end === -1 || column === "" || column.includes("{"))
      throw new LedgerError(
        "config-invalid",
        `${where} ${JSON.stringify(source)} has a brace out of place: write {column}, and {{ or }} for a brace itself`,
      );
    if (text !== "") parts.push({ text });
    text = "";
    parts.push({ column });
    rest = rest.slice(end + 1);
  }
  if (text + rest !== "") parts.push({ text: text + rest });
  return parts;
}

/** The columns that a template takes. */
export function columnsOf(template: Template): string[] {
  return template.flatMap((part) => ("column" in part ? [part.column] : []));
}

/** The template's text for one row, or the first of its columns that is empty there. */
export function expandTemplate(
  template: Template,
  cell: (column: string) => string,
): { readonly text: string } | { readonly emptyColumn: string } {
  let text = "";
  for (const part of template) {
    const value = "column" in part ? cell(part.column) : part.text;
    if (value === "" && "column" in part) return { emptyColumn: part.column };
    text += value;
  }
  return { text };
}

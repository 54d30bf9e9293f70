/** Words that begin what would end or change a transaction, its role or its settings, or speak on the connection itself. */
const NOT_ITS_OWN =
  /(begin|start|commit|end|rollback|abort|savepoint|release|prepare|deallocate|set|reset|copy|listen|notify|unlisten|discard)\b/iy;

/** White space, line comments and empty statements. */
const GAP = /(?:[\s;]|--[^\r\n]*)*/y;

/**
 * Whether a text, of which Postgres takes one statement only, leaves the transaction and its settings as they are. Functions
 * that it calls may still change settings: `runProjector` looks at the end.
 */
export function isOwnStatement(text: string): boolean {
  NOT_ITS_OWN.lastIndex = beginOf(text);
  return !NOT_ITS_OWN.test(text);
}

/** Where a text's first word is. */
function beginOf(text: string): number {
  for (let at = 0; ; at = endOfComment(text, at)) {
    GAP.lastIndex = at;
    at += GAP.exec(text)?.[0].length ?? 0;
    if (!text.startsWith("/*", at)) return at;
  }
}

/** Comments of this kind stand in each other. */
function endOfComment(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

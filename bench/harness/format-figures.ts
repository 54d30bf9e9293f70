/** A figure as tables show it: three significant digits at least, thousands apart by commas. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  const digits = size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(digits);
}

/** The same figure with so many significant digits, for files that are compared. */
export function roundFigure(value: number, digits: number = 5): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : value;
}

/** A mark of an axis: `20k`, `1.5M`. */
export function formatTick(value: number): string {
  const [size, unit] = value >= 1e6 ? [1e6, "M"] : value >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${Number((value / size).toPrecision(3))}${unit}`;
}

/** A table of Markdown whose columns are as wide as their widest cell; all but the first `left` are aligned right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[], left: number = 1): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i < left ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |`;
  const rule = widths.map((width, i) => (i < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

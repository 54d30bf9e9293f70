/** Of every picture, pixels. */
export const WIDTH = 900;

/** A part of a picture, from its own upper edge down. */
export interface Panel {
  height: number;
  draw(top: number): string[];
}

/** Text that may stand in XML and HTML. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** One element; numbers are rounded to a tenth of a pixel. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  inner: string = "",
): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? Math.round(value * 10) / 10 : escapeText(value)}"`,
  );
  return inner === "" ? `<${name}${list.join("")}/>` : `<${name}${list.join("")}>${inner}</${name}>`;
}

export function text(
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element("text", { x, y, ...attributes }, escapeText(content));
}

export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  attributes: Readonly<Record<string, string>>,
): string {
  return element("line", { x1, y1, x2, y2, ...attributes });
}

/** Ours stands out, peers and what is bare each have a shade of their own. */
export const COLOURS = {
  ours: ["#0b6e4f", "#3fa47d", "#8fcfb3"],
  peer: ["#b3541e", "#d98c3f", "#8c5fa8", "#c2478a", "#a3781f"],
  bare: ["#4a5568", "#7d8aa0", "#a9b4c4", "#c9d1dc"],
} as const;

/** Readable in a page of any background, and by itself. */
export function document(width: number, height: number, inner: readonly string[]): string {
  return `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      width: Math.ceil(width),
      height: Math.ceil(height),
      "font-family": "system-ui, sans-serif",
      "font-size": 13,
      fill: "#1a202c",
    },
    `\n${element("rect", { x: 0, y: 0, width, height, fill: "#ffffff" })}\n${inner.join("\n")}\n`,
  )}\n`;
}

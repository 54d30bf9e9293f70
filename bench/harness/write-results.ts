import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { roundFigure } from "./format-figures.ts";
import type { KeptResults } from "./kept-results.ts";
import { drawSuite } from "./plot/draw-suite.ts";
import { writePage } from "./plot/write-page.ts";
import { SUITES } from "./read-options.ts";

const RESULTS_DIR: string = join(import.meta.dirname, "..", "results");

/** Keeps the results of one suite, and draws the page of all that are there anew. */
export function writeResults(results: KeptResults, dir: string = RESULTS_DIR): void {
  mkdirSync(dir, { recursive: true });
  const rounded = JSON.parse(stringifyResults(results)) as KeptResults;
  writeFileSync(join(dir, `${results.suite}.json`), stringifyResults(results));
  writeFileSync(join(dir, `${results.suite}.svg`), drawSuite(rounded));
  writeFileSync(join(dir, "index.html"), writePage(readResults(dir)));
}

/** JSON with five significant digits, its keys in the order of the types; a list of numbers is one line. */
export function stringifyResults(results: KeptResults): string {
  const text = JSON.stringify(
    results,
    (_, value: unknown) => (typeof value === "number" ? roundFigure(value) : value),
    2,
  );
  return `${text.replaceAll(/\[\s+(-?[\d.][^[\]{}"]*?)\s+\]/g, (_, list: string) => `[${list.replaceAll(/\s+/g, " ")}]`)}\n`;
}

/** What is kept there, in the order that suites run in. */
export function readResults(dir: string): KeptResults[] {
  const rank = (name: string): number => (SUITES as readonly string[]).indexOf(name);
  return readdirSync(dir)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(dir, name), "utf8")) as KeptResults)
    .sort((a, b) => rank(a.suite) - rank(b.suite));
}

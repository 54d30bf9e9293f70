import { printEnvironment } from "../describe-environment.ts";
import type { KeptResults } from "../kept-results.ts";
import { printCase, printTargets } from "../print-tables.ts";
import { escapeText } from "./svg.ts";

/** One page of all kept results: pictures by their files' names, tables, targets, and where they were measured. */
export function writePage(all: readonly KeptResults[]): string {
  const targets = all.flatMap((each) => each.targets);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>EventChain: the benchmark</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a202c; }
pre { overflow-x: auto; font-size: 12px; line-height: 1.4; background: #f7fafc; padding: 0.75rem; }
img { max-width: 100%; height: auto; }
</style>
<h1>EventChain: the benchmark</h1>
<p>Made by <code>npm run bench</code>. Everybody ran on the same server with the same settings, in turn, round by round.</p>
<h2>Targets</h2>
<pre>${escapeText(printTargets(targets))}</pre>
${all.map(writeSuite).join("\n")}
</html>
`;
}

function writeSuite({ suite, title, unit, notes, environment, cases }: KeptResults): string {
  return `<h2 id="${escapeText(suite)}">${escapeText(title)}</h2>
<img src="${escapeText(suite)}.svg" alt="${escapeText(title)}">
<ul>${notes.map((note) => `<li>${escapeText(note)}</li>`).join("")}</ul>
<details><summary>Figures</summary>
<pre>${escapeText(cases.map((each) => printCase(each, unit)).join("\n\n"))}</pre></details>
<details><summary>Where and when</summary><pre>${escapeText(printEnvironment(environment))}</pre></details>`;
}

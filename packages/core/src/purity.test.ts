import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const folder = import.meta.dirname;
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.includes(".test.") && !file.includes(".fixture."))
  .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));

test("only the file that package.json keeps from browsers needs Node", () => {
  const needy = sources.filter(({ text }) => /"node:|\bBuffer\b|\bprocess\.|\bglobal\b|require\(/.test(text));
  expect(needy.map(({ file }) => file)).toEqual([join("crypto", "node.ts")]);
  expect(sources.length).toBeGreaterThan(20);
});

test("no source reads a clock, a file or the network", () => {
  const impure = sources.filter(({ text }) =>
    /Date\.now|new Date\(|performance\.|fetch\(|setTimeout|Math\.random/.test(text),
  );
  expect(impure.map(({ file }) => file)).toEqual([]);
});

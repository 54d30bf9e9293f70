import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, splitLines } from "./split-lines.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* inChunks(bytes: Buffer, cuts: Iterable<number>): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const cut of cuts) {
    const end = Math.min(bytes.length, start + cut);
    yield bytes.subarray(start, end);
    start = end;
    if (start === bytes.length) return;
  }
}

async function lines(bytes: Buffer, cuts: Iterable<number> = [bytes.length], maxBytes = 1000): Promise<Line[]> {
  return all(splitLines(inChunks(bytes, cuts), maxBytes));
}

const texts = (all: readonly Line[]): (string | undefined)[] =>
  all.map((line) => ("text" in line ? line.text : undefined));

test("cuts at line feeds, wherever the chunks are cut", async () => {
  const line = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed() && !text.includes("\n"));
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 9 }));
  await fc.assert(
    fc.asyncProperty(fc.array(line), cuts, async (given, stream) => {
      const bytes = Buffer.from(given.map((text) => `${text}\n`).join(""));
      expect(texts(await lines(bytes, stream))).toEqual(given);
    }),
  );
});

test("the last line may lack its line feed, and there may be no line at all", async () => {
  expect(await lines(Buffer.from("one\ntwo"))).toMatchObject([
    { number: 1, text: "one" },
    { number: 2, text: "two" },
  ]);
  expect(await lines(Buffer.from(""))).toEqual([]);
});

test("a line that is too long, or not UTF-8, is an error; the next one is read", async () => {
  const bytes = Buffer.concat([
    Buffer.from(`${"x".repeat(11)}\n${"y".repeat(10)}\n`),
    Buffer.from([0xff, 0x0a]),
    Buffer.from("last"),
  ]);
  for (const cut of [1, 3, 100]) {
    const read = await lines(bytes, Array<number>(100).fill(cut), 10);
    expect(read).toMatchObject([
      { number: 1, error: { code: "too-large", values: { line: 1, maxBytes: 10 } } },
      { number: 2, text: "y".repeat(10) },
      { number: 3, error: { code: "invalid-json", message: "line 3 is not UTF-8" } },
      { number: 4, text: "last" },
    ]);
  }
});

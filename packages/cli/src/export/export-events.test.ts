import type { LedgerEvent } from "@eventchain/ledger";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ExportFormat, exportEvents } from "./export-events.ts";
import { CSV_COLUMNS } from "./format-csv.ts";

const watermarks = { sealedSize: 5n, anchoredSize: 3n, finalSize: 1n };

const name = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1 }),
    fc.constantFrom('a"b', "a,b", "a\r\nb", "=1+1", " a ", "\ufeffa", "'"),
  )
  .filter((text) => text.isWellFormed() && !text.includes("\0"));
const json = fc
  .dictionary(name, fc.jsonValue({ maxDepth: 2, stringUnit: "grapheme" }), { maxKeys: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const anyEvent: fc.Arbitrary<LedgerEvent> = fc.record({
  position: fc.bigInt({ min: 1n, max: 9n }),
  stream: name,
  version: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  id: fc.uuid({ version: 7 }),
  type: name,
  schema: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  tags: fc.uniqueArray(name, { maxLength: 3 }),
  recordedAtMicros: fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n }),
  data: fc.option(json),
  metadata: fc.option(
    fc.tuple(json, fc.dictionary(fc.constant("actor"), name)).map(([one, other]) => ({ ...one, ...other })),
  ),
  hash: fc.stringMatching(/^[0-9a-f]{64}$/),
});

async function* each(events: readonly LedgerEvent[]): AsyncGenerator<LedgerEvent> {
  yield* events;
}

async function textOf(format: ExportFormat, events: readonly LedgerEvent[]): Promise<string> {
  let text = "";
  for await (const chunk of exportEvents(each(events), { format, origin: "a.example", watermarks })) text += chunk;
  return text;
}

/** What a reader who knows the columns gets of a CSV export. */
function readCsv(text: string): object[] {
  const rows = parse(text, { columns: true, record_delimiter: "\r\n" }) as Record<string, string>[];
  return rows.map((row) => ({
    ...row,
    tags: JSON.parse(row.tags ?? ""),
    data: row.data === "" ? null : JSON.parse(row.data ?? ""),
    metadata: row.metadata === "" ? null : JSON.parse(row.metadata ?? ""),
  }));
}

describe("CSV", () => {
  test("parsed back, is the events", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 5 }), async (events) => {
        const rows = readCsv(await textOf("csv", events));
        expect(rows).toEqual(
          events.map(({ position, version, stream, id, type, schema, tags, data, metadata, hash }) => ({
            position: `${position}`,
            version: `${version}`,
            stream,
            id,
            type,
            schema: `${schema}`,
            tags,
            recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
            actor: metadata?.actor ?? "",
            correlationId: metadata?.correlationId ?? "",
            causationId: metadata?.causationId ?? "",
            data,
            metadata,
            hash,
            state: position > 5n ? "appended" : position > 3n ? "sealed" : position > 1n ? "anchored" : "final",
          })),
        );
      }),
    );
  });

  test("has a header, though there is no event", async () => {
    expect(await textOf("csv", [])).toBe(`${CSV_COLUMNS.join(",")}\r\n`);
  });

  test("says nothing where data and metadata were erased, and keeps a formula as it was recorded", async () => {
    const event: LedgerEvent = {
      position: 1n,
      stream: '=HYPERLINK("x")',
      version: 1n,
      id: "0192e1c4-9d4b-7c31-8a52-000000000001",
      type: "T",
      schema: 1,
      tags: [],
      recordedAtMicros: 1n,
      data: null,
      metadata: null,
      hash: "ab".repeat(32),
    };
    const [, line] = (await textOf("csv", [event])).split("\r\n");
    expect(line).toBe(
      `1,1,"=HYPERLINK(""x"")",0192e1c4-9d4b-7c31-8a52-000000000001,T,1,[],1970-01-01T00:00:00.000001Z,,,,,,${"ab".repeat(32)},final`,
    );
  });
});

test("reads no more events than were taken", async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<LedgerEvent> {
    const [event] = fc.sample(anyEvent, 1);
    for (;;) {
      read += 1;
      yield { ...(event as LedgerEvent), data: { text: "x".repeat(1000) } };
    }
  }
  const pieces = exportEvents(endless(), { format: "jsonl", origin: "a.example", watermarks });
  await pieces.next();
  expect(read).toBeLessThan(100);
  await pieces.return();
});

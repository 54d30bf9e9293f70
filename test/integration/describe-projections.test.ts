import { defineModel, defineProjection, describeProjections } from "@eventchain/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added } from "../support/projecting.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const sums = defineProjection("sums", {
  model: defineModel("sum", { initial: () => 0, describe: "The sum of all numbers" }).on(Added, (sum) => sum),
  mode: "inline",
});
const seen = defineProjection("seen", {
  version: 2,
  level: "final",
  where: { tags: ["a|b"] },
  describe: "Numbers that were added.",
  schema: `create table seen (n int not null, at timestamptz);
    comment on column seen.n is 'The number';
    create view big as select n from seen where n > 9;
    comment on view big is 'Those of two digits'`,
}).on(Added, () => undefined);

test("projections are described from what their SQL makes, and nothing of that stays", async () => {
  expect(
    await describeProjections({ projections: [sums, seen], database: database.pool, level: 1 }),
  ).toBe(`# Projections

## sums

The sum of all numbers

Version 1, written with each append. Of: [\`Added\`](#added).

Table \`sums\`: The sum of all numbers

| Column | Type |  |
|---|---|---|
| \`key\` | text | Which entity it is the state of; empty where there is one only. |
| \`state\` | json | The state of the model sum, version 1: canonical JSON. |
| \`position\` | bigint | The last event in it: its position in the ledger. |
| \`version\` | bigint | The version that event has in its stream. |
| \`updated_at\` | timestamp with time zone | When that event was recorded. |

## seen

Numbers that were added.

Version 2, written by a worker, once events are final. Of: [\`Added\`](#added), tagged \`a|b\`.

View \`big\`: Those of two digits

| Column | Type |  |
|---|---|---|
| \`n\` | integer |  |

Table \`seen\`: Numbers that were added.

| Column | Type |  |
|---|---|---|
| \`n\` | integer | The number |
| \`at\` | timestamp with time zone |  |`);
  const { rows } = await database.pool.query("select nspname from pg_namespace where nspname like 'ledger%'");
  expect(rows).toEqual([]);
});

test("one whose SQL cannot be made is named", async () => {
  const bad = defineProjection("bad", { schema: "create table a (n nothing)" });
  await expect(describeProjections({ projections: [bad], database: database.pool })).rejects.toMatchObject({
    code: "projection-failed",
    message: expect.stringMatching(/bad.*type "nothing" does not exist/),
  });
});

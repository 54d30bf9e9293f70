import { defineEvent, defineModel, type EventDefinition, type Model } from "@eventchain/ledger";
import { z } from "zod";
import { eventTypes } from "../map/map-schema.ts";
import type { CrudTable } from "../map/types.ts";
import type { EncodedRow, EncodedValue } from "../values/encode-value.ts";
import { type FieldChange, foldRow, type RowImage } from "./diff-rows.ts";

// Any JSON at all: which columns there are, and of which types, is the source's to say.
const form = z.json() as unknown as z.ZodType<EncodedValue>;
const fields = z.record(z.string(), form);
const changed = z.record(z.string(), z.strictObject({ from: form.optional(), to: form.optional() }));

interface RowKey {
  readonly key: EncodedRow;
}

/** The events of a table's rows, and the model of one row: the image that its events left. */
export interface RowModel {
  readonly created: EventDefinition<string, RowKey & { readonly values: EncodedRow }>;
  readonly changed: EventDefinition<string, RowKey & { readonly changes: Readonly<Record<string, FieldChange>> }>;
  readonly deleted: EventDefinition<string, RowKey>;
  readonly model: Model<RowImage>;
}

/**
 * What a table of a map is in the ledger, for an app that goes on with it: `ledger.state(rowModel(table).model, stream)` is
 * the row in its present form, or with `at` an earlier one; `decodeRow` gives its values.
 */
export function rowModel(table: CrudTable): RowModel {
  const types = eventTypes(table);
  const events = {
    created: defineEvent(types.created, { schema: z.strictObject({ key: fields, values: fields }) }),
    changed: defineEvent(types.changed, { schema: z.strictObject({ key: fields, changes: changed }) }),
    deleted: defineEvent(types.deleted, { schema: z.strictObject({ key: fields }) }),
  };
  const model = defineModel<RowImage>(`row of ${table.name}`.slice(0, 512), { initial: () => null })
    .on(events.created, (image, { data }) => foldRow(image, { kind: "created", values: data.values }))
    .on(events.changed, (image, { data }) =>
      foldRow(image, { kind: "changed", changes: data.changes as Record<string, FieldChange> }),
    )
    .on(events.deleted, (image) => foldRow(image, { kind: "deleted" }));
  return { ...events, model } as unknown as RowModel;
}

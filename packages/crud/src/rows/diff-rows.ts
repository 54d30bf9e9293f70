import { canonicalJson } from "@eventchain/core";
import type { EncodedRow, EncodedValue } from "../values/encode-value.ts";

/** What became of one field. Without `from` it was not there before, without `to` it is not there any more. */
export interface FieldChange {
  readonly from?: EncodedValue;
  readonly to?: EncodedValue;
}

/** What became of a row: the content of its event's data, but for the key. */
export type RowChange =
  | { readonly kind: "created"; readonly values: EncodedRow }
  | { readonly kind: "changed"; readonly changes: Readonly<Record<string, FieldChange>> }
  | { readonly kind: "deleted" };

/** A row as its events left it; null before it was created, and after it was deleted. */
export type RowImage = EncodedRow | null;

/** The change that makes one image of a row the other; undefined where they are the same. `foldRow` makes it. */
export function diffRows(before: RowImage, after: RowImage): RowChange | undefined {
  if (before === null) return after === null ? undefined : { kind: "created", values: after };
  if (after === null) return { kind: "deleted" };
  const changes: [string, FieldChange][] = [];
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const change = {
      ...(Object.hasOwn(before, field) ? { from: before[field] as EncodedValue } : {}),
      ...(Object.hasOwn(after, field) ? { to: after[field] as EncodedValue } : {}),
    };
    if (!("from" in change && "to" in change && sameForm(change.from, change.to))) changes.push([field, change]);
  }
  return changes.length === 0 ? undefined : { kind: "changed", changes: Object.fromEntries(changes) };
}

/** The image after a change. */
export function foldRow(image: RowImage, change: RowChange): RowImage {
  if (change.kind === "created") return change.values;
  if (change.kind === "deleted") return null;
  const fields = new Map(Object.entries(image ?? {}));
  for (const [field, { to }] of Object.entries(change.changes)) {
    if (to === undefined) fields.delete(field);
    else fields.set(field, to);
  }
  return Object.fromEntries(fields);
}

/** A ledger gives the keys of an object back in canonical order, whatever order they were written in. */
function sameForm(one: EncodedValue, other: EncodedValue): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  return canonicalJson(one) === canonicalJson(other);
}

/** A column of a table or view. */
interface RelationColumn {
  readonly name: string;
  /** As SQL writes it, with its modifiers. */
  readonly type: string;
  readonly collation: string;
  readonly comment: string | null;
}

/** A table or view, as `projection-relations.sql` reads it. */
export interface Relation {
  readonly name: string;
  /** Postgres's letter: `r` and `p` are tables, `v` a view. */
  readonly kind: string;
  readonly comment: string | null;
  readonly columns: readonly RelationColumn[];
  /** Whom it was granted to beside its owner; `role` null: to everybody. */
  readonly grants: readonly { readonly role: string | null; readonly privilege: string; readonly grantable: boolean }[];
  /** The schemas that a view reads. */
  readonly sources: readonly string[];
}

/** What is done about one name: `make` where there is no view yet, `remake` where its columns differ. */
export type ViewChange =
  | { readonly change: "make"; readonly to: Relation }
  | { readonly change: "replace" | "remake"; readonly to: Relation; readonly from: Relation }
  | { readonly change: "drop"; readonly from: Relation };

export type ViewPlan =
  | { readonly kind: "planned"; readonly changes: readonly ViewChange[] }
  /** The name is taken by something that is not this projection's. */
  | { readonly kind: "taken"; readonly name: string; readonly by: Relation };

/** `create or replace view` keeps a view's columns as they are, in order, and takes more at the end only. */
function mayReplace(from: Relation, to: Relation): boolean {
  return from.columns.every((column, at) => {
    const next = to.columns[at];
    return (
      next !== undefined &&
      next.name === column.name &&
      next.type === column.type &&
      next.collation === column.collation
    );
  });
}

/**
 * How the views that people read get from one build of a projection to the next.
 *
 * @param existing all that stands in the ledger's schema
 * @param fresh tables and views of the build that is swapped in
 * @param oldSchema of the build that is live until now: what reads it is this projection's
 */
export function planViews(
  existing: readonly Relation[],
  fresh: readonly Relation[],
  oldSchema: string | undefined,
): ViewPlan {
  const isOwn = ({ kind, sources }: Relation): boolean =>
    kind === "v" && oldSchema !== undefined && sources.includes(oldSchema);
  const changes: ViewChange[] = [];
  for (const to of fresh) {
    const from = existing.find(({ name }) => name === to.name);
    if (from === undefined) changes.push({ change: "make", to });
    else if (!isOwn(from)) return { kind: "taken", name: to.name, by: from };
    else changes.push({ change: mayReplace(from, to) ? "replace" : "remake", to, from });
  }
  const gone = existing.filter((from) => isOwn(from) && !fresh.some(({ name }) => name === from.name));
  return { kind: "planned", changes: [...changes, ...gone.map((from) => ({ change: "drop", from }) as const)] };
}

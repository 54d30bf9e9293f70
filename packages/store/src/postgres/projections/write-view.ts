import pg from "pg";
import type { Relation, ViewChange } from "./plan-views.ts";

const { escapeIdentifier: id, escapeLiteral: literal } = pg;

/** Who may read each new view, by the schema's default privileges: 0009_projections. */
const READERS = "eventchain_reader, eventchain_writer, eventchain_handler";

/** Privileges on a view that a grant can spell. */
const PRIVILEGES: readonly string[] = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/** Where views are, and what they read. */
export interface ViewPlace {
  /** The schema that people read. */
  readonly schema: string;
  /** The schema of the build whose tables the views give. */
  readonly source: string;
}

function commentText(text: string | null): string {
  return text === null ? "null" : literal(text);
}

/** Only what differs from the view as it stands. */
function writeComments(view: string, to: Relation, from: Relation | undefined): string[] {
  const known = new Map(from?.columns.map((column) => [column.name, column.comment]));
  return [
    ...(to.comment === (from?.comment ?? null) ? [] : [`comment on view ${view} is ${commentText(to.comment)}`]),
    ...to.columns
      .filter((column) => column.comment !== (known.get(column.name) ?? null))
      .map((column) => `comment on column ${view}.${id(column.name)} is ${commentText(column.comment)}`),
  ];
}

/** Whom the view that is made anew had been granted to, and nobody else. */
function writeGrants(view: string, { grants }: Relation): string[] {
  const granted = grants
    .filter(({ privilege }) => PRIVILEGES.includes(privilege))
    .map(({ role, privilege, grantable }) => {
      const to = role === null ? "public" : id(role);
      return `grant ${privilege} on ${view} to ${to}${grantable ? " with grant option" : ""}`;
    });
  return [`revoke all on ${view} from ${READERS}`, ...granted];
}

/** The statements of one change, in order: the first ones lock the view against readers. */
export function writeView(change: ViewChange, place: ViewPlace): string[] {
  if (change.change === "drop") return [`drop view ${id(place.schema)}.${id(change.from.name)}`];
  const { to } = change;
  const view = `${id(place.schema)}.${id(to.name)}`;
  const columns = to.columns.map(({ name }) => id(name)).join(", ");
  const select = `as select ${columns} from ${id(place.source)}.${id(to.name)}`;
  if (change.change === "replace")
    return [`create or replace view ${view} ${select}`, ...writeComments(view, to, change.from)];
  const made = [`create view ${view} ${select}`, ...writeComments(view, to, undefined)];
  if (change.change === "make") return made;
  return [`drop view ${view}`, ...made, ...writeGrants(view, change.from)];
}

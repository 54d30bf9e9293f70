import { LedgerError } from "@eventchain/core";
import {
  type DescribedRelation,
  openPostgresProjections,
  openPostgresStore,
  type PostgresStore,
} from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import { listDefinitions } from "../events/list-definitions.ts";
import { markdownTable } from "../markdown-table.ts";
import type { Definitions } from "../types.ts";
import { projectionFailed } from "./projection-failed.ts";
import type { Projection } from "./types.ts";

export interface DescribeProjectionsOptions {
  readonly projections: Definitions<Projection>;
  /** A migrated database, in which the tables are made for a moment and gone again: a URL, or a pool of `pg`'s. */
  readonly database: string | PostgresStore["pool"];
  /** The level of the heading of "Projections", from 1. Default 2; each projection's is one deeper. */
  readonly level?: number | undefined;
}

/** Of a scratch copy that belongs to no ledger. */
const NO_LEDGER = 0n;

/**
 * What an app's projections can be asked, in Markdown, in the order given (a module's by name): for each its sentence, its
 * events and how it is kept, then its tables and views with their columns, types and comments, as Postgres has them.
 * Errors: LedgerError `projection-failed` for a schema that cannot be made; `config-invalid`, `database-…`.
 */
export async function describeProjections(options: DescribeProjectionsOptions): Promise<string> {
  checkKeys(options, ["projections", "database", "level"], "options of describeProjections");
  const { projections, database, level = 2 } = options;
  const store = openPostgresStore(typeof database === "string" ? { connectionString: database } : { pool: database });
  try {
    const scratch = openPostgresProjections(store.pool);
    const list = listDefinitions(projections, "projections", "projection");
    const parts: string[] = [];
    for (const projection of new Set(list)) {
      const relations = await scratch
        .scratch(NO_LEDGER, projection.schema, (made) => made.relations())
        .catch((error: unknown) => {
          const isUnnamed = error instanceof LedgerError && error.code === "projection-failed";
          throw isUnnamed ? projectionFailed(projection.name, error, undefined) : error;
        });
      parts.push(describeOne(projection, relations, "#".repeat(level + 1)));
    }
    return [`${"#".repeat(level)} Projections`, ...parts].join("\n\n");
  } finally {
    await store.close();
  }
}

function describeOne(projection: Projection, relations: readonly DescribedRelation[], heading: string): string {
  const { name, description, model } = projection;
  return [
    `${heading} ${name}`,
    description ?? model?.model.description,
    `${howKept(projection)} Of: ${projection.events.map(({ type }) => `[\`${type}\`](#${type.toLowerCase()})`).join(", ")}${ofWhich(projection)}.`,
    ...relations.map((relation) => describeRelation(relation, description)),
  ]
    .filter((part) => part !== undefined)
    .join("\n\n");
}

function howKept({ version, mode, level }: Projection): string {
  const when =
    mode === "inline"
      ? "written with each append"
      : level === "appended"
        ? "written by a worker, moments later"
        : `written by a worker, once events are ${level}`;
  return `Version ${version}, ${when}.`;
}

function ofWhich({ where: { streams, tags } }: Projection): string {
  const names = (list: readonly string[]): string => list.map((one) => `\`${one}\``).join(", ");
  const conditions = [
    ...(streams === undefined ? [] : [`in the streams ${names(streams)}`]),
    ...(tags === undefined ? [] : [`tagged ${names(tags)}`]),
  ];
  return conditions.length === 0 ? "" : `, ${conditions.join(", or ")}`;
}

function describeRelation(
  { name, kind, comment, columns }: DescribedRelation,
  description: string | undefined,
): string {
  const what = kind === "v" || kind === "m" ? "View" : "Table";
  const said = comment ?? description;
  return `${what} \`${name}\`${said === undefined ? "" : `: ${said}`}\n\n${markdownTable(
    ["Column", "Type", ""],
    columns.map((column) => [`\`${column.name}\``, column.type, column.comment ?? ""]),
  )}`;
}

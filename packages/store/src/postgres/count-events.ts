import type pg from "pg";
import { throwIfAborted, untilAborted } from "../abort.ts";
import type { ReadAllOptions } from "../port.ts";
import { statement } from "./load-statement.ts";
import { isWhole, searchOf } from "./query-events.ts";
import { rangeOf } from "./read-range.ts";
import { runScoped } from "./run-scoped.ts";

const countAllSql = statement("count-all");
const countFoundSql = statement("count-found");

export type CountOptions = Omit<ReadAllOptions, "limit" | "backwards" | "batchSize">;

/** How many events a read would give; no payload is fetched. Errors: those of `readAll`. */
export async function countEvents(pool: pg.Pool, ledgerId: bigint, options: CountOptions): Promise<bigint> {
  throwIfAborted(options.signal);
  return untilAborted(countFound(pool, ledgerId, options), options.signal);
}

async function countFound(pool: pg.Pool, ledgerId: bigint, options: CountOptions): Promise<bigint> {
  const search = searchOf(options);
  const { first, last } = await rangeOf(pool, ledgerId, options);
  if (search === undefined || first > last) return 0n;
  const [sql, how] =
    isWhole(search) && options.rowSecurity !== true
      ? [countAllSql, search.checks?.own === false]
      : [countFoundSql, JSON.stringify(search)];
  const [row] = await runScoped<{ count: bigint }>(pool, ledgerId, options, sql, [ledgerId, first, last, how]);
  if (row === undefined) throw new Error("a count is one row");
  return row.count;
}

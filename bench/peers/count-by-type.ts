/** Where a counting consumer keeps its model: one row for each of its names and type of event. */
export const CREATE_COUNTS =
  "create table counts (name text, type text, count bigint not null, primary key (name, type))";

/** What a batch adds to that model. */
export function countByType(events: readonly { type: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** Adds one batch, as arrays: name, types, counts. */
export const ADD_COUNTS = `insert into counts as c (name, type, count)
  select $1, type, count from unnest($2::text[], $3::bigint[]) as n(type, count)
  on conflict (name, type) do update set count = c.count + excluded.count`;

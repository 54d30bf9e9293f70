// An app's config whose projections count one ledger's events, each in a way of its own; VERSION: of all of them,
// WITHOUT: one that is left out. And a reaction on some events.
import { writeSync } from "node:fs";
import {
  type AnyEventDefinition,
  type AnyReaction,
  defineEvent,
  defineModel,
  defineProjection,
  defineReaction,
  type Projection,
} from "@eventchain/ledger";
import { z } from "zod";

export const Counted: AnyEventDefinition = defineEvent("Counted", { schema: z.object({ n: z.number() }) });

const tally = defineModel("tally", { initial: () => ({ events: 0, sum: 0 }) }).on(Counted, (state, { data }) => ({
  events: state.events + 1,
  sum: state.sum + (data as { n: number }).n,
}));

const COLUMNS = 'stream text collate "C" primary key, events bigint not null, sum bigint not null';

/** Even versions have another order of columns, and one more. */
function table(name: string, version: number): string {
  const more = version % 2 === 0 ? "of_version int not null default 2, " : "";
  return `create table ${name} (${more}${COLUMNS}); comment on column ${name}.events is 'How many';`;
}

const UPSERT = (name: string): string =>
  `insert into ${name} as t (stream, events, sum)
   select u.stream, count(*), sum(u.n) from unnest($1::text[], $2::bigint[]) u (stream, n) group by u.stream
   on conflict (stream) do update set events = t.events + excluded.events, sum = t.sum + excluded.sum`;

/** What `by-event` counts: a statement for each event of all streams would take too long. */
export const BY_EVENT_STREAMS: readonly string[] = Array.from({ length: 20 }, (_, n) => `s-${n}`);

/** By statements for each event, for batches, by a model; and in the appends' own transactions. */
export function countingProjections(version: number): { [name: string]: Projection } {
  const make = (name: string, mode: "async" | "inline", where: { where?: Projection["where"] } = {}) =>
    defineProjection(name.replaceAll("_", "-"), { version, mode, schema: table(name, version), ...where });
  const batch = (name: string, mode: "async" | "inline"): Projection =>
    make(name, mode).onBatch([Counted], async (events, db) => {
      const numbers = events.map(({ data }) => (data as { n: number }).n);
      await db.query(UPSERT(name), [events.map(({ stream }) => stream), numbers]);
    });
  return {
    each: make("by_event", "async", { where: { streams: BY_EVENT_STREAMS } }).on(
      Counted,
      async ({ stream, data }, db) => {
        await db.query(UPSERT("by_event"), [[stream], [data.n]]);
      },
    ),
    batch: batch("by_batch", "async"),
    model: defineProjection("by-model", { version, model: tally, key: ({ stream }) => stream }),
    inline: batch("in_append", "inline"),
  };
}

/** What each of the tables is to say, in one form. */
export const COUNTING_READS: { readonly [name: string]: string } = {
  "by-event": "select stream, events, sum from $views.by_event order by stream",
  "by-batch": "select stream, events, sum from $views.by_batch order by stream",
  "by-model":
    "select key as stream, (state->>'events')::bigint as events, (state->>'sum')::bigint as sum from $views.by_model order by key",
  "in-append": "select stream, events, sum from $views.in_append order by stream",
};

/** What is done outside for each event of a stream in ten: a line of the process. */
const effect = defineReaction("effect", { from: "start", where: ({ stream }) => stream.endsWith("0") }).on(
  Counted,
  ({ position }) => {
    // Straight to the pipe: what the thread's own stdout holds is lost when the thread is ended.
    writeSync(1, `effect ${position}\n`);
  },
);

export const events: { [name: string]: AnyEventDefinition } = { Counted };
const { VERSION = "1", WITHOUT } = process.env;
export const projections: readonly Projection[] = Object.values(countingProjections(Number(VERSION))).filter(
  ({ name }) => name !== WITHOUT,
);
export const reactions: { [name: string]: AnyReaction } = { effect };

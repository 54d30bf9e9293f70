// The helpdesk's 4,580 tickets: what snapshots say of each version of each of them is what its events say.

import {
  connect,
  defineEvent,
  defineModel,
  defineSnapshots,
  type Ledger,
  type SnapshotProblem,
} from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { snapshotLedger } from "@eventchain/workers";
import { parse } from "csv-parse/sync";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";
import { sharedData } from "../vectors/shared-data.ts";

interface Row {
  "case:concept:name": string;
  "concept:name": string;
  "org:resource": string;
  seriousness: string;
}

const Done = defineEvent("ActivityDone", {
  schema: z.object({ activity: z.string(), resource: z.string(), seriousness: z.string() }),
});
const ticket = (name: string) =>
  defineModel(name, {
    initial: () => ({ activities: [] as readonly string[], by: {} as Readonly<Record<string, number>>, closed: 0 }),
  }).on(Done, ({ activities, by, closed }, { data: { activity, resource } }) => ({
    activities: [...activities, activity],
    by: { ...by, [resource]: (by[resource] ?? 0) + 1 },
    closed: closed + (activity === "Closed" ? 1 : 0),
  }));
const bySync = ticket("ticket-sync");
const byAsync = ticket("ticket-async");
/** Every other ticket's snapshots are taken by who appends, the others' by the worker. */
const rules = [
  defineSnapshots(bySync, { every: 3, mode: "sync", streams: "sync-" }),
  defineSnapshots(byAsync, { every: 4, mode: "async", streams: "async-" }),
];

const streamOf = (name: string) => `${Number(name.replaceAll(/\D/g, "")) % 2 === 0 ? "sync" : "async"}-${name}`;

const SENT_AT_ONCE = 500;
const ASKED_AT_ONCE = 64;

let database: TestDatabase | undefined;
afterAll(() => database?.drop());

/** Each ticket's events in their order, many tickets at once, as they stood in the file. */
async function appendAll(ledger: Ledger, rows: readonly Row[]): Promise<void> {
  for (let at = 0; at < rows.length; at += SENT_AT_ONCE)
    await Promise.all(
      rows.slice(at, at + SENT_AT_ONCE).map((row) => {
        const { "case:concept:name": name, "concept:name": activity, "org:resource": resource, seriousness } = row;
        return ledger.append(streamOf(name), Done({ activity, resource, seriousness }));
      }),
    );
}

async function takeAsync(
  ledger: Ledger,
  { ledgerId, origin }: StagedLedger,
  pool: TestDatabase["pool"],
): Promise<void> {
  const app = { ledgerId, origin, ledger, projections: [], reactions: [], snapshots: rules, isOn: () => true };
  const deps = {
    logger: () => expect.unreachable(),
    clock: () => BigInt(Date.now()),
    signal: new AbortController().signal,
  };
  const store = openPostgresStore({ pool });
  for (let more = true; more; ) ({ more } = await snapshotLedger({ ...app, store }, deps));
}

test("state with snapshots equals state without, for every version of every stream", async (context) => {
  const rows: Row[] = parse(sharedData(context, "helpdesk-italian-software/helpdesk.csv"), { columns: true });
  database = await createTestDatabase();
  const { pool } = database;
  const staged = await createStagedLedger(pool, "helpdesk.test");
  const problems: SnapshotProblem[] = [];
  await using connection = await connect({ database: database.url, report: (problem) => problems.push(problem) });
  const ledger = await connection.ledger(staged.origin, { events: [Done], snapshots: rules });
  await appendAll(ledger, rows);
  await takeAsync(ledger, staged, pool);

  // What events alone say: one reading of the whole ledger.
  const wanted: { stream: string; version: bigint; position: bigint; state: unknown }[] = [];
  const states = new Map<string, ReturnType<typeof bySync.initial>>();
  for await (const { stream, version, position, type, id, data, tags, metadata, recordedAtMicros } of ledger.readAll({
    filter: { types: [Done.type] },
  })) {
    const event = { type, id, data, stream, tags, metadata, recordedAtMicros };
    const state = bySync.apply(states.get(stream) ?? bySync.initial(), event);
    states.set(stream, state);
    wanted.push({ stream, version, position, state });
  }
  expect([wanted.length, states.size]).toEqual([21_348, 4_580]);

  for (const [model, every, streams] of [
    [bySync, 3, "sync-"],
    [byAsync, 4, "async-"],
  ] as const) {
    const own = wanted.filter(({ stream }) => stream.startsWith(streams));
    const { rows: taken } = await pool.query(
      "select count(*)::int as n from eventchain.snapshots where branch like $1",
      [`${model.name}/%`],
    );
    expect(taken).toEqual([{ n: own.filter(({ version }) => version % BigInt(every) === 0n).length }]);
    for (let at = 0; at < own.length; at += ASKED_AT_ONCE)
      await Promise.all(
        own.slice(at, at + ASKED_AT_ONCE).map(async ({ stream, version, position, state }) => {
          expect(await ledger.stateAt(model, stream, { at: { version } })).toEqual({ state, position, version });
        }),
      );
  }
  expect(problems).toEqual([]);
}, 300_000);

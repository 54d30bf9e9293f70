// Projections of one ledger, without a worker: a test says when they are worked on.
import { setTimeout as pause } from "node:timers/promises";
import {
  connect,
  defineEvent,
  type Ledger,
  type LedgerOptions,
  type Projection,
  projectOnce,
} from "@eventchain/ledger";
import { openPostgresProjections, openPostgresStore, type ProjectionStore } from "@eventchain/store";
import { z } from "zod";
import type { TestDatabase } from "./database.ts";
import { createLedger } from "./ledger-workers.ts";

export const Added = defineEvent("Added", { schema: z.object({ n: z.number() }) });

const MOST_AT_ONCE = 2_000;

/** What rebuilding works with. */
export interface Projecting {
  ledgerId: bigint;
  projections: ProjectionStore;
  ledger: Ledger;
  /** Appends so many events, numbered from 0 on, to streams in turn: an append for each stream. */
  add(count: number, streams?: number): Promise<void>;
  /** Rows of a statement, in which `$views` is the schema that people read. */
  rows(text: string): Promise<unknown[]>;
  close(): Promise<void>;
}

/** A fresh ledger; `projections`: what it is opened with, for inline ones. */
export async function openProjecting(
  { pool }: Pick<TestDatabase, "pool">,
  projections: readonly Projection[] = [],
  options: Omit<LedgerOptions, "events" | "projections"> = {},
): Promise<Projecting> {
  const { origin, ledgerId } = await createLedger(openPostgresStore({ pool }));
  const connection = await connect({ database: pool });
  const ledger = await connection.ledger(origin, { events: [Added], projections, ...options });
  let next = 0;
  return {
    ledgerId,
    projections: openPostgresProjections(pool),
    ledger,
    async add(count, streams = 5) {
      for (let left = count; left > 0; left -= MOST_AT_ONCE) {
        const numbers = Array.from({ length: Math.min(left, MOST_AT_ONCE) }, () => next++);
        const byStream = Map.groupBy(numbers, (n) => `s-${n % streams}`);
        await Promise.all(
          [...byStream].map(([stream, list]) =>
            ledger.append(
              stream,
              list.map((n) => Added({ n })),
            ),
          ),
        );
      }
    },
    rows: async (text) => (await pool.query(text.replaceAll("$views", `ledger_${ledgerId}`))).rows,
    close: () => connection.close(),
  };
}

/** Rounds over a projection as a worker has them, until there is nothing more to do; the last one's report. */
export async function settle(
  deps: Pick<Projecting, "ledgerId" | "projections">,
  projection: Projection,
): Promise<Awaited<ReturnType<typeof projectOnce>>> {
  for (;;) {
    const { projections, headPosition } = await deps.projections.list(deps.ledgerId);
    const record = projections.find(({ name }) => name === projection.name);
    const report = await projectOnce(deps, projection, record, headPosition);
    if (!report.more) return report;
  }
}

/** As `settle`, and whatever is put off meanwhile is waited for. */
export async function settleAll(
  deps: Pick<Projecting, "ledgerId" | "projections">,
  projection: Projection,
): Promise<void> {
  for (;;) {
    const { putOff, putOffMs = 50 } = await settle(deps, projection);
    if (!putOff) return;
    await pause(putOffMs);
  }
}

/** How a projection's builds stand: `version@position`. */
export async function buildsOf(
  { ledgerId, projections }: Pick<Projecting, "ledgerId" | "projections">,
  name: string,
): Promise<{ live: string | undefined; building: string | undefined; reason: string | null }> {
  const record = (await projections.list(ledgerId)).projections.find((each) => each.name === name);
  const [live, building] = [record?.live, record?.building].map(
    (build) => build && `${build.version}@${build.position}`,
  );
  return { live: live ?? undefined, building: building ?? undefined, reason: record?.building?.reason ?? null };
}

import { appendEvent } from "../harness/fill-ledger.ts";
import type { Sample } from "../harness/types.ts";
import { openConditional } from "./append-conditionally.ts";
import { measureCalls } from "./measure-calls.ts";
import type { GrownLedger, Growth } from "./open-growth.ts";

export const CALLERS = 128;
const READERS = 16;
const PROVERS = 8;

/** What is measured of a ledger of some size. */
export type Run = (on: GrownLedger, growth: Growth) => Promise<Sample>;

export const runAppend =
  (count: number): Run =>
  (on) =>
    measureCalls(CALLERS, count, () => appendEvent(on.ledger, on.next()));

export const runConditional =
  (count: number): Run =>
  async (on, growth) => {
    const append = openConditional(growth, on, await on.head());
    let refused = 0;
    const sample = await measureCalls(CALLERS, count, async () => {
      refused += await append(on.next());
    });
    return { ...sample, values: { refused } };
  };

/** Random events of a ledger, to be looked for again. */
async function pickEvents(
  on: GrownLedger,
  { pool }: Growth,
  count: number,
): Promise<{ position: bigint; id: string }[]> {
  const head = Number(await on.head());
  const positions = Array.from({ length: Math.min(count, 5_000) }, () => 1 + Math.floor(Math.random() * head));
  const { rows } = await pool.query<{ position: string; id: string }>(
    "select position, id from eventchain.events where ledger_id = $1 and position = any($2::bigint[]) order by random()",
    [on.ledgerId, positions],
  );
  return rows.map(({ position, id }) => ({ position: BigInt(position), id }));
}

export const runFind =
  (by: "position" | "id", count: number): Run =>
  async (on, growth) => {
    const picked = await pickEvents(on, growth, count);
    return measureCalls(READERS, count, async (number) => {
      const { position, id } = picked[number % picked.length] as (typeof picked)[number];
      const event = await growth.store.findEvent(on.ledgerId, by === "id" ? { id } : { position });
      if (event?.position !== position || event.id !== id) throw new Error(`another event than that of ${position}`);
    });
  };

/** The first event of a stream. */
export const runStream =
  (count: number): Run =>
  (on) =>
    measureCalls(READERS, count, async () => {
      const { stream } = on.peek();
      for await (const event of on.ledger.readStream(stream, { limit: 1 }))
        if (event.stream !== stream || event.version !== 1n) throw new Error(`not the first event of ${stream}`);
    });

export const runProve =
  (count: number): Run =>
  async (on, growth) => {
    // What other runs have appended since is not sealed yet.
    await on.seal();
    const picked = await pickEvents(on, growth, count);
    return measureCalls(PROVERS, count, (number) =>
      on.ledger.prove((picked[number % picked.length] as (typeof picked)[number]).position),
    );
  };

/** Appends what is sealed then. */
export const runSeal =
  (count: number): Run =>
  async (on) => {
    await on.seal();
    await measureCalls(CALLERS, count, () => appendEvent(on.ledger, on.next()));
    const startMs = performance.now();
    const sealed = Number(await on.seal());
    return { count: sealed, seconds: (performance.now() - startMs) / 1_000 };
  };

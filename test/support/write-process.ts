// One of several processes that append to one ledger: `write-process CONNECTION ORIGIN NAME WRITERS APPENDS SEED`. So many
// writers with a connection pool each append so many times, small and large, until each append is known to be recorded.
import { LedgerError } from "@eventchain/core";
import { connect } from "@eventchain/ledger";

const [database = "", origin = "", name = "", writers = "1", appends = "1", seed = "1"] = process.argv.slice(2);

/** Numbers from 0 to below 1 that follow from the seed (mulberry32). */
let state = Number(seed);
function draw(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

async function append(ledger: Awaited<ReturnType<typeof open>>, commandId: string): Promise<void> {
  const isLarge = draw() < 0.2;
  const text = "x".repeat(isLarge ? 20_000 : 10);
  const events = Array.from({ length: isLarge ? 1 + Math.floor(draw() * 40) : 1 }, (_, n) => ({
    type: n % 3 === 0 ? "Third" : "Other",
    data: { commandId, n, text },
  }));
  for (;;) {
    try {
      await ledger.append(`s-${Math.floor(draw() * 10)}`, events, { commandId });
      return;
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function open() {
  for (;;) {
    try {
      const connection = await connect({ database, maxConnections: 2 });
      return await connection.ledger(origin);
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) throw error;
    }
  }
}

await Promise.all(
  Array.from({ length: Number(writers) }, async (_, writer) => {
    const ledger = await open();
    for (let n = 0; n < Number(appends); n += 1) await append(ledger, `${name}-${writer}-${n}`);
  }),
);
process.exit(0);

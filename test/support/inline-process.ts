// One of many processes that append to one ledger: `inline-process DATABASE_URL ORIGIN NUMBER with|without`, with the
// inline projection or not. Appends in groups, with conflicts and duplicates among them, and a handler that refuses some,
// until it is ended; says "appending" once it has begun.
import { connect, type Ledger } from "@eventchain/ledger";
import { inlineSeen } from "./inline-projection.ts";
import { Added } from "./projecting.ts";

const [databaseUrl = "", origin = "", number = "", kind = ""] = process.argv.slice(2);
let stopping = false;
process.once("SIGTERM", () => {
  stopping = true;
});

/** What may become of one append here; anything else ends the process. */
const EXPECTED = ["conflict", "projection-failed"];

async function appendGroup(ledger: Ledger, round: number): Promise<void> {
  const appends = [
    ledger.append(`own-${number}`, [Added({ n: 1 }), Added({ n: 2 })]),
    ledger.append("shared", Added({ n: 3 }), { expect: BigInt(round) }),
    ledger.append("shared", Added({ n: 4 }), { commandId: `command ${round}` }),
    ledger.append("other", { type: "Other", data: {} }),
  ];
  for (const { reason } of (await Promise.allSettled(appends)).filter((each) => each.status === "rejected"))
    if (!EXPECTED.includes((reason as { code?: string }).code ?? "")) throw reason;
}

await using connection = await connect({ database: databaseUrl, maxConnections: 2 });
const ledger = await connection.ledger(
  origin,
  kind === "with" ? { projections: [inlineSeen(() => Math.random() < 0.05)] } : { events: [Added] },
);
for (let round = 0; !stopping; round += 1) {
  await appendGroup(ledger, round);
  if (round === 0) process.stdout.write("appending\n");
}

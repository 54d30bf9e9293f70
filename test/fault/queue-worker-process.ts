// A worker that never finishes a hint: `queue-worker-process CONNECTION PREFIX`. It prints a line when it has one.
import { openQueue, type QueueConnection } from "@eventchain/queue";

const [connection = "{}", prefix = ""] = process.argv.slice(2);
const queue = await openQueue({ ...(JSON.parse(connection) as QueueConnection), prefix, tickMs: 200 });
await queue.work("seal", async ({ ledger }) => {
  if (ledger === undefined) return;
  process.stdout.write(`${ledger}\n`);
  await new Promise(() => setInterval(() => undefined, 1_000));
});
process.stdout.write("ready\n");

// A worker that runs the shop's reactions until it is killed: `react-process CONNECTION`, with SERVICE_URL set.
import { fileURLToPath } from "node:url";
import { startHandlers } from "@eventchain/workers";
import pg from "pg";

const [databaseUrl = ""] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 6 });
pool.on("error", () => undefined);
await startHandlers({
  configPath: fileURLToPath(new URL("shop-config.ts", import.meta.url)),
  pool,
  databaseUrl,
  logger: (level, event, values) => {
    if (level === "error")
      process.stderr.write(`${event} ${JSON.stringify(values, (_, v) => (typeof v === "bigint" ? `${v}` : v))}\n`);
  },
  roles: ["react"],
});
process.stdout.write("ready\n");

// An app's handlers in a process of their own: `project-process DATABASE_URL CONFIG [ROLE…]`, default the projections. Says
// "started" once it works.
import { type AppRole, formatLine, startHandlers } from "@eventchain/workers";
import pg from "pg";

const [databaseUrl = "", configPath = "", ...roles] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
pool.on("error", () => undefined);
pool.on("connect", (client) => client.on("error", () => undefined));
const handlers = await startHandlers({
  configPath,
  pool,
  databaseUrl,
  logger: (level, event, values = {}) =>
    process.stderr.write(`${formatLine(new Date().toISOString(), level, event, values)}\n`),
  roles: roles.length === 0 ? ["project"] : (roles as AppRole[]),
});
process.stdout.write("started\n");
process.once("SIGTERM", () => {
  void handlers.close().then(() => pool.end());
});

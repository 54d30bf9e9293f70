import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@eventchain/devstack";

/**
 * One Postgres for a whole test run, named by TEST_DATABASE_URL (an administrator's URL); each test file makes databases
 * of its own in it. A URL that is already set is used as it is.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.TEST_DATABASE_URL !== undefined) return undefined;
  const dir = await mkdtemp(join(tmpdir(), "eventchain-test-"));
  const postgres = await startPostgres({ dir });
  process.env.TEST_DATABASE_URL = postgres.url;
  return async () => {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  };
}

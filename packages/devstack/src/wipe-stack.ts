import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isOurs } from "./files/prepare-folder.ts";
import { removeFolder } from "./files/remove-folder.ts";
import { linkedDataFolder } from "./postgres/prepare-data-folder.ts";
import { SHARED_KIND } from "./postgres/reach-folder.ts";
import { stopLeftover } from "./processes/supervise-process.ts";
import { CHAIN_KIND } from "./start-chain.ts";
import { POSTGRES_KIND, stopPostgresLeftover } from "./start-postgres.ts";
import { REDIS_KIND } from "./start-redis.ts";

/**
 * Removes what stacks have kept in a folder: the folders of the servers, each only if it bears this package's marker, and
 * the database's files where they are elsewhere. Servers that a crashed run left there are stopped first.
 *
 * @throws LedgerError `stack-failed` if one of them is not this package's, or in use
 */
export async function wipeStack(dir: string): Promise<void> {
  for (const kind of [CHAIN_KIND, REDIS_KIND]) {
    const folder = join(dir, kind);
    await removeFolder(folder, kind, async () => {
      await stopLeftover(join(folder, "pid"));
    });
  }
  const postgres = join(dir, POSTGRES_KIND);
  await removeFolder(postgres, POSTGRES_KIND, async () => {
    await stopPostgresLeftover(postgres);
    const shared = linkedDataFolder(postgres);
    if (shared !== undefined && isOurs(dirname(shared), SHARED_KIND))
      rmSync(dirname(shared), { recursive: true, force: true });
  });
}

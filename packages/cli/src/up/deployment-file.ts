import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { z } from "zod";
import { readStack, writeStack } from "../frame/stack-file.ts";
import { writeFileWhole } from "../frame/write-file-whole.ts";

const shape = z.strictObject({
  chainId: z.string(),
  genesisHash: z.string(),
  contract: z.string(),
  ledgers: z.array(z.string()),
});

/** What `up` made in a folder and finds again at its next start: the contract, its chain, and the ledgers opened in it. */
export type Deployment = z.infer<typeof shape>;

const pathIn = (dir: string): string => join(dir, "deployment.json");

/** @throws LedgerError `config-invalid`, naming `--fresh`, when the file cannot be read. */
export async function readDeployment(dir: string): Promise<Deployment | undefined> {
  const path = pathIn(dir);
  try {
    return shape.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new LedgerError("config-invalid", `${path} cannot be read: \`eventchain up --fresh\` starts anew`, {
      cause: error,
    });
  }
}

/** Replaces the file in one step. */
export async function writeDeployment(dir: string, deployment: Deployment): Promise<void> {
  await writeFileWhole(pathIn(dir), `${JSON.stringify(deployment, null, 2)}\n`);
}

/** Adds a ledger that was opened beside `up`, so that the folder's next `up`, and the stack that runs, count it too. */
export async function addLedger(
  dir: string,
  { origin, contract }: { origin: string; contract: string },
): Promise<void> {
  const deployment = await readDeployment(dir);
  if (deployment?.contract === contract && !deployment.ledgers.includes(origin)) {
    await writeDeployment(dir, { ...deployment, ledgers: [...deployment.ledgers, origin] });
  }
  const stack = await readStack(dir);
  if (stack?.contract === contract && !stack.ledgers.includes(origin)) {
    await writeStack(dir, { ...stack, ledgers: [...stack.ledgers, origin] });
  }
}

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { computeAddress } from "ethers";

/** An account that the chain's first block gives a balance to. */
export interface ChainAccount {
  /** 0x and 40 lower-case hex digits. */
  readonly address: string;
  /** 0x and 64 lower-case hex digits. */
  readonly privateKey: string;
}

/** How many accounts a new chain has. */
const ACCOUNT_COUNT = 10;

/** The file of the accounts' keys in the chain's folder: one a line, mode 0600. They make each folder's chain unlike any other. */
const KEYS_FILE = "keys";

/** The accounts of the chain in this folder, made at the first call. */
export function keepAccounts(dir: string): ChainAccount[] {
  const path = join(dir, KEYS_FILE);
  if (!existsSync(path)) {
    const keys = Array.from({ length: ACCOUNT_COUNT }, () => `0x${randomBytes(32).toString("hex")}\n`);
    writeFileSync(`${path}.new`, keys.join(""), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return readFileSync(path, "utf8").trim().split("\n").map(toAccount);
}

function toAccount(privateKey: string): ChainAccount {
  try {
    return { address: computeAddress(privateKey).toLowerCase(), privateKey };
  } catch {
    // The key stays out of the message.
    throw new LedgerError(
      "stack-failed",
      "the local chain's keys cannot be read: start with --fresh, which makes a new chain",
    );
  }
}

import { access } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, LedgerError, randomBytes } from "@eventchain/core";
import type { Settings } from "../frame/settings.ts";
import { writeFileWhole } from "../frame/write-file-whole.ts";

/** The keys of a deployment: what each is for, the variable that names its file, and its name in DIR. */
const keys = {
  seal: { variable: "SEAL_KEY_FILE", name: "seal.key", what: "the sealing key: 64 hex digits" },
  anchor: { variable: "ANCHOR_KEY_FILE", name: "anchor.key", what: "the anchoring key: 0x and 64 hex digits" },
  owner: { variable: "OWNER_KEY_FILE", name: "owner.key", what: "the owner's key: 0x and 64 hex digits" },
} as const;

export type KeyRole = keyof typeof keys;

/** The three key files' paths. */
export type KeyFiles = Readonly<Record<KeyRole, string>>;

/**
 * The keys of a stack: files that the environment names, else files of one line in its folder, mode 0600, made where they
 * are missing. One that is there stays as it is, for everything sealed or anchored so far is bound to it. On the local
 * chain the owner's and the anchorer's are those of accounts with a balance.
 *
 * @param accounts the local chain's accounts; none on a chain of somebody else's, where new addresses own nothing yet
 */
export async function keepKeys(
  dir: string,
  env: Settings["env"],
  accounts: readonly { readonly privateKey: string }[],
): Promise<KeyFiles> {
  const random = (): string => bytesToHex(randomBytes(32));
  const keep = async (role: KeyRole, key: string): Promise<string> => {
    const named = namedBy(env, role);
    if (named !== undefined) return named;
    const path = join(dir, keys[role].name);
    if (!(await isThere(path))) await writeFileWhole(path, `${key}\n`, 0o600);
    return path;
  };
  return {
    seal: await keep("seal", random()),
    owner: await keep("owner", accounts[0]?.privateKey ?? `0x${random()}`),
    anchor: await keep("anchor", accounts[1]?.privateKey ?? `0x${random()}`),
  };
}

/**
 * A key file that exists: named by the environment, else in DIR.
 *
 * @throws LedgerError `config-invalid`; values `variable`
 */
export async function findKey(role: KeyRole, dir: string, env: Settings["env"]): Promise<string> {
  const named = namedBy(env, role);
  if (named !== undefined) return named;
  const { variable, name, what } = keys[role];
  const path = join(dir, name);
  if (await isThere(path)) return path;
  const message = `${variable} is not set, and ${dir} has no ${name}: name a file, mode 0600, with ${what}`;
  throw new LedgerError("config-invalid", message, { values: { variable } });
}

function namedBy(env: Settings["env"], role: KeyRole): string | undefined {
  const path = env[keys[role].variable];
  return path === "" ? undefined : path;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

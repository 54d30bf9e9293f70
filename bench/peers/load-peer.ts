import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Where bench/package.json is installed; see install-peers.ts. */
export const PEERS_DIR: string = join(import.meta.dirname, "..", ".peers");

let isLeftOut = false;

/** For the rest of the run no peer is there, whether installed or not. */
export function leaveOutPeers(): void {
  isLeftOut = true;
}

/** Why a contender that needs this package sits out (its `skip`), or undefined where it is installed. */
export function skipWithout(name: string): string | undefined {
  if (isLeftOut) return "left out (--no-peers)";
  return peerVersion(name) === undefined ? "not installed" : undefined;
}

/** The version of an installed peer. */
export function peerVersion(name: string): string | undefined {
  if (isLeftOut) return undefined;
  try {
    const text = readFileSync(join(peerFolder(name), "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The folder of an installed peer, for files that it ships beside its code. */
export function peerFolder(name: string): string {
  return join(PEERS_DIR, "node_modules", name);
}

/** npm name → version of the peers that bench/package.json names, as installed. */
export function listPeers(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(PEERS_DIR, "..", "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const names = Object.keys(manifest.dependencies).filter((name) => name !== "hardhat");
  return Object.fromEntries(
    names.flatMap((name) => {
      const version = peerVersion(name);
      return version === undefined ? [] : [[name, version]];
    }),
  );
}

/**
 * Imports a package of bench/package.json, as `T`: the part of it that its caller uses, said by its caller, since the types
 * of peers are not there when this is compiled.
 *
 * @throws an Error that says how to install them
 */
export async function loadPeer<T>(name: string): Promise<T> {
  if (peerVersion(name) === undefined)
    throw new Error(`the peer ${name} is not installed: run npm run bench, which installs all of them`);
  const entry = findImport(name);
  if (entry !== undefined) return (await import(pathToFileURL(entry).href)) as T;
  // CommonJS by `require`: Node does not always find the names of its exports for an import.
  return createRequire(join(PEERS_DIR, "package.json"))(name) as T;
}

/** The file that a package names for `import`. */
function findImport(name: string): string | undefined {
  const folder = peerFolder(name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports?: Record<string, unknown>;
  };
  let entry: unknown = exports?.["."];
  for (const condition of ["import", "default"])
    if (typeof entry === "object" && entry !== null && condition in entry)
      entry = (entry as Record<string, unknown>)[condition];
  return typeof entry === "string" ? join(folder, entry) : undefined;
}

// A package-lock.json (the repository's, and the benchmark's own) must name every optional platform package that another entry asks for: a registry that serves only
// the packages of one platform leaves the others out, and `npm ci` elsewhere then refuses the lock file.
//
//   node scripts/lock-file.ts           fails when an entry is missing
//   node scripts/lock-file.ts --write   adds what is missing (run after each change of dependencies)

import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  link?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}
interface LockFile {
  packages: Record<string, LockEntry>;
}

const OS_WORDS: Record<string, string> = {
  aix: "aix",
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  netbsd: "netbsd",
  openbsd: "openbsd",
  openharmony: "openharmony",
  sunos: "sunos",
  win32: "win32",
  windows: "win32",
};
const CPU_WORDS = ["arm64", "x64", "ia32", "arm", "ppc64", "riscv64", "s390x", "loong64", "mips64el"];

/** The lock entry of a platform package that could not be asked for, read off its name. */
function entryFromName(name: string, range: string, parent: LockEntry): LockEntry {
  const words = name.split(/[/-]/);
  const os = words.map((word) => OS_WORDS[word]).find((word) => word !== undefined);
  const cpu = words.find((word) => CPU_WORDS.includes(word));
  return {
    version: range.replace(/^[\^~]/, ""),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(parent.dev ? { dev: true } : {}),
    ...(name.includes("musl") ? { libc: ["musl"] } : {}),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  };
}

/** The optional dependencies that no entry of the lock file answers: key in the lock file → entry to add. */
export function missingEntries(lock: LockFile): Map<string, LockEntry> {
  const missing = new Map<string, LockEntry>();
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
      if (places.some((place) => lock.packages[place] !== undefined)) continue;
      missing.set(`node_modules/${name}`, entryFromName(name, range, entry));
    }
  }
  return missing;
}

for (const name of ["package-lock.json", "bench/package-lock.json"]) {
  const file = new URL(`../${name}`, import.meta.url);
  const lock = JSON.parse(readFileSync(file, "utf8")) as LockFile;
  const missing = missingEntries(lock);
  if (process.argv.includes("--write")) {
    const all = { ...lock.packages, ...Object.fromEntries(missing) };
    lock.packages = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
    console.log(`${name}: ${missing.size} entries added`);
  } else if (missing.size > 0) {
    console.error(`${name} lacks ${[...missing.keys()].join(", ")}: run node scripts/lock-file.ts --write`);
    process.exitCode = 1;
  }
  const resolved = Object.values(lock.packages).filter((entry) => !entry.link && entry.resolved?.startsWith("http"));
  if (resolved.length > 0) {
    console.error(`${name} names a registry's host for ${resolved.length} packages: leave "resolved" out`);
    process.exitCode = 1;
  }
}

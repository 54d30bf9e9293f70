import { execFile } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { LedgerError } from "@eventchain/core";
import { keepPassword } from "../files/keep-password.ts";
import { letPass, syncFolder } from "../files/prepare-folder.ts";
import type { ServerUser } from "./choose-server-user.ts";
import { POSTGRES_MAJOR, programPath } from "./find-binaries.ts";
import { canPassTo, sharedFolderFor } from "./reach-folder.ts";

const run = promisify(execFile);

export interface DataFolder {
  /** Where the data is: `DIR/data`, or what that links to. */
  readonly path: string;
  readonly password: string;
}

interface DataFolderInput {
  readonly dir: string;
  readonly binaries: string;
  readonly user: ServerUser | undefined;
  readonly durable: boolean;
  readonly log: (message: string) => void;
}

/** Where `DIR/data` leads if it is a link: out of a folder that the server's user cannot reach. */
export function linkedDataFolder(dir: string): string | undefined {
  try {
    return resolve(dir, readlinkSync(join(dir, "data")));
  } catch {
    return undefined;
  }
}

/**
 * Makes the data folder, or finds it as it was left.
 *
 * Order: 1. the password, in a file that only its owner reads; 2. the data, under another name; 3. renamed. After a
 * crash before 3 a restart throws the unfinished data away and makes it anew with the same password.
 *
 * @throws LedgerError `stack-failed` if the data is another release's, or cannot be made
 */
export async function prepareDataFolder(input: DataFolderInput): Promise<DataFolder> {
  const password = keepPassword(input.dir);
  const path = placeData(input);
  if (existsSync(join(path, "PG_VERSION"))) {
    checkRelease(path);
    return { path, password };
  }
  if (existsSync(path)) throw damaged(path);
  const draft = `${path}.new`;
  rmSync(draft, { recursive: true, force: true });
  await initialise(input, draft, password);
  renameSync(draft, path);
  syncFolder(dirname(path));
  return { path, password };
}

function placeData({ dir, user, log }: DataFolderInput): string {
  const path = join(dir, "data");
  const linked = linkedDataFolder(dir);
  if (linked !== undefined) {
    if (!existsSync(dirname(linked))) throw damaged(linked);
    return linked;
  }
  if (user === undefined) return path;
  letPass(dir);
  if (canPassTo(path, user)) return path;
  const shared = join(sharedFolderFor(dir, user), "data");
  symlinkSync(shared, path);
  log(`${user.name} cannot reach ${dir}: the database's files are in ${shared}`);
  return shared;
}

async function initialise({ binaries, user, durable }: DataFolderInput, path: string, password: string): Promise<void> {
  mkdirSync(path, { mode: 0o700 });
  const passwordFile = `${path}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== undefined) for (const each of [path, passwordFile]) chownSync(each, user.uid, user.gid);
  const args = [
    ...["-D", path, "-U", "postgres", `--pwfile=${passwordFile}`, "-A", "scram-sha-256"],
    ...["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"],
    ...(durable ? [] : ["--no-sync"]),
  ];
  try {
    await run(programPath(binaries, "initdb"), args, {
      cwd: "/",
      env: { ...process.env, LC_ALL: "C", LANG: "C" },
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
  } catch (cause) {
    const { stderr = "", message } = cause as Error & { stderr?: string };
    throw new LedgerError(
      "stack-failed",
      `the database's files could not be made in ${path}: ${stderr.trim() || message}`,
      { cause },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function damaged(path: string): LedgerError {
  return new LedgerError(
    "stack-failed",
    `${path} is not a whole database: put it right, or start with --fresh, which throws the local data away`,
    { values: { path } },
  );
}

function checkRelease(path: string): void {
  const release = readFileSync(join(path, "PG_VERSION"), "utf8").trim();
  if (release === String(POSTGRES_MAJOR)) return;
  throw new LedgerError(
    "stack-failed",
    `${path} was made by PostgreSQL ${release}, this is ${POSTGRES_MAJOR}: start with --fresh, which throws the local data away`,
    { values: { path, release } },
  );
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findFreePort } from "@eventchain/devstack";

/** Where Debian puts it, which is not on everybody's search path. */
const SYSTEM_FOLDER = "/usr/sbin";
/** Connections to the server for each database: few, so that those who share them are seen to. */
const POOL_SIZE = 3;

/** The path of PgBouncer; undefined where it is not installed. */
export function findPgbouncer(searchPath: string = process.env.PATH ?? ""): string | undefined {
  const paths = [...searchPath.split(delimiter), SYSTEM_FOLDER].map((dir) => join(dir, "pgbouncer"));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface RunningPgbouncer {
  /** The database's URL by way of the pooler. */
  url: string;
  stop(): Promise<void>;
}

/** Starts one in transaction mode before the server of a database. */
export async function startPgbouncer(program: string, databaseUrl: string): Promise<RunningPgbouncer> {
  const dir = mkdtempSync(join(tmpdir(), "eventchain-pgbouncer-"));
  chmodSync(dir, 0o755);
  const target = new URL(databaseUrl);
  const port = await findFreePort();
  const password = target.password === "" ? "" : ` password=${decodeURIComponent(target.password)}`;
  const settings = join(dir, "pgbouncer.ini");
  writeFileSync(
    settings,
    [
      "[databases]",
      `* = host=${target.hostname} port=${target.port} user=${decodeURIComponent(target.username)}${password}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = any",
      "pool_mode = transaction",
      `default_pool_size = ${POOL_SIZE}`,
      "max_client_conn = 200",
      "",
    ].join("\n"),
    { mode: 0o644 },
  );
  // It does not run as root.
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn(program, ["-q", ...user, settings], { stdio: ["ignore", "ignore", "inherit"] });
  await untilListening(child, port);
  target.hostname = "127.0.0.1";
  target.port = String(port);
  target.password = "";
  return {
    url: target.toString(),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("pgbouncer does not listen");
}

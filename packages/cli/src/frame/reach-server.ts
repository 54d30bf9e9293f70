import { connect } from "node:net";
import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import { checkUrl, type FoundUrl, maskUrl, type ServerKind } from "./check-url.ts";

/** How long a server may take to accept a connection, ms. */
export const connectTimeoutMs = 5_000;

const names: Readonly<Record<ServerKind, { what: string; code: LedgerErrorCode; option: string }>> = {
  database: { what: "Postgres", code: "database-unavailable", option: "--database" },
  redis: { what: "Redis", code: "queue-unavailable", option: "--redis" },
  rpc: { what: "the chain's node", code: "chain-unavailable", option: "--rpc" },
};

/**
 * Opens and closes one TCP connection, because clients of databases, queues and chains each report an unknown host or a
 * closed port in their own way, and some only after many attempts.
 *
 * @throws LedgerError `config-invalid` for a bad URL; `database-unavailable`, `queue-unavailable` or `chain-unavailable`.
 */
export async function reachServer(
  kind: ServerKind,
  url: FoundUrl,
  timeoutMs: number = connectTimeoutMs,
): Promise<void> {
  const address = checkUrl(kind, url);
  if (address === undefined) return;
  const { what, code, option } = names[kind];
  const problem = await knock(address.host, address.port, timeoutMs);
  if (problem === undefined) return;
  const message = `cannot reach ${what} at ${maskUrl(kind, url.text)} (${url.source}): ${problem}: start it, or give another by ${option}`;
  throw new LedgerError(code, message, { values: { host: address.host, port: address.port }, retryable: true });
}

function knock(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (problem: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    socket.once("connect", () => end(undefined));
    socket.once("error", (error: NodeJS.ErrnoException) => end(wordsOf(error, host, port)));
  });
}

function wordsOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN") return `there is no host ${JSON.stringify(host)}`;
  if (error.code === "ECONNREFUSED") return `nothing listens on port ${port}`;
  if (error.code === "EHOSTUNREACH" || error.code === "ENETUNREACH") return `no route to ${JSON.stringify(host)}`;
  return error.code ?? "the connection failed";
}

import { connect } from "node:net";
import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import { type Address, checkUrl, type FoundUrl, maskUrl, type ServerKind } from "./check-url.ts";

/** How long a server may take to accept a connection, ms. */
export const connectTimeoutMs = 5_000;

interface Server {
  readonly what: string;
  readonly code: LedgerErrorCode;
  readonly option: string;
  /** What to say to it, and how its answer begins; none: a connection that opens is enough. */
  readonly greeting?: { readonly words: Uint8Array; readonly answer: RegExp };
}

const servers: Readonly<Record<ServerKind, Server>> = {
  database: {
    what: "Postgres",
    code: "database-unavailable",
    option: "--database",
    // SSLRequest (PostgreSQL: Message Formats): every server and pooler answers it with one byte, before any log-in.
    greeting: { words: Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47), answer: /^[SN]/ },
  },
  redis: {
    what: "Redis",
    code: "queue-unavailable",
    option: "--redis",
    // Answered even by one that wants a password first: with an error, which does for this.
    greeting: { words: Buffer.from("PING\r\n"), answer: /^[+-]/ },
  },
  rpc: { what: "the chain's node", code: "chain-unavailable", option: "--rpc" },
};

/**
 * Opens a connection, exchanges a greeting and closes it, because clients of databases, queues and chains each report an
 * unknown host, a closed port or a server of another kind in their own way, and some only after many attempts.
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
  const server = servers[kind];
  // A Redis behind TLS is greeted by its own client.
  const greeting = url.text.startsWith("rediss:") ? undefined : server.greeting;
  const problem = await knock(address, greeting, server.what, timeoutMs);
  if (problem === undefined) return;
  const where = `${server.what} at ${maskUrl(kind, url.text)} (${url.source})`;
  throw new LedgerError(
    server.code,
    `cannot reach ${where}: ${problem}: start it, or give another by ${url.option ?? server.option}`,
    {
      values: { host: address.host, port: address.port },
    },
  );
}

function knock(
  { host, port }: Address,
  greeting: Server["greeting"],
  what: string,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (problem: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    socket.once("connect", () => {
      if (greeting === undefined) end(undefined);
      else socket.write(greeting.words);
    });
    socket.once("data", (answer) => {
      end(greeting?.answer.test(answer.toString("latin1")) === true ? undefined : `what answers there is not ${what}`);
    });
    socket.once("close", () => end("it closed the connection at once"));
    socket.once("error", (error: NodeJS.ErrnoException) => end(wordsOf(error, host, port)));
  });
}

function wordsOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN") return `there is no host ${JSON.stringify(host)}`;
  if (error.code === "ECONNREFUSED") return `nothing listens on port ${port}`;
  if (error.code === "EHOSTUNREACH" || error.code === "ENETUNREACH") return `no route to ${JSON.stringify(host)}`;
  return error.code ?? "the connection failed";
}

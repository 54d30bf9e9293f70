import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { CallNode } from "./create-network.ts";

/** The longest request that is read, in bytes. */
const MAX_REQUEST_BYTES: number = 8 * 1024 * 1024;

interface RpcAnswer {
  readonly jsonrpc: "2.0";
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { code: number; message: string; data?: unknown };
}

/**
 * Answers JSON-RPC 2.0 over HTTP, single requests and batches, on the loopback address. A web page that the user happens
 * to visit must not reach the chain's accounts: requests that a browser sends for a page of another host are refused, as
 * are those for another host's name.
 *
 * @returns once it listens
 */
export function serveRpc(call: CallNode, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(call, request, response).catch(() => response.destroy());
  });
  // A client that keeps its connection for the next block should find it open.
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
}

async function answer(call: CallNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isLocal(request.headers.host) || !isLocalOrigin(request.headers.origin)) return send(response, 403, undefined);
  if (request.method !== "POST") return send(response, 405, undefined);
  const body = await readBody(request);
  if (body === undefined) return send(response, 413, undefined);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return send(response, 200, failure(null, -32700, "the request is not JSON"));
  }
  const answers = Array.isArray(value)
    ? await Promise.all(value.map((each) => answerOne(call, each)))
    : await answerOne(call, value);
  send(response, 200, answers);
}

async function answerOne(call: CallNode, request: unknown): Promise<RpcAnswer> {
  const { id = null, method, params = [] } = (request ?? {}) as { id?: unknown; method?: unknown; params?: unknown };
  if (typeof method !== "string" || !Array.isArray(params)) return failure(id, -32600, "not a JSON-RPC request");
  try {
    return { jsonrpc: "2.0", id, result: (await call(method, params)) ?? null };
  } catch (error) {
    return toFailure(id, error);
  }
}

/** A revert is code 3 with the bytes it returned, as other nodes answer it; anything else keeps its own code. */
function toFailure(id: unknown, error: unknown): RpcAnswer {
  const { code, message, data, transactionHash } = error as Error & Record<string, unknown>;
  const number = typeof code === "number" ? code : -32603;
  const returned = typeof data === "object" && data !== null ? (data as { data?: unknown }).data : data;
  if (number === 3) return failure(id, number, message, returned);
  return failure(id, number, message, { message, data: returned, txHash: transactionHash });
}

function failure(id: unknown, code: number, message: string, data?: unknown): RpcAnswer {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(value === undefined ? undefined : JSON.stringify(value));
}

function isLocalOrigin(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && isLocal(new URL(origin).host);
}

function isLocal(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host ?? "127.0.0.1");
}

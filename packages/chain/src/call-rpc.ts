import { LedgerError } from "@eventchain/core";

/** A node's JSON-RPC interface: one request for each call, no retries, no caching. */
export interface Rpc {
  /** Host and port, for messages. Not the whole URL: its path or user may be a secret. */
  readonly host: string;
  /**
   * The `result` of the answer, which may be null.
   *
   * Errors: NodeError when the node answered with an error; LedgerError "chain-unavailable" when it did not answer in
   * time, or not in JSON-RPC. Both are retryable.
   */
  call(method: string, params: readonly unknown[]): Promise<unknown>;
  close(): void;
}

/** The node answered with a JSON-RPC error. What that means depends on the method, so callers look at it first. */
export class NodeError extends LedgerError {
  override readonly name: string = "NodeError";
  readonly rpcCode: number;
  /** The node's own words, cut to a sane length. */
  readonly rpcMessage: string;
  readonly data: unknown;

  constructor(host: string, method: string, error: { code: number; message: string; data: unknown }) {
    const message = error.message.slice(0, MAX_MESSAGE_LENGTH);
    super("chain-unavailable", `the node at ${host} refused ${method}: ${message}`, {
      values: { host, method, rpcCode: error.code, answered: true },
    });
    this.rpcCode = error.code;
    this.rpcMessage = message;
    this.data = error.data;
  }
}

const MAX_MESSAGE_LENGTH = 500;
const TOO_MANY_REQUESTS = 429;

/** `rpcUrl`: http or https; a user and password in it are sent as basic authentication. Throws "invalid-argument". */
export function openRpc(rpcUrl: string, timeoutMs: number): Rpc {
  const { url, host, headers } = parseRpcUrl(rpcUrl);
  const closing = new AbortController();
  let lastId = 0;

  function unavailable(method: string, why: string): LedgerError {
    const values = { host, method };
    return new LedgerError("chain-unavailable", `the node at ${host} did not answer ${method}: ${why}`, { values });
  }

  async function post(method: string, body: string): Promise<{ status: number; text: string }> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const signal = AbortSignal.any([timeout, closing.signal]);
      const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "error" });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      if (closing.signal.aborted) throw unavailable(method, "the connection was closed here");
      if (timeout.aborted) throw unavailable(method, `no answer within ${timeoutMs} ms`);
      // The error itself names the whole URL in places; its cause's code ("ECONNREFUSED") is what tells.
      const code = ((error as Error).cause as { code?: unknown } | undefined)?.code;
      throw unavailable(method, typeof code === "string" ? code : "no connection");
    }
  }

  return {
    host,
    async call(method, params) {
      lastId += 1;
      const { status, text } = await post(method, JSON.stringify({ jsonrpc: "2.0", id: lastId, method, params }));
      const answer = parseAnswer(text);
      if (answer === undefined || status === TOO_MANY_REQUESTS) throw unavailable(method, `HTTP status ${status}`);
      if ("error" in answer) throw new NodeError(host, method, answer.error);
      return answer.result;
    },
    close: () => closing.abort(),
  };
}

function parseRpcUrl(rpcUrl: string): { url: URL; host: string; headers: Record<string, string> } {
  const url = URL.canParse(rpcUrl) ? new URL(rpcUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new LedgerError("invalid-argument", "the node's address must be an http:// or https:// URL");
  }
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (url.username !== "" || url.password !== "") {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(user).toString("base64")}`;
    url.username = "";
    url.password = "";
  }
  return { url, host: url.host, headers };
}

type Answer = { result: unknown } | { error: { code: number; message: string; data: unknown } };

/** undefined: not an answer in JSON-RPC. */
function parseAnswer(text: string): Answer | undefined {
  let answer: { result?: unknown; error?: { code?: unknown; message?: unknown; data?: unknown } | null } | null;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  if (typeof answer.error === "object" && answer.error !== null) {
    const { code, message, data } = answer.error;
    return { error: { code: typeof code === "number" ? code : 0, message: String(message ?? ""), data } };
  }
  return answer.result === undefined ? undefined : { result: answer.result };
}

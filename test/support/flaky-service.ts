import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What became of a call: refused before its effect, its effect made and not told, or well. */
export type CallOutcome = "before" | "after" | "well";

export interface FlakyService extends AsyncDisposable {
  readonly url: string;
  /** All calls, in the order in which they came. */
  readonly calls: readonly { readonly key: string; readonly body: string; readonly outcome: CallOutcome }[];
  /** By idempotency key: what was done under it, once. In the order in which it was done. */
  readonly effects: ReadonlyMap<string, string>;
}

/**
 * A service outside, as one that moves money would be: it makes an effect once for each `Idempotency-Key`, and fails at
 * some calls, before the effect (503) or after it (the connection is cut).
 * @param outcome of a call, in the order in which calls come.
 */
export async function startFlakyService(outcome: (call: number) => CallOutcome): Promise<FlakyService> {
  const calls: { key: string; body: string; outcome: CallOutcome }[] = [];
  const effects = new Map<string, string>();
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const key = String(request.headers["idempotency-key"]);
      const became = outcome(calls.length);
      calls.push({ key, body, outcome: became });
      if (became === "before") {
        response.writeHead(503).end();
        return;
      }
      if (!effects.has(key)) effects.set(key, body);
      if (became === "after") response.destroy();
      else response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    effects,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}

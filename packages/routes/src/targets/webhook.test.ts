import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { LedgerEvent } from "@eventchain/ledger";
import { afterEach, describe, expect, test } from "vitest";
import { fromCloudEvent } from "../events/from-cloud-event.ts";
import type { DeliveryContext } from "./types.ts";
import { verifyWebhook } from "./verify-webhook.ts";
import { type WebhookOptions, webhook } from "./webhook.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const nowMs = 1_763_683_200_999n;
const event: LedgerEvent = {
  position: 1n,
  stream: "ticket-42",
  version: 1n,
  id: "0192e1c4-9d4b-7c31-8a52-000000000001",
  type: "TicketOpened",
  schema: 1,
  tags: [],
  recordedAtMicros: 1_763_683_200_123_456n,
  data: { text: "naïve ☃" },
  metadata: {},
  hash: "ab".repeat(32),
};

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/T0KEN?key=t0ken`;
}

const context = (parts: Partial<DeliveryContext> = {}): DeliveryContext => ({
  idempotencyKey: "cd".repeat(32),
  attempt: 1,
  signal: new AbortController().signal,
  origin: "helpdesk.example",
  ...parts,
});

const deliver = (url: string, options: Partial<WebhookOptions> = {}, parts: Partial<DeliveryContext> = {}) =>
  webhook({ url, secret, clock: () => nowMs, ...options }).deliver(event, context(parts));

/** What a delivery to a receiver that answers so fails with. */
async function failure(handler: RequestListener, options: Partial<WebhookOptions> = {}): Promise<Error> {
  const url = await listen(handler);
  return deliver(url, options).then(
    () => {
      throw new Error("it was delivered");
    },
    (error: Error) => error,
  );
}

describe("a webhook", () => {
  test("posts the event as a signed CloudEvent, the idempotency key as its id", async () => {
    const seen: { headers: IncomingHttpHeaders; body: Buffer; method: string | undefined }[] = [];
    const url = await listen(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      seen.push({ headers: request.headers, body: Buffer.concat(chunks), method: request.method });
      response.writeHead(202).end();
    });
    await deliver(url, { headers: { authorization: "Bearer abc" } });
    const [request] = seen;
    expect(request).toMatchObject({
      method: "POST",
      headers: {
        authorization: "Bearer abc",
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": "cd".repeat(32),
        "webhook-timestamp": "1763683200",
      },
    });
    const verified = verifyWebhook(request?.headers ?? {}, request?.body ?? "", secret, { nowMs });
    expect(verified.kind === "verified" && fromCloudEvent(verified.body)).toEqual(event);
  });

  test.each([400, 401, 404, 410, 422])("gives up where the receiver answers %i", async (status) => {
    const error = await failure((_request, response) => response.writeHead(status).end());
    expect(error).toMatchObject({ code: "delivery-failed", retryable: false, values: { status } });
  });

  test.each([301, 307, 408, 425, 429, 500, 503])("is tried again where the receiver answers %i", async (status) => {
    const error = await failure((_request, response) => response.writeHead(status, { location: "/other" }).end());
    expect(error).toMatchObject({ code: "delivery-failed", retryable: true, values: { status } });
  });

  test("does not follow a redirection", async () => {
    const seen: (string | undefined)[] = [];
    await failure((request, response) => {
      seen.push(request.url);
      response.writeHead(308, { location: "/other" }).end();
    });
    expect(seen).toEqual(["/hooks/T0KEN?key=t0ken"]);
  });

  test.each([
    ["seconds", "120", 120_000],
    ["a date", new Date(Number(nowMs) + 30_001).toUTCString(), 30_000],
    ["neither", "soon", undefined],
  ])("says when to come again where Retry-After gives %s", async (_what, header, expected) => {
    const error = await failure((_request, response) => response.writeHead(503, { "retry-after": header }).end());
    const { retryAfterMs } = (error as Error & { values: { retryAfterMs?: number } }).values;
    if (expected === undefined) expect(retryAfterMs).toBeUndefined();
    // A date of HTTP has whole seconds.
    else expect(Math.abs((retryAfterMs ?? Number.NaN) - expected)).toBeLessThan(1000);
  });

  test("tells the beginning of a refusal, on one line", async () => {
    const error = await failure((_request, response) =>
      response.writeHead(400).end(`no\u001b[2J\nsuch  hook ${"x".repeat(9000)}`),
    );
    expect(error.message).toMatch(/^http:\/\/127\.0\.0\.1:\d+ answered 400: no \[2J such hook x+$/);
    expect(error.message.length).toBeLessThan(250);
  });

  test("reads no more of an answer than it may need, however long that is", async () => {
    let written = 0;
    const error = await failure((_request, response) => {
      response.writeHead(500);
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
      };
      response.on("drain", more);
      more();
    });
    expect(error).toMatchObject({ values: { status: 500 } });
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  test("keeps secrets, headers and the URL's path out of what it says", async () => {
    const error = await failure((request, response) => response.writeHead(400).end(JSON.stringify(request.headers)), {
      headers: { authorization: "Bearer s3cret" },
    });
    const said = JSON.stringify([error.message, error, webhook({ url: "https://a.example/T0KEN", secret }).describe]);
    for (const hidden of ["s3cret", "T0KEN", "t0ken", secret]) expect(said).not.toContain(hidden);
  });

  test("says nothing of an answer to a request with headers, which may repeat a part of one", async () => {
    const error = await failure(
      (_request, response) => response.writeHead(401).end('{"error":"token \\"sekret-token-123\\" is unknown"}'),
      { headers: { authorization: "Bearer sekret-token-123" } },
    );
    expect(error.message).toMatch(/ answered 401: \(its text is not shown: it may repeat a secret\)$/);
  });

  test.each([
    ["the signing secret", secret],
    ["a part of it", `unknown secret ${secret.slice(6, 16)}…`],
    ["its bytes in hex", "07".repeat(32)],
    ["the URL's path", "Cannot POST /hooks/T0KEN"],
    ["a token in the URL", "there is no t0ken"],
  ])("says nothing of an answer that repeats %s", async (_what, body) => {
    const error = await failure((_request, response) => response.writeHead(401).end(body));
    expect(error.message).toMatch(/ answered 401: \(its text is not shown/);
  });

  test("says nothing of an answer that repeats the signature", async () => {
    const error = await failure((request, response) =>
      response.writeHead(401).end(`expected other than ${request.headers["webhook-signature"]}`),
    );
    expect(error.message).toMatch(/\(its text is not shown/);
  });

  test("is tried again where nobody answers in time", async () => {
    const url = await listen(() => undefined);
    await expect(deliver(url, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "delivery-failed",
      retryable: true,
      message: expect.stringMatching(/no answer within 50 ms/),
    });
  });

  test("is tried again where nobody is there", async () => {
    const url = await listen(() => undefined);
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    await expect(deliver(url)).rejects.toMatchObject({
      code: "delivery-failed",
      retryable: true,
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  test("ends where the worker stops", async () => {
    const stop = new AbortController();
    const url = await listen(() => stop.abort());
    await expect(deliver(url, {}, { signal: stop.signal })).rejects.toMatchObject({
      code: "delivery-failed",
      message: expect.stringMatching(/stopped/),
    });
  });

  test("asks for its secret each time, where it is told how", async () => {
    const url = await listen((_request, response) => response.writeHead(200).end());
    let asked = 0;
    const ask = async (): Promise<string> => {
      asked += 1;
      return secret;
    };
    const target = webhook({ url, secret: ask });
    await target.deliver(event, context());
    await target.deliver(event, context());
    expect(asked).toBe(2);
  });

  test("does not wait for its secret longer than for an answer", async () => {
    const delivery = deliver("https://a.example/", { secret: () => new Promise(() => {}), timeoutMs: 50 });
    await expect(delivery).rejects.toMatchObject({
      code: "delivery-failed",
      retryable: true,
      message: "https://a.example was not reached: no secret within 50 ms",
    });
  });

  test("does not wait for its secret where the worker stops", async () => {
    const stop = new AbortController();
    const secretNow = (): Promise<string> => {
      stop.abort();
      return new Promise(() => {});
    };
    await expect(deliver("https://a.example/", { secret: secretNow }, { signal: stop.signal })).rejects.toMatchObject({
      code: "delivery-failed",
      message: expect.stringMatching(/stopped/),
    });
  });

  test.each<[string, object]>([
    ["http to another host", { url: "http://a.example/" }],
    ["a password in the URL", { url: "https://u:hunter2@a.example/" }],
    ["another protocol", { url: "ftp://a.example/" }],
    ["no URL", { url: "hunter2" }],
    ["a header of its own", { headers: { "Webhook-Signature": "hunter2" } }],
    ["a header of the connection", { headers: { Upgrade: "hunter2" } }],
    ["another header of the connection", { headers: { "keep-alive": "hunter2" } }],
    ["a header that HTTP does not take", { headers: { a: "hunter2\n" + "b" } }],
    ["a secret that is none", { secret: "hunter2" }],
    ["a time-out that is none", { timeoutMs: 0 }],
    ["an option that it does not know", { retries: 3 }],
  ])("refuses %s, at once and without repeating it", (_what, wrong) => {
    const make = () => webhook({ url: "https://a.example/", secret, ...wrong });
    expect(make).toThrow(expect.objectContaining({ code: "config-invalid" }));
    expect(make).not.toThrow(/hunter2/);
  });

  test("posts without TLS where that is allowed by name", () => {
    expect(webhook({ url: "http://a.example/", secret, allowHttp: true }).describe).toBe("webhook http://a.example");
  });
});

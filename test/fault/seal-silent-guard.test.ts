import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { openPostgresGuard } from "@eventchain/workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await createEmptyDatabase();
});
afterEach(() => database?.drop());

/** Passes everything on, until the connections that there are go silent without an end, as those of a host without power do. */
async function startProxy(): Promise<{ url: string; silence(): void; close(): void }> {
  const url = new URL(database.url);
  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  const { port, hostname } = url;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const pass = (from: Socket, to: Socket): void => {
      sockets.add(from);
      from.on("data", (data) => silent.has(from) || to.write(data));
      from.on("error", () => undefined);
      from.on("close", () => silent.has(from) || to.destroy());
    };
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.toString(),
    silence() {
      for (const socket of sockets) silent.add(socket);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it("gives a silent connection to the guard up, and takes another one", async () => {
  const proxy = await startProxy();
  const guard = openPostgresGuard(proxy.url, { queryTimeoutMs: 500 });
  const head = { size: 3n, root: new Uint8Array(32).fill(1) };
  const later = { size: 4n, root: new Uint8Array(32).fill(2) };
  await guard.write("a", head, undefined);
  const lost = { code: "database-unavailable", retryable: true };
  proxy.silence();
  await expect(guard.read("a")).rejects.toMatchObject(lost);
  expect(await guard.read("a")).toMatchObject({ size: 3n });
  proxy.silence();
  await expect(guard.write("a", later, head)).rejects.toMatchObject(lost);
  await guard.write("a", later, head);
  expect(await guard.read("a")).toMatchObject({ size: 4n });
  await guard.close();
  proxy.close();
});

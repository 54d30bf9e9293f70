import { connect, createServer, type Socket } from "node:net";

/**
 * What happens to the next write to a ledger that passes:
 * - `lose-request`: the connection ends before the server has heard of it;
 * - `lose-response`: the server commits, and the connection ends before the caller hears of it;
 * - `cut`: the caller's side ends as soon as the server has the append; the server's side lives on.
 */
type Fault = "lose-request" | "lose-response" | "cut";

export interface FaultyProxy {
  url: string;
  /** Once, for the next write to a ledger; of one function only where it is named. */
  loseNext(fault: Fault, write?: (typeof WRITES)[number]): void;
  /** Whether the loss that was asked for last has come. */
  hasLost(): boolean;
  /** Cuts the connections there are, and refuses new ones until `comeBack`. */
  goDown(): void;
  comeBack(): void;
  close(): Promise<void>;
}

/** Functions that write to a ledger: a call of one is what passes. */
const WRITES = ["append_events", "take_snapshot", "switch_handler", "move_subscription_checkpoint"];

/** Whether a message calls a function: by its text, or by the name that an append's call is prepared under. */
function callsOne(data: Buffer, names: readonly string[]): boolean {
  return names.some((name) => data.includes(name) || (name === "append_events" && data.includes("eventchain_append_")));
}

/** A proxy before Postgres that loses connections where a test says so. */
export async function startFaultyProxy(databaseUrl: string): Promise<FaultyProxy> {
  const target = new URL(databaseUrl);
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  const state = { fault: undefined as Fault | undefined, writes: WRITES as readonly string[], down: false };
  const proxy = createServer((client) => {
    if (state.down) {
      client.destroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    clients.add(client);
    servers.add(server);
    let losing = false;
    const cutClient = (): void => {
      clients.delete(client);
      client.destroy();
    };
    client.on("data", (data) => {
      const fault = callsOne(data, state.writes) ? state.fault : undefined;
      if (fault !== undefined) state.fault = undefined;
      if (fault === "lose-request") {
        cutClient();
        server.destroy();
        return;
      }
      losing = fault === "lose-response";
      server.write(data, () => {
        if (fault === "cut") cutClient();
      });
    });
    server.on("data", (data) => {
      if (losing) {
        cutClient();
        server.destroy();
      } else if (!client.destroyed) client.write(data);
    });
    client.on("error", () => undefined);
    server.on("error", () => undefined);
    // A client that ends in good order takes its server connection with it; one that was cut does not.
    client.on("end", () => server.end());
    server.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has a port");
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(address.port);
  return {
    url: url.toString(),
    loseNext(fault, write) {
      state.fault = fault;
      state.writes = write === undefined ? WRITES : [write];
    },
    hasLost: () => state.fault === undefined,
    goDown() {
      state.down = true;
      for (const socket of [...clients, ...servers]) socket.destroy();
    },
    comeBack() {
      state.down = false;
    },
    async close() {
      for (const socket of [...clients, ...servers]) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

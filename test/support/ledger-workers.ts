import { createGenesis, randomBytes, signerFromSeed, uuidv7 } from "@eventchain/core";
import { type EventStore, groupAppends, type LedgerRecord, type NewEvent } from "@eventchain/store";
import type pg from "pg";

/** Every test ledger's sealing key: signed checkpoints come out the same in each run. */
export const SEAL_SEED: Uint8Array = new Uint8Array(32).fill(7);

export const signerFor = (line: string): ReturnType<typeof signerFromSeed> => signerFromSeed(line, SEAL_SEED);

let ledgers = 0;

export async function createLedger(store: EventStore, origin?: string): Promise<LedgerRecord> {
  ledgers += 1;
  const name = origin ?? `workers.test/${ledgers}-${Buffer.from(randomBytes(4)).toString("hex")}`;
  const { vkey } = signerFor(name);
  return store.createLedger({ origin: name, genesis: createGenesis({ origin: name, vkey }), vkey });
}

export function testEvent(parts: Partial<NewEvent> = {}): NewEvent {
  return {
    stream: "ticket-1",
    type: "TicketOpened",
    schema: 1,
    tags: ["ticket:1"],
    data: '{"title":"Printer"}',
    metadata: '{"actor":"ada"}',
    id: uuidv7(1_763_683_200_000n),
    salt: randomBytes(16),
    metaSalt: randomBytes(16),
    ...parts,
  };
}

/** Appends events one request each, a thousand in a call. */
export async function appendSome(
  store: EventStore,
  ledgerId: bigint,
  count: number,
  parts: Partial<NewEvent> = {},
): Promise<void> {
  for (let done = 0; done < count; done += 1000) {
    const events = Array.from({ length: Math.min(1000, count - done) }, (_, i) =>
      testEvent({ stream: `ticket-${(done + i) % 50}`, ...parts }),
    );
    const outcomes = await store.append(
      ledgerId,
      events.map((event) => ({ events: [event], expected: [] })),
    );
    const bad = outcomes.find((outcome) => outcome.outcome !== "recorded");
    if (bad !== undefined) throw new Error(`an append was not recorded: ${JSON.stringify(bad)}`);
  }
}

/** Appends as an application would, until it is stopped; gives how many were recorded. */
export function appendOn(store: EventStore, ledgerId: bigint, pauseMs: number): { stop(): Promise<number> } {
  const group = groupAppends(store);
  let stopped = false;
  const done = (async () => {
    let count = 0;
    while (!stopped) {
      const outcome = await group.append(ledgerId, {
        events: [testEvent({ stream: `ticket-${count % 7}` })],
        expected: [],
      });
      if (outcome.outcome === "recorded") count += 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return count;
  })();
  return {
    stop() {
      stopped = true;
      return done;
    },
  };
}

/** What a fault throws. */
export class InjectedFault extends Error {}

/** `before`: nothing was stored. `after`: it was stored, but reported as failed. */
export type FaultMode = "before" | "after";
export const faultModes: readonly FaultMode[] = ["before", "after"];

export interface Fault {
  fired: boolean;
}

/** The port, but for one method, whose n-th call fails. */
export function failing<Port extends object>(
  port: Port,
  method: keyof Port & string,
  mode: FaultMode,
  fault: Fault,
  nthCall = 1,
): Port {
  let calls = 0;
  return new Proxy(port, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (name !== method || typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        calls += 1;
        if (calls !== nthCall) return value.apply(target, args);
        if (mode === "after") await value.apply(target, args);
        fault.fired = true;
        throw new InjectedFault(`${method} failed ${mode}`);
      };
    },
  });
}

/** As somebody who may drop triggers; `$1` is the ledger's id. */
export async function asAdministrator(pool: pg.Pool, ledgerId: bigint, ...statements: string[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("set local session_replication_role = replica");
    for (const text of statements) await client.query(text, text.includes("$1") ? [ledgerId] : []);
    await client.query("commit");
  } finally {
    client.release();
  }
}

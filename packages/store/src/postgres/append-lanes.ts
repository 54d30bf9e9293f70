import type pg from "pg";
import { isAbandoned, isRetired } from "./log/retired-connections.ts";
import { mapDatabaseError } from "./map-database-error.ts";

/** Where a ledger's appends are sent, in the order of their calls. */
export interface AppendLane {
  /**
   * Runs `work` on the lane's connection. What several give it at once is sent in the order of these calls; `isBroken` says
   * whether the connection went in the course of it. Errors: those of `work`; LedgerError where there is no connection.
   */
  use<T>(work: (connection: pg.PoolClient, isBroken: () => boolean) => Promise<T>): Promise<T>;
}

interface Held {
  client: Promise<pg.PoolClient>;
  users: number;
  isBroken: boolean;
  onError: () => void;
}

interface Lane extends AppendLane {
  calls: number;
  /** Settles, and never fails, once all calls so far have. */
  last: Promise<void>;
  /** What the next call waits for in any case: calls that nothing may be sent beside. */
  barrier: Promise<void> | undefined;
}

export interface AppendLanes {
  /**
   * Makes one call of a ledger's: `send` at once where the connection takes a call while another is on its way, else once
   * the calls before it have settled; also where another ledger waits for a connection, which is then given back first.
   * `recover`, for what `send` throws, waits for those in any case, so that what a lost connection took with it is sent
   * again in the order in which it was sent first. Nothing that is called later overtakes what waits or recovers.
   * @param isAlone is to have no other call of the ledger's beside it: what it sends is more than one statement
   */
  call<T>(
    ledgerId: bigint,
    isAlone: boolean,
    send: (lane: AppendLane) => Promise<T>,
    recover: (lane: AppendLane, error: unknown) => Promise<T>,
  ): Promise<T>;
}

/** A lane's connection is one of the pool's while any call uses it; one that broke is not taken by further calls. */
function openLane(pool: pg.Pool): Lane {
  let held: Held | undefined;
  const hold = (): Held => {
    const mine: Held = { client: pool.connect(), users: 0, isBroken: false, onError: () => drop(mine) };
    held = mine;
    mine.client.then((client) => client.on("error", mine.onError), mine.onError);
    return mine;
  };
  const drop = (mine: Held): void => {
    mine.isBroken = true;
    if (held === mine) held = undefined;
  };
  return {
    calls: 0,
    last: Promise.resolve(),
    barrier: undefined,
    async use(work) {
      const mine = held ?? hold();
      mine.users += 1;
      const client = await mine.client.catch((error: unknown) => {
        throw mapDatabaseError(error);
      });
      try {
        return await work(client, () => mine.isBroken);
      } finally {
        mine.users -= 1;
        const isSpent = mine.isBroken || isRetired(client) || isAbandoned(client);
        if (isSpent) drop(mine);
        if (mine.users === 0) {
          if (held === mine) held = undefined;
          client.off("error", mine.onError);
          client.release(isSpent);
        }
      }
    },
  };
}

/** @param isPipelined the pool's connections take a statement while another is on its way */
export function openAppendLanes(pool: pg.Pool, isPipelined: boolean): AppendLanes {
  const lanes = new Map<bigint, Lane>();
  return {
    async call(ledgerId, isAlone, send, recover) {
      const lane = lanes.get(ledgerId) ?? openLane(pool);
      lanes.set(ledgerId, lane);
      lane.calls += 1;
      const { last: before, barrier } = lane;
      const waits = isAlone || !isPipelined || pool.waitingCount > 0;
      const run = async (): ReturnType<typeof send> => {
        if (waits) await before;
        else if (barrier !== undefined) await barrier;
        try {
          return await send(lane);
        } catch (error) {
          lane.barrier = lane.last;
          await before;
          return recover(lane, error);
        }
      };
      const mine = run();
      // Without what they came to, which each would hold for the next.
      lane.last = Promise.allSettled([before, mine]).then(() => undefined);
      if (waits) lane.barrier = lane.last;
      try {
        return await mine;
      } finally {
        lane.calls -= 1;
        if (lane.calls === 0) lanes.delete(ledgerId);
      }
    },
  };
}

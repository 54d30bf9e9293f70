import { type LogStore, openPostgresLog } from "@eventchain/store";
import pg from "pg";
import { expect, it } from "vitest";
import type { SealResult } from "../seal.ts";
import { Troubles } from "./logger.ts";
import { Pauses } from "./pauses.ts";
import { sealStage } from "./seal-stage.ts";
import { takeTurns } from "./take-turns.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A stage over ledgers with so many batches each; `order` tells whose batch was begun when. */
function stubbed(batches: Map<bigint, number>): {
  order: bigint[];
  look: (ledgerId: bigint) => Promise<void>;
  stop: () => void;
} {
  const order: bigint[] = [];
  let isStopping = false;
  const seal = async (ledgerId: bigint): Promise<SealResult> => {
    order.push(ledgerId);
    await settle();
    const left = (batches.get(ledgerId) ?? 0) - 1;
    batches.set(ledgerId, left);
    return { kind: "sealed", fromSize: 0n, size: 1n, root: new Uint8Array(32), more: left > 0 };
  };
  const log = {
    ...openPostgresLog(new pg.Pool()),
    openLedgers: () => Promise.resolve([]),
    seal: seal as unknown as LogStore["seal"],
  };
  const unused = (): never => expect.unreachable();
  const nowMs = (): number => 0;
  const stage = sealStage({
    deps: { log, guard: { read: unused, write: unused, close: unused }, signerFor: unused },
    logger: () => undefined,
    troubles: new Troubles(() => undefined, nowMs),
    pauses: new Pauses(nowMs),
    onSealed: () => undefined,
    onMore: (ledgerId) => void look(ledgerId),
    isStopping: () => isStopping,
  });
  const look = takeTurns(stage);
  return {
    order,
    look,
    stop: () => {
      isStopping = true;
    },
  };
}

it("lets ledgers take turns: a backlog on one does not keep the others waiting", async () => {
  const { order, look } = stubbed(new Map([1n, 2n, 3n].map((id) => [id, id === 1n ? 6 : 1])));
  await look(1n);
  const first = look(1n);
  await Promise.all([first, look(2n), look(3n)]);
  expect(order).toEqual([1n, 2n, 3n, 1n]);
  while (order.length < 8) await settle();
  expect(order).toEqual([1n, 2n, 3n, 1n, 1n, 1n, 1n, 1n]);
});

it("ends with the batch at hand when it is to stop", async () => {
  const { order, look, stop } = stubbed(new Map([[1n, 100]]));
  await look(1n);
  const at = look(1n);
  while (order.length === 0) await Promise.resolve();
  stop();
  await at;
  for (let i = 0; i < 10; i += 1) await settle();
  expect(order).toEqual([1n]);
});

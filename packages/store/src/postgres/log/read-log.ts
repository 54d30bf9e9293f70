import type { TileId, TileReader } from "@eventchain/core";
import { statement } from "../load-statement.ts";
import {
  type AlarmRow,
  type CheckpointRow,
  type ContractRow,
  decodeAlarm,
  decodeCheckpoint,
  decodeContract,
  decodeLedger,
  type LedgerRow,
} from "./decode-rows.ts";
import type { LogStore, StoredCheckpoint } from "./port.ts";
import { type Queryable, runQuery } from "./run-query.ts";

const tilesSql = statement("log-tiles");
const newestCheckpointSql = statement("log-checkpoint-newest");
const coveringCheckpointSql = statement("log-checkpoint-covering");
const checkpointOfSizeSql = statement("log-checkpoint-of-size");
const contractSql = statement("log-contract");
const vkeysSql = statement("log-vkeys");
const openLedgersSql = statement("log-open-ledgers");
const alarmsSql = statement("alarm-list");
const waitingSql = statement("anchor-waiting");
const dueToSealSql = statement("seal-due");
const dueToAnchorSql = statement("anchor-due");

/** Fetches tiles in one statement; the reader answers undefined for one that is not stored. */
export async function readTiles(database: Queryable, ledgerId: bigint, ids: readonly TileId[]): Promise<TileReader> {
  const found = new Map<string, Uint8Array>();
  if (ids.length > 0) {
    const rows = await runQuery<{ level: number; tile: string; hashes: Uint8Array }>(database, tilesSql, [
      ledgerId,
      ids.map((id) => id.level),
      ids.map((id) => id.tile),
    ]);
    for (const row of rows) found.set(`${row.level}/${row.tile}`, row.hashes);
  }
  return (id) => found.get(`${id.level}/${id.tile}`);
}

export async function readCheckpoint(
  database: Queryable,
  ledgerId: bigint,
  by: { atLeast?: bigint; size?: bigint } = {},
): Promise<StoredCheckpoint | undefined> {
  const [text, size] =
    by.size !== undefined
      ? [checkpointOfSizeSql, [by.size]]
      : by.atLeast !== undefined
        ? [coveringCheckpointSql, [by.atLeast]]
        : [newestCheckpointSql, []];
  const [row] = await runQuery<CheckpointRow>(database, text, [ledgerId, ...size]);
  return row === undefined ? undefined : decodeCheckpoint(row);
}

export async function readVkeys(database: Queryable, ledgerId: bigint): Promise<string[]> {
  return (await runQuery<{ vkey: string }>(database, vkeysSql, [ledgerId])).map((row) => row.vkey);
}

type ReadingMethods =
  | "tiles"
  | "checkpoint"
  | "contracts"
  | "vkeys"
  | "alarms"
  | "waiting"
  | "dueToSeal"
  | "dueToAnchor"
  | "openLedgers";

async function readLedgerIds(database: Queryable, text: string, values: unknown[]): Promise<bigint[]> {
  return (await runQuery<{ ledger_id: string }>(database, text, values)).map((row) => BigInt(row.ledger_id));
}

/** The reading half of the port: one statement for each call. */
export function readLog(database: Queryable): Pick<LogStore, ReadingMethods> {
  return {
    tiles: (ledgerId, ids) => readTiles(database, ledgerId, ids),
    checkpoint: (ledgerId, by) => readCheckpoint(database, ledgerId, by),
    async contracts(ledgerId) {
      const [row] = await runQuery<ContractRow>(database, contractSql, [ledgerId]);
      return row === undefined ? undefined : decodeContract(row);
    },
    vkeys: (ledgerId) => readVkeys(database, ledgerId),
    async alarms(ledgerId) {
      return (await runQuery<AlarmRow>(database, alarmsSql, [ledgerId])).map(decodeAlarm);
    },
    async waiting(ledgerId) {
      const [row] = await runQuery<{ reason: string }>(database, waitingSql, [ledgerId]);
      return row?.reason ?? null;
    },
    dueToSeal: () => readLedgerIds(database, dueToSealSql, []),
    dueToAnchor: (chainId) => readLedgerIds(database, dueToAnchorSql, [chainId ?? null]),
    async openLedgers(chainId) {
      return (await runQuery<LedgerRow>(database, openLedgersSql, [chainId ?? null])).map(decodeLedger);
    },
  };
}

import { type ChangedTile, LedgerError } from "@eventchain/core";
import type pg from "pg";
import { statement } from "../load-statement.ts";
import { copyRows } from "./copy-rows.ts";
import { decodeLedger, type LedgerRow } from "./decode-rows.ts";
import { type EventRows, locateRows } from "./event-rows.ts";
import { type LogStore, SEALED_CHANNEL, type SealTransaction } from "./port.ts";
import { readCheckpoint, readTiles, readVkeys } from "./read-log.ts";
import { type Queryable, runQuery, runTransaction, runWrite } from "./run-query.ts";

const lockSql = statement("seal-lock");
const ledgerSql = statement("seal-ledger");
const rangeSql = statement("seal-range");
const eventsSql = statement("seal-events");
const saveTilesSql = statement("seal-tiles");
const saveCheckpointSql = statement("seal-checkpoint");
const moveSql = statement("seal-move");
const notifySql = statement("log-notify");

/** Events of one copy: few at first, then as many as have so many bytes, so that a caller who stops early soon can. */
const FIRST_EVENTS = 256;
const COPY_BYTES = 32 * 1024 * 1024;
const MAX_EVENTS = 4096;

async function* readRows(
  connection: Queryable,
  ledgerId: bigint,
  after: bigint,
  to: bigint,
): AsyncGenerator<EventRows> {
  let wanted = FIRST_EVENTS;
  for (let from = after; from < to; ) {
    const last = from + BigInt(wanted) < to ? from + BigInt(wanted) : to;
    await runQuery(connection, rangeSql, [ledgerId, from, last]);
    let [events, bytes] = [0, 0];
    for await (const page of copyRows(connection, eventsSql)) {
      const rows = locateRows(page);
      events += rows.count;
      bytes += page.length;
      yield rows;
    }
    // Some are missing: the caller has seen that, or sees it when nothing more comes.
    if (BigInt(events) < last - from) return;
    wanted = Math.max(1, Math.min(MAX_EVENTS, Math.floor((COPY_BYTES * events) / bytes)));
    from = last;
  }
}

async function saveTiles(connection: Queryable, ledgerId: bigint, tiles: readonly ChangedTile[]): Promise<void> {
  const [levels, numbers, firsts, lengths]: [number[], bigint[], number[], number[]] = [[], [], [], []];
  const hashes = new Uint8Array(tiles.reduce((sum, tile) => sum + tile.hashes.length, 0));
  let end = 0;
  for (const { id, hashes: part } of tiles) {
    levels.push(id.level);
    numbers.push(id.tile);
    firsts.push(end + 1);
    lengths.push(part.length);
    hashes.set(part, end);
    end += part.length;
  }
  await runWrite(connection, saveTilesSql, [ledgerId, levels, numbers, hashes, firsts, lengths]);
}

async function beginSeal(connection: Queryable, ledgerId: bigint): Promise<SealTransaction> {
  const [marks] = await runQuery<{ sealed_size: string }>(connection, lockSql, [ledgerId]);
  // A statement of its own, after the lock: it must see what the sealer before this one committed.
  const [row] = await runQuery<LedgerRow & { head_position: string }>(connection, ledgerSql, [ledgerId]);
  if (marks === undefined || row === undefined) {
    throw new LedgerError("ledger-not-found", `there is no ledger ${ledgerId}`, { values: { ledgerId } });
  }
  return {
    ledger: decodeLedger(row),
    sealedSize: BigInt(marks.sealed_size),
    headPosition: BigInt(row.head_position),
    vkeys: () => readVkeys(connection, ledgerId),
    tiles: (ids) => readTiles(connection, ledgerId, ids),
    checkpoint: () => readCheckpoint(connection, ledgerId),
    events: (after, to) => readRows(connection, ledgerId, after, to),
    saveTiles: (tiles) => saveTiles(connection, ledgerId, tiles),
    async saveCheckpoint({ size, root, note }) {
      await runWrite(connection, saveCheckpointSql, [ledgerId, row.epoch, size, root, note]);
    },
    async moveSealedSize(size) {
      await runWrite(connection, moveSql, [ledgerId, size]);
      await runQuery(connection, notifySql, [SEALED_CHANNEL, `${ledgerId} ${size}`]);
    },
  };
}

/** One transaction that holds the lock of the ledger's watermarks row: sealers of one ledger take turns. */
export function sealRunner(pool: pg.Pool): LogStore["seal"] {
  return (ledgerId, work) => runTransaction(pool, async (connection) => work(await beginSeal(connection, ledgerId)));
}

import { type Bytes, LedgerError } from "@eventchain/core";
import type pg from "pg";
import type { StoredEvent } from "../../port.ts";
import { statement } from "../load-statement.ts";
import { decodeLedger, decodeSealedEvent, type EventRow, type LedgerRow } from "./decode-rows.ts";
import { type LogStore, SEALED_CHANNEL, type SealTransaction } from "./port.ts";
import { readCheckpoint, readTiles, readVkeys } from "./read-log.ts";
import { type Queryable, runQuery, runTransaction, runWrite } from "./run-query.ts";

const lockSql = statement("seal-lock");
const ledgerSql = statement("seal-ledger");
const eventsSql = statement("seal-events");
const saveTilesSql = statement("seal-tiles");
const saveCheckpointSql = statement("seal-checkpoint");
const moveSql = statement("seal-move");
const notifySql = statement("log-notify");

/** A page of events: at most so many, and of so many bytes of text and one event more, whatever a client has stored. */
const PAGE_EVENTS = 1024;
const PAGE_BYTES = 8 * 1024 * 1024;

/** The next page is on its way while the caller hashes this one. */
async function* readPages(
  connection: Queryable,
  ledgerId: bigint,
  after: bigint,
  to: bigint,
): AsyncGenerator<readonly StoredEvent[]> {
  const fetchPage = (from: bigint, limit: number): Promise<EventRow[]> => {
    const page = runQuery<EventRow>(connection, eventsSql, [ledgerId, from, to, limit, PAGE_BYTES]);
    // A caller that stops early never looks at it.
    page.catch(() => undefined);
    return page;
  };
  let next = after < to ? fetchPage(after, PAGE_EVENTS) : undefined;
  while (next !== undefined) {
    const rows: EventRow[] = await next;
    const last = rows.at(-1);
    if (last === undefined) return;
    const from = BigInt(last.position);
    // Where texts are so large that bytes end the page, the server should not measure a thousand of them each time.
    next = from < to ? fetchPage(from, Math.min(PAGE_EVENTS, rows.length * 2)) : undefined;
    yield rows.map(decodeSealedEvent);
  }
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
    events: (after, to) => readPages(connection, ledgerId, after, to),
    async saveTiles(tiles) {
      const hashes: Bytes[] = tiles.map((tile) => tile.hashes);
      const ids = tiles.map((tile) => tile.id);
      await runWrite(connection, saveTilesSql, [ledgerId, ids.map((id) => id.level), ids.map((id) => id.tile), hashes]);
    },
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

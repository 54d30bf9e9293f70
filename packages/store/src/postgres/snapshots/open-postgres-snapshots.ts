import { Buffer } from "node:buffer";
import { type Bytes, MAX_INT63 } from "@eventchain/core";
import type pg from "pg";
import type { StoredEvent } from "../../port.ts";
import { statement } from "../load-statement.ts";
import { runRows } from "../run-rows.ts";
import type { SnapshotOutcome, SnapshotStore, StoredSnapshot } from "./port.ts";
import { acceptedRow, type SystemOutcomeRow } from "./refuse.ts";

const takeSql = statement("snapshot-take");
const findSql = statement("snapshot-find");
const listSql = statement("snapshot-list");

/** An event as `to_json` gives it: bytes in hex, 64-bit numbers as text. */
type EventJson = {
  readonly [Key in keyof StoredEvent]: Key extends "schema"
    ? number
    : Key extends "tags"
      ? string[]
      : null extends StoredEvent[Key]
        ? string | null
        : string;
};

interface SnapshotRow extends Omit<StoredSnapshot, "event" | "version"> {
  version: bigint | null;
  event: EventJson | null;
}

/** The snapshots of a migrated database. The pool stays the caller's to close. */
export function openPostgresSnapshots(pool: pg.Pool): SnapshotStore {
  return {
    async take(ledgerId, { branch, of, position, version, schema, state, salt, event }) {
      const values = [ledgerId, branch, of, position, version ?? null, schema, state, salt];
      const own = [event.id, event.salt, event.metadata, event.metaSalt];
      const [row] = await runRows<SnapshotOutcome & SystemOutcomeRow>(pool, takeSql, [...values, ...own]);
      const { outcome, eventPosition, stateHash, takenAtMicros } = acceptedRow(row, ledgerId);
      return { outcome, eventPosition, stateHash, takenAtMicros };
    },
    async find(ledgerId, wanted) {
      if (wanted.length === 0) return [];
      const rows = await runRows<SnapshotRow & { n: number }>(pool, findSql, [
        ledgerId,
        wanted.map(({ branch }) => branch),
        wanted.map(({ schema }) => schema),
        wanted.map(({ upToPosition }) => upToPosition ?? MAX_INT63),
        wanted.map(({ upToVersion }) => upToVersion ?? null),
      ]);
      const found = new Map(rows.map(({ n, ...row }) => [n, decode(row)]));
      return wanted.map((_, index) => found.get(index + 1));
    },
    async list(ledgerId, { branch, after, limit }) {
      const key = [after?.branch ?? null, after?.position ?? null, after?.schema ?? null];
      return (await runRows<SnapshotRow>(pool, listSql, [ledgerId, branch ?? null, ...key, limit])).map(decode);
    },
  };
}

function decode({ version, event, ...row }: SnapshotRow): StoredSnapshot {
  return { ...row, version: version ?? undefined, event: event === null ? undefined : decodeEvent(event) };
}

function decodeEvent(event: EventJson): StoredEvent {
  return {
    ...event,
    position: BigInt(event.position),
    version: BigInt(event.version),
    recordedAtMicros: BigInt(event.recordedAtMicros),
    salt: optionalBytes(event.salt),
    dataHash: bytes(event.dataHash),
    metaSalt: optionalBytes(event.metaSalt),
    metaHash: bytes(event.metaHash),
    contentHash: bytes(event.contentHash),
    prevHash: bytes(event.prevHash),
    hash: bytes(event.hash),
  };
}

function bytes(hex: string): Bytes {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function optionalBytes(hex: string | null): Bytes | null {
  return hex === null ? null : bytes(hex);
}

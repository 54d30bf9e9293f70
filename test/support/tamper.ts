import { randomBytes } from "node:crypto";
import {
  type Bytes,
  eventHash,
  extendLog,
  formatCheckpoint,
  genesisHash,
  type NoteSigner,
  signNote,
} from "@eventchain/core";
import pg from "pg";
import { onServer, urlOf } from "./database.ts";

/** A database that may be spoiled: a copy of one that must have no connection left. */
export interface Victim {
  url: string;
  /** As superuser, with no trigger and no foreign key in the way. */
  sql(text: string, values?: readonly unknown[]): Promise<pg.QueryResult>;
  client: pg.Client;
  drop(): Promise<void>;
}

export async function cloneDatabase(sourceUrl: string): Promise<Victim> {
  const source = new URL(sourceUrl).pathname.slice(1);
  const name = `eventchain_attack_${randomBytes(8).toString("hex")}`;
  await onServer(`create database ${name} template ${source}`);
  const url = urlOf(name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("set session_replication_role = replica");
  await client.query("set search_path = eventchain, public");
  return {
    url,
    client,
    // Several statements at once are sent without values only.
    sql: (text, values) => (values === undefined ? client.query(text) : client.query(text, [...values])),
    async drop() {
      await client.end();
      await onServer(`drop database if exists ${name} with (force)`);
    },
  };
}

/** Which ledger is attacked. */
export interface Target {
  ledgerId: bigint;
  origin: string;
}

/** Recomputes every hash column from a position on, as one who knows the format would. Gives the hashes, by position. */
export async function recomputeForward(victim: Victim, target: Target, from = 1n): Promise<Map<bigint, Bytes>> {
  const { rows } = await victim.sql(
    `select position, stream, version, id::text, type, schema, tags, data::text, salt, metadata::text, meta_salt,
       (extract(epoch from recorded_at) * 1000000)::bigint as micros, prev_hash, hash
     from events where ledger_id = $1 order by position`,
    [target.ledgerId],
  );
  const hashes = new Map<bigint, Bytes>();
  const changed: Record<string, string>[] = [];
  const { rows: ledgers } = await victim.sql("select genesis::text from ledgers where ledger_id = $1", [
    target.ledgerId,
  ]);
  let prevHash: Bytes = genesisHash(ledgers[0].genesis as string);
  for (const row of rows) {
    const position = BigInt(row.position);
    if (position < from) {
      prevHash = row.hash;
      hashes.set(position, plain(row.hash));
      continue;
    }
    const content = {
      ledger: target.origin,
      ...row,
      position,
      version: BigInt(row.version),
      recordedAtMicros: BigInt(row.micros),
      salt: plain(row.salt),
      metaSalt: plain(row.meta_salt),
      prevHash: plain(prevHash),
    };
    const made = eventHash(content);
    const hex = (bytes: Bytes): string => `\\x${Buffer.from(bytes).toString("hex")}`;
    changed.push({
      position: `${position}`,
      data_hash: hex(made.dataHash),
      meta_hash: hex(made.metaHash),
      content_hash: hex(made.contentHash),
      prev_hash: hex(prevHash),
      hash: hex(made.hash),
    });
    prevHash = made.hash;
    hashes.set(position, made.hash);
  }
  await victim.sql(
    `update events e set data_hash = t.data_hash::bytea, meta_hash = t.meta_hash::bytea, content_hash = t.content_hash::bytea,
       prev_hash = t.prev_hash::bytea, hash = t.hash::bytea
     from json_to_recordset($2) as t (position bigint, data_hash text, meta_hash text, content_hash text, prev_hash text, hash text)
     where e.ledger_id = $1 and e.position = t.position`,
    [target.ledgerId, JSON.stringify(changed)],
  );
  return hashes;
}

/** Rebuilds all tiles from what the events say, up to a size; gives the log's roots at the sizes asked for. */
export async function rebuildTiles(
  victim: Victim,
  target: Target,
  sizes: readonly bigint[],
): Promise<Map<bigint, Bytes>> {
  const size = sizes.at(-1) ?? 0n;
  const { rows } = await victim.sql(
    "select hash from events where ledger_id = $1 and position <= $2 order by position",
    [target.ledgerId, size],
  );
  await victim.sql("delete from log_tiles where ledger_id = $1", [target.ledgerId]);
  const tiles = new Map<string, Bytes>();
  const roots = new Map<bigint, Bytes>();
  let done = 0n;
  for (const end of sizes) {
    const entries = rows.slice(Number(done), Number(end)).map((row) => plain(row.hash));
    const extended = extendLog(({ level, tile }) => tiles.get(`${level}/${tile}`), done, entries);
    for (const { id, hashes } of extended.tiles) tiles.set(`${id.level}/${id.tile}`, hashes);
    roots.set(end, extended.root);
    done = end;
  }
  for (const [key, hashes] of tiles) {
    const [level, tile] = key.split("/");
    await victim.sql("insert into log_tiles values ($1, $2, $3, $4)", [
      target.ledgerId,
      level,
      tile,
      Buffer.from(hashes),
    ]);
  }
  return roots;
}

/** Signs the checkpoints of these roots anew. */
export async function resign(
  victim: Victim,
  target: Target,
  roots: ReadonlyMap<bigint, Bytes>,
  signer: NoteSigner,
): Promise<void> {
  await victim.sql("delete from checkpoints where ledger_id = $1", [target.ledgerId]);
  for (const [size, root] of roots) {
    const note = signNote(formatCheckpoint({ origin: target.origin, size, root }), signer);
    const values = [target.ledgerId, size, Buffer.from(root), note];
    await victim.sql("insert into checkpoints (ledger_id, size, root, note) values ($1, $2, $3, $4)", values);
  }
}

/** Gives the followers of a position other ones, so that there is no gap, or room for one more. */
export async function renumber(
  victim: Victim,
  target: Target,
  after: bigint,
  by: bigint,
  tables = ["events"],
): Promise<void> {
  for (const table of tables) {
    const where = "ledger_id = $1 and position > $2";
    // By way of numbers that nobody has: a unique key is checked row by row.
    await victim.sql(`update ${table} set position = position + 1000000000 where ${where}`, [target.ledgerId, after]);
    await victim.sql(`update ${table} set position = position - 1000000000 + $3 where ${where}`, [
      target.ledgerId,
      1_000_000n,
      by,
    ]);
  }
}

function plain(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

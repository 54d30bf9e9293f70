import type { Chain, Registry } from "@eventchain/chain";
import { addressOf, connectChain, deployRegistry } from "@eventchain/chain";
import {
  type Bytes,
  consistencyProof,
  createGenesis,
  eventHash,
  extendLog,
  formatCheckpoint,
  genesisHash,
  hexToBytes,
  type NoteSigner,
  onchainLedgerId,
  sha256,
  signerFromSeed,
  signNote,
  type TileId,
  type TrustRoot,
  tilesForExtend,
  u64,
  utf8,
} from "@eventchain/core";
import type pg from "pg";
import { insertEvents } from "./insert-events.ts";
import { sendAnchor } from "./send-anchor.ts";
import type { TestChain } from "./test-chain.ts";

/** One event as the builder made it: exactly what it wrote into the row. */
export interface BuiltEvent {
  position: bigint;
  stream: string;
  version: bigint;
  id: string;
  type: string;
  schema: number;
  tags: string[];
  recordedAtMicros: bigint;
  data: string;
  salt: Bytes;
  metadata: string;
  metaSalt: Bytes;
  prevHash: Bytes;
  hash: Bytes;
}

/** The parts of an event that a test may choose. */
export type EventParts = Partial<
  Pick<BuiltEvent, "stream" | "type" | "tags" | "data" | "metadata" | "recordedAtMicros">
>;

export interface BuiltAnchor {
  size: bigint;
  root: Bytes;
  txHash: string;
}

/** A contract on a test chain, and the key that opens ledgers and anchors them. */
export interface TestRegistry {
  chain: Chain;
  registry: Registry;
  key: string;
  owner: string;
  chainId: bigint;
  genesisHash: string;
}

export async function deployTestRegistry(test: TestChain): Promise<TestRegistry> {
  const chain = connectChain({ rpcUrl: test.url, pollMs: 20 });
  const key = test.keys[0] as string;
  const { address } = await deployRegistry(chain, key);
  const [chainId, genesisHash] = [await chain.chainId(), await chain.genesisHash()];
  return { chain, registry: chain.registry(address), key, owner: addressOf(key).toLowerCase(), chainId, genesisHash };
}

/**
 * Writes a whole ledger straight into the tables, hashed by core: what a correct writer, sealer and anchorer would have left
 * there. Salts, ids and times follow from the positions, so that a ledger comes out the same in each run.
 */
export class LedgerBuilder {
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly genesis: string;
  readonly events: BuiltEvent[] = [];
  readonly anchors: BuiltAnchor[] = [];
  readonly checkpoints: { size: bigint; root: Bytes; note: string }[] = [];
  ledgerId = 0n;
  sealed = 0n;
  readonly pool: pg.Pool;
  readonly #place: TestRegistry;
  readonly #tiles = new Map<string, Bytes>();
  readonly #versions = new Map<string, bigint>();
  #timeMicros: bigint;

  constructor(pool: pg.Pool, place: TestRegistry, origin: string, startMicros: bigint) {
    this.pool = pool;
    this.#place = place;
    this.origin = origin;
    this.signer = signerFromSeed(origin, sha256(utf8(`seal ${origin}`)));
    this.genesis = createGenesis({ origin, vkey: this.signer.vkey, nonce: sha256(utf8(origin)) });
    this.#timeMicros = startMicros;
  }

  get trust(): TrustRoot {
    const { owner, chainId, genesisHash, registry } = this.#place;
    const chains = [{ chainId, genesisHash, contract: registry.address }];
    return { origin: this.origin, owner, vkeys: [this.signer.vkey], chains };
  }

  get onchainId(): string {
    return onchainLedgerId(this.#place.owner, this.origin);
  }

  readonly tiles = ({ level, tile }: TileId): Bytes | undefined => this.#tiles.get(`${level}/${tile}`);

  /** Creates the ledger's rows and opens it on chain. */
  async open(): Promise<this> {
    const { registry, key, owner, chainId, genesisHash: chainGenesis } = this.#place;
    const { blockNumber } = await registry.open({ origin: this.origin, anchorer: owner, key });
    const { rows } = await this.pool.query(
      "insert into eventchain.ledgers (origin, genesis, genesis_hash) values ($1, $2, $3) returning ledger_id",
      [this.origin, this.genesis, Buffer.from(genesisHash(this.genesis))],
    );
    this.ledgerId = BigInt(rows[0].ledger_id);
    await this.pool.query("insert into eventchain.log_keys values ($1, 0, $2)", [this.ledgerId, this.signer.vkey]);
    await this.pool.query("insert into eventchain.watermarks (ledger_id) values ($1)", [this.ledgerId]);
    await this.pool.query("insert into eventchain.ledger_contracts values ($1, $2, $3, $4, $5, $6, $7)", [
      this.ledgerId,
      chainId,
      bytea(chainGenesis),
      bytea(registry.address),
      bytea(this.onchainId),
      bytea(owner),
      blockNumber,
    ]);
    return this;
  }

  /** Appends so many events, or these. */
  async append(events: number | readonly EventParts[]): Promise<this> {
    const parts = typeof events === "number" ? Array.from({ length: events }, () => ({})) : events;
    const built = parts.map((one) => this.#build(one));
    for (let start = 0; start < built.length; start += 2_000) await this.#insert(built.slice(start, start + 2_000));
    return this;
  }

  #build(parts: EventParts): BuiltEvent {
    const position = BigInt(this.events.length + 1);
    const stream = parts.stream ?? `ticket-${(position * 7n) % 13n}`;
    const version = (this.#versions.get(stream) ?? 0n) + 1n;
    this.#versions.set(stream, version);
    this.#timeMicros = parts.recordedAtMicros ?? this.#timeMicros + 1_000n;
    const content = {
      ledger: this.origin,
      stream,
      version,
      position,
      id: `019a9f00-0000-7000-8000-${position.toString(16).padStart(12, "0")}`,
      type: parts.type ?? (position % 3n === 0n ? "TicketClosed" : "TicketOpened"),
      schema: 1,
      tags: parts.tags ?? [`customer:${position % 5n}`, `ticket:${position}`],
      recordedAtMicros: this.#timeMicros,
      data: parts.data ?? `{"n":${position},"title":"Printer ${position} does not answer"}`,
      salt: sha256(u64(position), utf8("data")).slice(0, 16),
      metadata: parts.metadata ?? `{"actor":"ada","commandId":"command-${position}"}`,
      metaSalt: sha256(u64(position), utf8("metadata")).slice(0, 16),
      prevHash: this.events.at(-1)?.hash ?? genesisHash(this.genesis),
    };
    const event = { ...content, hash: eventHash(content).hash };
    this.events.push(event);
    return event;
  }

  async #insert(events: readonly BuiltEvent[]): Promise<void> {
    await insertEvents(this.pool, this.ledgerId, this.origin, events);
    const tags = events.flatMap(({ tags: list, type, position }) =>
      list.map((tag) => ({ tag, type, position: `${position}` })),
    );
    await this.pool.query(
      `insert into eventchain.event_tags (ledger_id, tag, type, position)
       select $1, tag, type, position from json_to_recordset($2) as t (tag text, type text, position bigint)`,
      [this.ledgerId, JSON.stringify(tags)],
    );
    await this.pool.query(
      `insert into eventchain.commands (ledger_id, command_id, request_hash, outcome, code, type, actor, first_position,
         last_position, at)
       select $1, id, sha256(convert_to(id, 'UTF8')), outcome, code, type, actor, position, position, now()
       from json_to_recordset($2) as t (id text, outcome text, code text, type text, actor text, position bigint)`,
      [this.ledgerId, JSON.stringify(events.flatMap(commandRow))],
    );
    await this.pool.query(
      `insert into eventchain.handlers (ledger_id, handler, enabled, by, position, at)
       select distinct on (handler) $1::bigint, handler, enabled, by, position, now()
       from json_to_recordset($2) as t (handler text, enabled boolean, by text, position bigint)
       order by handler, position desc
       on conflict (ledger_id, handler) do update
         set enabled = excluded.enabled, by = excluded.by, position = excluded.position`,
      [this.ledgerId, JSON.stringify(events.flatMap(switchRow))],
    );
  }

  /** Seals up to a position: everything, unless told otherwise. */
  async seal(upTo: bigint = BigInt(this.events.length)): Promise<this> {
    const entries = this.events.slice(Number(this.sealed), Number(upTo)).map((event) => event.hash);
    tilesForExtend(this.sealed);
    const extended = extendLog(this.tiles, this.sealed, entries);
    for (const { id, hashes } of extended.tiles) {
      this.#tiles.set(`${id.level}/${id.tile}`, hashes);
      await this.pool.query(
        `insert into eventchain.log_tiles (ledger_id, level, tile, hashes) values ($1, $2, $3, $4)
         on conflict (ledger_id, level, tile) do update set hashes = excluded.hashes`,
        [this.ledgerId, id.level, id.tile, Buffer.from(hashes)],
      );
    }
    this.sealed = extended.size;
    const { size, root } = extended;
    const note = signNote(formatCheckpoint({ origin: this.origin, size, root }), this.signer);
    this.checkpoints.push({ size, root, note });
    await this.pool.query(
      "insert into eventchain.checkpoints (ledger_id, epoch, size, root, note) values ($1, 0, $2, $3, $4)",
      [this.ledgerId, size, Buffer.from(root), note],
    );
    await this.pool.query("update eventchain.watermarks set sealed_size = $2 where ledger_id = $1", [
      this.ledgerId,
      size,
    ]);
    return this;
  }

  /** Anchors the newest checkpoint on chain and in the tables. */
  async anchor(state: "mined" | "final" = "final"): Promise<this> {
    const { size, root } = this.checkpoints.at(-1) as { size: bigint; root: Bytes };
    const fromSize = this.anchors.at(-1)?.size ?? 0n;
    const sent = await sendAnchor(this.#place, this.onchainId, {
      size,
      root,
      consistency: fromSize === 0n ? [] : consistencyProof(this.tiles, fromSize, size),
    });
    this.anchors.push({ size, root, txHash: sent.txHash });
    await this.pool.query(
      `insert into eventchain.anchors (ledger_id, from_size, size, root, chain_id, contract, sender, nonce, raw_tx, tx_hash, state,
         block_number, block_hash, block_time, mined_at, final_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, to_timestamp($14), now(), now())`,
      [
        this.ledgerId,
        fromSize,
        size,
        Buffer.from(root),
        this.#place.chainId,
        bytea(this.#place.registry.address),
        bytea(this.#place.owner),
        sent.nonce,
        Buffer.from(sent.raw),
        bytea(sent.txHash),
        state,
        sent.blockNumber,
        bytea(sent.blockHash),
        sent.timeSeconds.toString(),
      ],
    );
    await this.pool.query(
      `update eventchain.watermarks set anchored_size = $2, final_size = case when $3 = 'final' then $2 else final_size end
       where ledger_id = $1`,
      [this.ledgerId, size, state],
    );
    return this;
  }
}

/** An event's row of `commands`: what a rejection's event says of it stands there too. */
function commandRow({ type, data, metadata, position }: BuiltEvent): object[] {
  const { commandId: id } = JSON.parse(metadata) as { commandId?: string };
  if (id === undefined) return [];
  const rejection =
    type === "$CommandRejected" ? { ...JSON.parse(data), outcome: "rejected" } : { outcome: "recorded" };
  return [{ ...rejection, id, position: `${position}` }];
}

/** A switch's row of `handlers`; none of an event that is no sound switch. */
function switchRow({ type, data, position }: BuiltEvent): object[] {
  if (type !== "$HandlerSwitched") return [];
  const { handler, enabled, by } = JSON.parse(data) as Record<string, unknown>;
  const isSound = typeof handler === "string" && typeof enabled === "boolean" && by !== "";
  return isSound ? [{ handler, enabled, by, position: `${position}` }] : [];
}

/** Bytes of 0x and hex. */
function bytea(hex: string): Buffer {
  return Buffer.from(hexToBytes(hex.slice(2).toLowerCase()));
}

import { type Bytes, bytesToHex, hexToBytes } from "@eventchain/core";
import type { LedgerRecord } from "../../port.ts";
import type { AlarmRecord, AnchorRecord, AnchorState, LedgerContract, StoredCheckpoint } from "./port.ts";

function hex0x(bytes: Bytes): string {
  return `0x${bytesToHex(bytes)}`;
}

/** Bytes of 0x and `length` bytes in hex, in either case (addresses may be checksummed). */
export function bytes0x(text: string, length: number): Bytes {
  return hexToBytes(text.replace(/^0x/, "").toLowerCase(), length);
}

function optional<T, R>(value: T | null, decode: (value: T) => R): R | null {
  return value === null ? null : decode(value);
}

export interface CheckpointRow {
  epoch: number;
  size: string;
  root: Bytes;
  note: string;
  sealed_at_ms: string;
}

export function decodeCheckpoint(row: CheckpointRow): StoredCheckpoint {
  return {
    epoch: BigInt(row.epoch),
    size: BigInt(row.size),
    root: row.root,
    note: row.note,
    sealedAtMs: BigInt(row.sealed_at_ms),
  };
}

export interface ContractRow {
  chain_id: string;
  genesis_hash: Bytes;
  contract: Bytes;
  onchain_id: Bytes;
  owner: Bytes;
  opened_block: string;
}

export function decodeContract(row: ContractRow): LedgerContract {
  return {
    chainId: BigInt(row.chain_id),
    genesisHash: hex0x(row.genesis_hash),
    contract: hex0x(row.contract),
    onchainId: hex0x(row.onchain_id),
    owner: hex0x(row.owner),
    openedBlock: BigInt(row.opened_block),
  };
}

export interface LedgerRow {
  ledger_id: string;
  origin: string;
  genesis: string;
  genesis_hash: Bytes;
  epoch: number;
  state: "open" | "halted";
  state_reason: string | null;
}

export function decodeLedger(row: LedgerRow): LedgerRecord {
  return {
    ledgerId: BigInt(row.ledger_id),
    origin: row.origin,
    genesis: row.genesis,
    genesisHash: row.genesis_hash,
    epoch: BigInt(row.epoch),
    state: row.state,
    stateReason: row.state_reason,
  };
}

export interface AlarmRow {
  code: AlarmRecord["code"];
  message: string;
  raised_at_ms: string;
}

export function decodeAlarm(row: AlarmRow): AlarmRecord {
  return { code: row.code, message: row.message, raisedAtMs: BigInt(row.raised_at_ms) };
}

export interface AnchorRow {
  anchor_id: string;
  ledger_id: string;
  epoch: number;
  from_size: string;
  size: string;
  root: Bytes;
  chain_id: string;
  contract: Bytes;
  sender: Bytes;
  nonce: string;
  raw_tx: Bytes;
  tx_hash: Bytes;
  state: AnchorState;
  max_fee_per_gas: string;
  max_priority_fee_per_gas: string;
  block_number: string | null;
  block_hash: Bytes | null;
  block_time_seconds: string | null;
  gas_used: string | null;
  fee: string | null;
  error: string | null;
  prepared_at_ms: string;
  sent_at_ms: string | null;
  mined_at_ms: string | null;
  final_at_ms: string | null;
  since_prepared_ms: string;
  since_sent_ms: string | null;
}

export function decodeAnchor(row: AnchorRow): AnchorRecord {
  return {
    anchorId: BigInt(row.anchor_id),
    ledgerId: BigInt(row.ledger_id),
    epoch: BigInt(row.epoch),
    fromSize: BigInt(row.from_size),
    size: BigInt(row.size),
    root: hex0x(row.root),
    chainId: BigInt(row.chain_id),
    contract: hex0x(row.contract),
    sender: hex0x(row.sender),
    nonce: BigInt(row.nonce),
    raw: row.raw_tx,
    txHash: hex0x(row.tx_hash),
    state: row.state,
    maxFeePerGasWei: BigInt(row.max_fee_per_gas),
    maxPriorityFeePerGasWei: BigInt(row.max_priority_fee_per_gas),
    blockNumber: optional(row.block_number, BigInt),
    blockHash: optional(row.block_hash, hex0x),
    blockTimeSeconds: optional(row.block_time_seconds, BigInt),
    gasUsed: optional(row.gas_used, BigInt),
    feeWei: optional(row.fee, BigInt),
    error: row.error,
    preparedAtMs: BigInt(row.prepared_at_ms),
    sentAtMs: optional(row.sent_at_ms, BigInt),
    minedAtMs: optional(row.mined_at_ms, BigInt),
    finalAtMs: optional(row.final_at_ms, BigInt),
    sincePreparedMs: BigInt(row.since_prepared_ms),
    sinceSentMs: optional(row.since_sent_ms, BigInt),
  };
}

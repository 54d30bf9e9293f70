import { type Bytes, LedgerError } from "@eventchain/core";
import { bytesAt, hexAt, integerAt, textAt } from "./decode.ts";
import { statement } from "./load-statement.ts";
import type { Snapshot } from "./open-snapshot.ts";

const ledgerFind = statement("ledger-find");
const keyList = statement("key-list");
const contractFind = statement("contract-find");
const watermarkFind = statement("watermark-find");
const headFind = statement("head-find");

/** A row of `ledgers`. */
export interface LedgerRow {
  ledgerId: bigint;
  origin: string;
  genesis: string;
  genesisHash: Bytes;
  epoch: bigint;
}

/** A row of `ledger_contracts`; all hex is 0x and lower-case. */
export interface ContractRow {
  chainId: bigint;
  genesisHash: string;
  contract: string;
  onchainId: string;
  owner: string;
}

export interface Watermarks {
  sealed: bigint;
  anchored: bigint;
  final: bigint;
}

/** What the database says of the ledger beside its events and its log. */
export interface Setup {
  ledger: LedgerRow;
  /** The origins of all ledgers of the database. */
  origins: ReadonlySet<string>;
  keys: { epoch: bigint; vkey: string }[];
  contract: ContractRow | undefined;
  watermarks: Watermarks;
  /** The greatest position, 0 without events. */
  head: bigint;
}

/** All ledgers of the database. */
export async function readLedgers(snapshot: Snapshot): Promise<LedgerRow[]> {
  const rows = await snapshot.rows(ledgerFind, []);
  return rows.map((row) => ({
    ledgerId: integerAt(row, 0),
    origin: textAt(row, 1),
    genesis: textAt(row, 2),
    genesisHash: bytesAt(row, 3),
    epoch: integerAt(row, 4),
  }));
}

/** The ledger of this origin; without one, the only ledger. undefined: the database has no ledger of this origin. */
export function pickLedger(ledgers: readonly LedgerRow[], origin: string | undefined): LedgerRow | undefined {
  if (origin !== undefined) {
    const [named, twin] = ledgers.filter((ledger) => ledger.origin === origin);
    if (twin === undefined) return named;
    throw new LedgerError("tampered", `the database has two ledgers of the origin ${origin}`, { values: { origin } });
  }
  const [only, ...others] = ledgers;
  if (only === undefined) throw new LedgerError("ledger-not-found", "the database has no ledger");
  if (others.length > 0) {
    throw new LedgerError("invalid-argument", "the database has several ledgers: say which one", {
      values: { ledgers: ledgers.map((ledger) => ledger.origin) },
    });
  }
  return only;
}

export async function readContract(snapshot: Snapshot, ledgerId: bigint): Promise<ContractRow | undefined> {
  const [row] = await snapshot.rows(contractFind, [ledgerId]);
  if (row === undefined) return undefined;
  return {
    chainId: integerAt(row, 0),
    genesisHash: hexAt(row, 1),
    contract: hexAt(row, 2),
    onchainId: hexAt(row, 3),
    owner: hexAt(row, 4),
  };
}

/** Zeros where the row is gone. */
export async function readWatermarks(snapshot: Snapshot, ledgerId: bigint): Promise<Watermarks> {
  const [row] = await snapshot.rows(watermarkFind, [ledgerId]);
  if (row === undefined) return { sealed: 0n, anchored: 0n, final: 0n };
  return { sealed: integerAt(row, 0), anchored: integerAt(row, 1), final: integerAt(row, 2) };
}

/** Everything but events, log and anchors. */
export async function readSetup(snapshot: Snapshot, ledger: LedgerRow, all: readonly LedgerRow[]): Promise<Setup> {
  const { ledgerId } = ledger;
  const keys = await snapshot.rows(keyList, [ledgerId]);
  const [head] = await snapshot.rows(headFind, [ledgerId]);
  return {
    ledger,
    origins: new Set(all.map((one) => one.origin)),
    keys: keys.map((row) => ({ epoch: integerAt(row, 0), vkey: textAt(row, 1) })),
    contract: await readContract(snapshot, ledgerId),
    watermarks: await readWatermarks(snapshot, ledgerId),
    head: head === undefined ? 0n : integerAt(head, 0),
  };
}

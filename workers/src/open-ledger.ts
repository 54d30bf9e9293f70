import { addressOf, type Chain } from "@eventchain/chain";
import { createGenesis, LedgerError, onchainLedgerId, signerFromSeed } from "@eventchain/core";
import type { EventStore, LedgerContract, LedgerRecord, LogStore } from "@eventchain/store";

export interface OpenLedgerInput {
  store: Pick<EventStore, "createLedger" | "findLedger">;
  log: Pick<LogStore, "contracts" | "recordContract" | "vkeys" | "checkpoint">;
  chain: Chain;
  /** The AnchorRegistry's address. */
  contract: string;
  /** 1 to 200 printable ASCII characters, without space, `+` or `~`. */
  origin: string;
  /** The sealing key's seed, 32 bytes. */
  sealSeed: Uint8Array;
  /** The private key that opens the ledger on chain and owns it from then on: 0x and 64 hex digits. */
  ownerKey: string;
  /** Who may anchor. */
  anchorerAddress: string;
}

/** A trust root as it is kept in a file: format.md "Trust root". */
export interface TrustRootFile {
  origin: string;
  /** 0x and lower-case hex, as are all of the following. */
  owner: string;
  vkeys: string[];
  /** `chainId` in decimal. */
  chains: { chainId: string; genesisHash: string; contract: string }[];
}

/**
 * Creates a ledger in the database and opens it on the chain; or, for one that is open already, gives it back. It may be
 * run again after it failed at any point, with the same input.
 *
 * Durable order:
 * 1. the ledger's row, its genesis and first verifier key. A restart finds them and takes them as they are.
 * 2. the ledger is open in the contract, by the owner's key. A restart finds it open; where a reorganisation took that
 *    back, even after step 4, it is opened again under the same id.
 * 3. the anchorer is the one asked for. A restart finds it so.
 * 4. chain, contract and on-chain id are recorded. Until then nothing is anchored; events may be appended and sealed.
 *
 * Errors: LedgerError `bad-key` (the ledger is sealed with another key), `chain-mismatch` (it is anchored elsewhere, or
 * the contract has a head of it that this database does not know), `chain-…`, `database-…`.
 */
export async function openLedger(input: OpenLedgerInput): Promise<{ ledger: LedgerRecord; trust: TrustRootFile }> {
  const ledger = await ensureRow(input);
  const contract = await ensureOpen(input, ledger);
  await input.log.recordContract(ledger.ledgerId, contract);
  const { owner, chainId, genesisHash } = contract;
  const vkeys = await input.log.vkeys(ledger.ledgerId);
  const chains = [{ chainId: chainId.toString(), genesisHash, contract: contract.contract }];
  return { ledger, trust: { origin: input.origin, owner, vkeys, chains } };
}

async function ensureRow(input: OpenLedgerInput): Promise<LedgerRecord> {
  const { store, log, origin } = input;
  const { vkey } = signerFromSeed(origin, input.sealSeed);
  const existing = await store.findLedger(origin);
  if (existing === undefined) {
    try {
      return await store.createLedger({ origin, genesis: createGenesis({ origin, vkey }), vkey });
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== "ledger-exists") throw error;
      // Somebody else created it just now, or a lost answer was ours: look again.
      const now = await store.findLedger(origin);
      if (now === undefined) throw error;
      return checkKey(log, now, vkey);
    }
  }
  return checkKey(log, existing, vkey);
}

async function checkKey(log: OpenLedgerInput["log"], ledger: LedgerRecord, vkey: string): Promise<LedgerRecord> {
  // Keys of later epochs have other names; the first is the one that the ledger was created with.
  if ((await log.vkeys(ledger.ledgerId))[0] === vkey) return ledger;
  throw new LedgerError("bad-key", `the ledger ${ledger.origin} exists, and is sealed with another key`, {
    values: { origin: ledger.origin, given: vkey },
  });
}

async function ensureOpen(input: OpenLedgerInput, ledger: LedgerRecord): Promise<LedgerContract> {
  const { chain, log, origin, ownerKey, anchorerAddress } = input;
  const registry = chain.registry(input.contract);
  const { chainId, genesisHash } = await chain.identity();
  const address = registry.address.toLowerCase();
  const recorded = await log.contracts(ledger.ledgerId);
  if (recorded !== undefined) checkRecorded(recorded, { chainId, genesisHash, address });
  const isOpen = recorded !== undefined && !("kind" in (await registry.head(recorded.onchainId)));
  if (recorded !== undefined && !isOpen) checkOwner(recorded, addressOf(ownerKey), origin);
  const opened = isOpen
    ? { ledgerId: recorded.onchainId, blockNumber: recorded.openedBlock }
    : await registry.open({ origin, anchorer: anchorerAddress, key: ownerKey });
  const head = await registry.head(opened.ledgerId);
  if ("kind" in head) {
    throw new LedgerError("chain-mismatch", `${origin} was opened in ${address}, which does not know it`, {
      values: { origin, contract: address },
    });
  }
  const sealed = (await log.checkpoint(ledger.ledgerId))?.size ?? 0n;
  if (head.size > sealed) {
    throw new LedgerError(
      "chain-mismatch",
      `the contract has a head of size ${head.size} of this owner's ${origin}, which this database does not know`,
      { values: { origin, contractSize: head.size, databaseSize: sealed } },
    );
  }
  if (head.anchorer.toLowerCase() !== anchorerAddress.toLowerCase()) {
    await registry.setAnchorer({ ledgerId: opened.ledgerId, anchorer: anchorerAddress, key: ownerKey });
  }
  const owner = addressOf(ownerKey).toLowerCase();
  const { ledgerId: onchainId, blockNumber: openedBlock } = opened;
  return recorded === undefined
    ? { chainId, genesisHash, contract: address, onchainId, owner, openedBlock }
    : { ...recorded, openedBlock };
}

/** The block that opened it was reorganised away: only the same key opens it under the same id. */
function checkOwner(recorded: LedgerContract, owner: string, origin: string): void {
  if (onchainLedgerId(owner, origin) === recorded.onchainId) return;
  throw new LedgerError("chain-mismatch", "the contract does not know the ledger, and another key opened it", {
    values: { origin, recordedOwner: recorded.owner, owner: owner.toLowerCase(), contract: recorded.contract },
  });
}

function checkRecorded(
  recorded: LedgerContract,
  given: { address: string; chainId: bigint; genesisHash: string },
): void {
  const { chainId, genesisHash, address } = given;
  if (recorded.chainId === chainId && recorded.genesisHash === genesisHash && recorded.contract === address) return;
  throw new LedgerError("chain-mismatch", "the ledger is anchored elsewhere already", {
    values: { recordedChainId: recorded.chainId, recordedContract: recorded.contract, chainId, contract: address },
  });
}

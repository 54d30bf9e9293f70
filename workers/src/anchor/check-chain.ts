import { LedgerError } from "@eventchain/core";
import type { LedgerContract, LogStore } from "@eventchain/store";

/** Which chain a node is of; the id alone is what every development chain has. */
export interface ChainIdentity {
  chainId: bigint;
  /** The hash of block 0, 0x and hex. */
  genesisHash: string;
}

/**
 * The ledger's contract, if the node at hand is of the chain that it is on.
 * Errors: LedgerError `chain-mismatch`.
 */
export async function ownContract(
  log: Pick<LogStore, "contracts">,
  identity: ChainIdentity,
  ledgerId: bigint,
): Promise<LedgerContract> {
  const contract = await log.contracts(ledgerId);
  if (contract === undefined) {
    throw new LedgerError("chain-mismatch", "the ledger is not opened on a chain", { values: { ledgerId } });
  }
  if (contract.chainId === identity.chainId && contract.genesisHash === identity.genesisHash) return contract;
  throw new LedgerError(
    "chain-mismatch",
    "the node at hand is of another chain than the one this ledger is anchored on",
    {
      values: {
        recordedChainId: contract.chainId,
        recordedGenesisHash: contract.genesisHash,
        chainId: identity.chainId,
        genesisHash: identity.genesisHash,
      },
    },
  );
}

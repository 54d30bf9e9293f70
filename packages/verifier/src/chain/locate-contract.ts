import type { Chain } from "@eventchain/chain";
import { LedgerError, onchainLedgerId, parseAddress, type TrustRoot } from "@eventchain/core";
import type { ContractRow } from "../database/read-setup.ts";

/** Where a ledger's anchors are looked up. */
export interface Place {
  chainId: bigint;
  genesisHash: string;
  contract: string;
  /** The ledger's id in the contract, if it can be told without asking the contract. */
  ledgerId: string | undefined;
  /** The address whose ledgers must all be in the database; undefined when nobody says. */
  owner: string | undefined;
}

/** What says where to look, the more trusted first. */
export interface PlaceSources {
  trust: TrustRoot | undefined;
  /** An address given from outside. */
  contract: string | undefined;
  row: ContractRow | undefined;
  origin: string;
}

/**
 * The place on the chain at hand. undefined: nobody says where the ledger is anchored. Throws `chain-mismatch` when the chain is
 * not the one that the trust root, or without it the database, names.
 */
export async function locateContract(chain: Chain, sources: PlaceSources): Promise<Place | undefined> {
  const { trust, row, origin } = sources;
  const contract = sources.contract === undefined ? undefined : parseAddress(sources.contract);
  const { chainId, genesisHash } = await chain.identity();
  const isHere = (place: { chainId: bigint; genesisHash: string }): boolean =>
    place.chainId === chainId && place.genesisHash.toLowerCase() === genesisHash.toLowerCase();
  const values = { chainId, genesisHash };
  if (trust !== undefined) {
    const place = trust.chains.find((one) => isHere(one) && (contract === undefined || one.contract === contract));
    if (place === undefined) {
      const what = contract === undefined ? "this chain" : "this contract on this chain";
      throw new LedgerError("chain-mismatch", `the trust root does not name ${what}`, { values });
    }
    const ledgerId = onchainLedgerId(trust.owner, origin);
    return { chainId, genesisHash, contract: place.contract, ledgerId, owner: trust.owner };
  }
  if (row === undefined) {
    return contract === undefined
      ? undefined
      : { chainId, genesisHash, contract, ledgerId: undefined, owner: undefined };
  }
  if (!isHere(row)) {
    const expected = { expectedChainId: row.chainId, expectedGenesisHash: row.genesisHash };
    const message = "this is not the chain that the database says the ledger is anchored on";
    throw new LedgerError("chain-mismatch", message, { values: { ...values, ...expected } });
  }
  return { chainId, genesisHash, contract: contract ?? row.contract, ledgerId: row.onchainId, owner: row.owner };
}

import {
  type Bytes,
  equalBytes,
  type Genesis,
  genesisHash,
  LedgerError,
  parseGenesis,
  sha256,
  type TrustRoot,
  utf8,
  verifierFromVkey,
} from "@eventchain/core";
import type { ChainView } from "../chain/read-chain.ts";
import type { LedgerRow, Setup } from "../database/read-setup.ts";
import type { Draft } from "../findings/draft.ts";

/** What the ledger begins with, as far as it can be believed. */
export interface Beginning {
  origin: string;
  /** What the first event is chained to. */
  genesisHash: Bytes;
  /** The keys that a checkpoint may be signed with. */
  vkeys: string[];
  drafts: Draft[];
}

/**
 * Judges the rows that name the ledger and its keys, by themselves and against the trust root. The genesis is what the first
 * event is chained to, so a fault of it is found at position 1. Throws `unsupported-format` for a later format.
 */
export function checkBeginning(setup: Setup, trust: TrustRoot | undefined): Beginning {
  const { ledger, keys } = setup;
  const { genesis, drafts } = readGenesis(ledger, trust);
  const hash = genesisHashOf(ledger.genesis);
  if (drafts.length === 0 && !equalBytes(hash, ledger.genesisHash)) {
    drafts.push(atGenesis("the genesis in ledgers does not match its hash there"));
  }
  const problem = keysProblem(setup, genesis, trust);
  if (problem !== undefined) drafts.push({ area: "trust", kind: "bad-checkpoint", detail: problem });
  const known = keys.filter(({ vkey }) => isKey(vkey)).map(({ vkey }) => vkey);
  const vkeys = trust?.vkeys ?? [...new Set([...(genesis === undefined ? [] : [genesis.vkey]), ...known])];
  return { origin: trust?.origin ?? genesis?.origin ?? ledger.origin, genesisHash: hash, vkeys, drafts };
}

function keysProblem({ keys }: Setup, genesis: Genesis | undefined, trust: TrustRoot | undefined): string | undefined {
  const first = keys.find(({ epoch }) => epoch === 0n);
  if (first === undefined) return "log_keys does not name the log's first key";
  if (trust !== undefined) {
    const isTrusted = keys.every(({ vkey }) => trust.vkeys.includes(vkey));
    return isTrusted ? undefined : "log_keys names a key that the trust root does not name";
  }
  const isSame = genesis === undefined || first.vkey === genesis.vkey;
  return isSame ? undefined : "log_keys does not name the key that the genesis names";
}

function readGenesis(
  ledger: LedgerRow,
  trust: TrustRoot | undefined,
): { genesis: Genesis | undefined; drafts: Draft[] } {
  let genesis: Genesis;
  try {
    genesis = parseGenesis(ledger.genesis);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code === "unsupported-format") throw error;
    return { genesis: undefined, drafts: [atGenesis(error.message)] };
  }
  if (genesis.origin !== ledger.origin) return { genesis, drafts: [atGenesis("the genesis is another ledger's")] };
  const isTrusted = trust === undefined || trust.vkeys.includes(genesis.vkey);
  return { genesis, drafts: isTrusted ? [] : [atGenesis("the genesis names a key that the trust root does not name")] };
}

/** Of a text that is not canonical too: its bytes are what they are. */
function genesisHashOf(text: string): Bytes {
  try {
    return genesisHash(text);
  } catch {
    return sha256(Uint8Array.of(0x47), utf8(text));
  }
}

function isKey(vkey: string): boolean {
  try {
    verifierFromVkey(vkey);
    return true;
  } catch {
    return false;
  }
}

/** Compares where the database says that it is anchored with where it is. */
export function checkContract(setup: Setup, view: ChainView | undefined): Draft[] {
  const { contract } = setup;
  if (contract === undefined || view === undefined) return [];
  const { place } = view;
  const wrong = [
    ...(contract.chainId === place.chainId ? [] : [`chain ${contract.chainId}`]),
    ...(contract.genesisHash === place.genesisHash.toLowerCase() ? [] : [`genesis block ${contract.genesisHash}`]),
    ...(contract.contract === place.contract.toLowerCase() ? [] : [`contract ${contract.contract}`]),
    ...(view.ledgerId === undefined || contract.onchainId === view.ledgerId.toLowerCase()
      ? []
      : [`ledger id ${contract.onchainId}`]),
    ...(place.owner === undefined || contract.owner === place.owner.toLowerCase() ? [] : [`owner ${contract.owner}`]),
  ];
  if (wrong.length === 0) return [];
  const detail = `ledger_contracts says ${wrong.join(", ")}: that is not where the ledger is anchored`;
  return [{ area: "claim", kind: "forged-anchor", detail }];
}

function atGenesis(detail: string): Draft {
  return { area: "event", kind: "altered", position: 1n, detail };
}

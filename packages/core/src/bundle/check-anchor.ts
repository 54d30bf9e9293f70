import { hexToBytes } from "../decode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { verifyConsistency } from "../log/verify-proof.ts";
import { openNote } from "../notes/open-note.ts";
import { onchainLedgerId } from "../trust/onchain-ledger-id.ts";
import type { TrustRoot } from "../trust/trust-root.ts";
import type { LoggedEvent } from "./check-event.ts";
import type { BundleAnchor } from "./proof-bundle.ts";
import { type Finding, fails, holds, passedOver } from "./report.ts";
import type { AnchorWitness, FoundAnchor } from "./witness.ts";

const NO_ANCHOR = "the bundle names no anchor: the event was sealed, not final, when it was made";

/** Whether a trusted key of the checkpoint's own name signed it. A witness's signature does not stand in for the log's. */
export function checkSignature(logged: LoggedEvent, vkeys: readonly string[]): Finding<LoggedEvent> {
  if (vkeys.length === 0) return passedOver("no verifier key was given", logged);
  try {
    const { signedBy } = openNote(logged.bundle.checkpoint, vkeys);
    if (signedBy.includes(logged.checkpoint.origin)) return holds(`signed by ${signedBy.join(", ")}`, logged);
    return fails(`signed by ${signedBy.join(", ")}, but not by a known key of ${logged.checkpoint.origin}`);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== "bad-note") throw error;
    return fails(error.message);
  }
}

/** Whether the anchored head contains the checkpoint's. */
export function checkConsistency(logged: LoggedEvent): Finding<LoggedEvent> {
  const { anchor } = logged.bundle;
  if (anchor === null) return passedOver(NO_ANCHOR, logged);
  const { size: size1, root: root1 } = logged.checkpoint;
  const size2 = BigInt(anchor.size);
  if (size2 < size1) return fails(`the anchor of size ${size2} is older than the checkpoint of size ${size1}`);
  const root2 = hexToBytes(anchor.root.slice(2), 32);
  const path = anchor.consistency.map((hash) => hexToBytes(hash, 32));
  if (!verifyConsistency({ size1, size2, root1, root2, path })) {
    return fails(`the anchored head of size ${size2} is not shown to contain the checkpoint of size ${size1}`);
  }
  return holds(
    size1 === size2 ? `the anchored head is the checkpoint's` : `size ${size2} contains size ${size1}`,
    logged,
  );
}

/** Whether ledger, chain, contract and the ledger's id in it are those of the trust root. */
export function checkTrust(logged: LoggedEvent, trust: TrustRoot | undefined): Finding<LoggedEvent> {
  if (trust === undefined)
    return passedOver("no trust root was given: whose chain and contract these are is not known", logged);
  const { header, bundle } = logged;
  if (header.ledger !== trust.origin)
    return fails(`the event is of ${header.ledger}, the trust root of ${trust.origin}`);
  const { anchor } = bundle;
  if (anchor === null) return passedOver(NO_ANCHOR, logged);
  const known = trust.chains.some(
    (chain) =>
      `${chain.chainId}` === anchor.chainId &&
      chain.genesisHash === anchor.genesisHash &&
      chain.contract === anchor.contract,
  );
  if (!known) return fails(`contract ${anchor.contract} on chain ${anchor.chainId} is not among the trust root's`);
  if (onchainLedgerId(trust.owner, trust.origin) !== anchor.ledgerId) {
    return fails(`${anchor.ledgerId} is not the id of ${trust.origin} as ${trust.owner} opened it`);
  }
  return holds(`contract ${anchor.contract} on chain ${anchor.chainId}`, logged);
}

/** Whether the anchor stands on the current chain, deep enough, in an epoch that was not superseded. */
export async function checkOnChain(
  logged: LoggedEvent,
  chain: AnchorWitness | undefined,
  finality: number | "finalized",
): Promise<Finding<LoggedEvent>> {
  const { anchor } = logged.bundle;
  if (anchor === null) return passedOver(NO_ANCHOR, logged);
  if (chain === undefined) return passedOver("no chain was asked", logged);
  try {
    return await askChain(logged, anchor, chain, finality);
  } catch (error) {
    // No answer of a node is not "no".
    if (!(error instanceof LedgerError)) throw error;
    return passedOver(`the chain could not be asked: ${error.message}`, logged);
  }
}

async function askChain(
  logged: LoggedEvent,
  anchor: BundleAnchor,
  chain: AnchorWitness,
  finality: number | "finalized",
): Promise<Finding<LoggedEvent>> {
  const { contract, ledgerId, txHash } = anchor;
  const { chainId, genesisHash } = await chain.identity();
  if (`${chainId}` !== anchor.chainId || genesisHash.toLowerCase() !== anchor.genesisHash) {
    return passedOver(
      `the node is of chain ${chainId} (${genesisHash}), the anchor on chain ${anchor.chainId}`,
      logged,
    );
  }
  const found = await chain.anchored({ contract, ledgerId, txHash });
  if (found.kind === "not-found") return fails(`the chain has no anchor of this ledger in transaction ${txHash}`);
  const wrong = differences(anchor, found);
  if (wrong.length > 0) return fails(`the chain's anchor in transaction ${txHash} differs: ${wrong.join(", ")}`);
  const head = await chain.head({ contract, ledgerId });
  if (!("epoch" in head)) return fails("the contract does not know the ledger");
  if (head.epoch > found.epoch) {
    return fails(`superseded since: the contract is in epoch ${head.epoch}, the anchor of epoch ${found.epoch}`);
  }
  if (!isDeepEnough(found, finality)) {
    return passedOver(`not final yet: block ${found.blockNumber} has ${found.confirmations} confirmations`, logged);
  }
  return holds(`block ${found.blockNumber}, ${found.confirmations} confirmations`, logged);
}

function differences(anchor: BundleAnchor, found: FoundAnchor): string[] {
  const pairs: [string, string, string][] = [
    ["epoch", anchor.epoch, `${found.epoch}`],
    ["size", anchor.size, `${found.size}`],
    ["root", anchor.root, found.root.toLowerCase()],
    ["block number", anchor.blockNumber, `${found.blockNumber}`],
    ["block hash", anchor.blockHash, found.blockHash.toLowerCase()],
  ];
  return pairs
    .filter(([, said, seen]) => said !== seen)
    .map(([name, said, seen]) => `${name} ${seen} instead of ${said}`);
}

function isDeepEnough(found: FoundAnchor, finality: number | "finalized"): boolean {
  return finality === "finalized" ? found.finalized : found.confirmations >= BigInt(finality);
}

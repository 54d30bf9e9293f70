import type { OnChainHead } from "@eventchain/chain";
import { hexToBytes } from "@eventchain/core";
import type { LedgerContract, LedgerRecord } from "@eventchain/store";
import type { ChainDeps } from "./deps.ts";
import { readMinedFacts } from "./read-mined-facts.ts";

/**
 * Records the anchor of a head of ours that the contract has and the table does not know as mined: its row was lost
 * with the database's last commits, or given up too early. Nothing where a row is on its way there.
 *
 * Durable order: 1. the anchor is `mined`, and `anchored_size` moved, in one transaction. A restart before it finds the
 * contract's head again.
 */
export async function adoptAnchor(
  deps: ChainDeps,
  ledger: LedgerRecord,
  contract: LedgerContract,
  head: OnChainHead,
): Promise<void> {
  const known = await deps.log.coveringAnchor(ledger.ledgerId, head.size);
  if (known !== undefined) return;
  const open = await deps.log.openAnchors(contract.chainId);
  if (open.some((anchor) => anchor.ledgerId === ledger.ledgerId && anchor.size === head.size)) return;
  const logs = await deps.chain
    .registry(contract.contract)
    .anchors(contract.onchainId, { fromBlock: contract.openedBlock });
  const found = logs.findLast((log) => log.size === head.size && log.root === head.root);
  if (found === undefined) return;
  const receipt = await deps.chain.receipt(found.txHash);
  if (receipt.kind === "not-found") return;
  const facts = await readMinedFacts(deps.chain, receipt);
  if (facts === undefined) return;
  await deps.log.adoptAnchor(
    {
      ledgerId: ledger.ledgerId,
      epoch: found.epoch,
      fromSize: found.fromSize,
      size: found.size,
      root: hexToBytes(found.root.slice(2), 32),
      chainId: contract.chainId,
      contract: contract.contract,
      sender: head.anchorer,
      txHash: found.txHash,
    },
    facts,
  );
}

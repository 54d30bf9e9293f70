import type { Draft } from "../findings/draft.ts";
import type { ChainView } from "./read-chain.ts";

/** What the contract says by itself: heads that its owner replaced, and ledgers of the owner that the database has not. */
export async function judgeChain(view: ChainView | undefined, origins: ReadonlySet<string>): Promise<Draft[]> {
  if (view === undefined) return [];
  const drafts = view.supersessions.map((log): Draft => {
    const what = `the owner replaced the head of size ${log.oldSize} by one of size ${log.size}`;
    const detail = `${what} in block ${log.blockNumber} (epoch ${log.epoch}): ${log.reason}`;
    return { area: "chain", kind: "superseded", position: log.oldSize, detail };
  });
  for (const { origin, ledgerId, blockNumber } of view.opened) {
    if (origins.has(origin)) continue;
    const head = await view.registry.head(ledgerId);
    // A ledger that was handed over is its new owner's to have.
    if ("kind" in head || head.owner.toLowerCase() !== view.place.owner?.toLowerCase()) continue;
    const detail = `the owner opened ${origin} on chain in block ${blockNumber}, and the database does not have it`;
    drafts.push({ area: "chain", kind: "ledger-missing", detail });
  }
  return drafts;
}

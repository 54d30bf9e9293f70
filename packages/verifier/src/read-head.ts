import type { Chain, Finality } from "@eventchain/chain";
import type { ChainView } from "./chain/read-chain.ts";
import type { AnchoredHead } from "./report.ts";

/** The newest head on chain as the report gives it; null where nothing was anchored. */
export async function describeHead(
  chain: Chain,
  view: ChainView,
  finality: Finality = { kind: "finalized" },
): Promise<AnchoredHead | null> {
  const newest = view.anchors.at(-1);
  if (newest === undefined) return null;
  const depth = await chain.isDeepEnough({ number: newest.blockNumber, hash: newest.blockHash }, finality);
  return {
    size: newest.size.toString(),
    root: newest.root,
    chainId: view.place.chainId.toString(),
    block: newest.blockNumber.toString(),
    final: depth === "final",
  };
}

import type { Draft } from "../findings/draft.ts";
import type { ChainView } from "./read-chain.ts";

/** What the contract says by itself: heads that its owner replaced, and ledgers of the owner that the database has not. */
export function judgeChain(view: ChainView | undefined, origins: ReadonlySet<string>): Draft[] {
  if (view === undefined) return [];
  const superseded = view.supersessions.map((log): Draft => {
    const what = `the owner replaced the head of size ${log.oldSize} by one of size ${log.size}`;
    const detail = `${what} in block ${log.blockNumber} (epoch ${log.epoch}): ${log.reason}`;
    return { area: "chain", kind: "superseded", position: log.oldSize, detail };
  });
  const missing = view.owned
    .filter((opened) => !origins.has(opened.origin))
    .map((opened): Draft => {
      const detail = `the owner opened ${opened.origin} on chain in block ${opened.blockNumber}, and the database does not have it`;
      return { area: "chain", kind: "ledger-missing", detail };
    });
  return [...superseded, ...missing];
}

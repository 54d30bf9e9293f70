import { type Bytes, TILE_WIDTH } from "@eventchain/core";
import { fromBytea, integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import { type BadNodes, NodeTiles } from "./check-nodes.ts";
import { CompactRange } from "./compact-range.ts";

const tileScan = statement("tile-scan");

/** Asked for the log's root at a size: what the caller wants to compare with it. Sizes ascend. */
export interface RootVisitor {
  /** The least size not visited yet, or undefined for none. */
  next(): bigint | undefined;
  visit(size: bigint, root: Bytes): void | Promise<void>;
}

/** What the stored tiles hold. */
export interface WalkedLog {
  /** Entries that stand there without a hole. */
  size: bigint;
  /** The last position that any entry tile speaks of. */
  claimed: bigint;
  badNodes: BadNodes[];
  /** Node tiles beyond those that the log has; negative where some are missing. */
  surplusNodes: bigint;
}

/** Computes the log's root from its entry tiles at every size that the visitor asks for. */
export async function walkLog(snapshot: Snapshot, ledgerId: bigint, visitor: RootVisitor): Promise<WalkedLog> {
  const nodes = new NodeTiles(snapshot, ledgerId);
  const range = new CompactRange(nodes.sink);
  let claimed = 0n;
  let whole = true;
  for await (const page of snapshot.pages(tileScan, [ledgerId])) {
    for (const row of page) {
      const tile = integerAt(row, 0);
      const hashes = fromBytea(textAt(row, 1));
      const count = Math.floor(hashes.length / 32);
      const end = tile * BigInt(TILE_WIDTH) + BigInt(count);
      if (end > claimed) claimed = end;
      // After a hole or a tile of odd length no root can be computed.
      whole &&= tile * BigInt(TILE_WIDTH) === range.size && hashes.length % 32 === 0 && count <= TILE_WIDTH;
      if (!whole) continue;
      const next = visitor.next();
      if (count === TILE_WIDTH && (next === undefined || next >= range.size + BigInt(TILE_WIDTH))) {
        range.pushTile(hashes);
        if (visitor.next() === range.size) await visitor.visit(range.size, range.root());
        continue;
      }
      for (let i = 0; i < count; i++) {
        range.push(hashes.subarray(i * 32, i * 32 + 32));
        if (visitor.next() === range.size) await visitor.visit(range.size, range.root());
      }
    }
    await nodes.compare();
  }
  const { surplus } = await nodes.finish();
  return { size: range.size, claimed, badNodes: nodes.bad, surplusNodes: surplus };
}

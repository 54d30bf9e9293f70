import { type Bytes, equalBytes } from "@eventchain/core";
import type { WatermarkWatch } from "../watch-watermarks.ts";
import type { Level } from "./types.ts";
import type { HeadWatch } from "./watch-head.ts";

export interface ReachDeps {
  heads: Pick<HeadWatch, "until">;
  watch: Pick<WatermarkWatch, "until">;
}

/** Up to where a level gives events. */
export interface Reach {
  position: bigint;
  /** Of the event at `position`, where the look told it. */
  hash: Bytes | undefined;
}

/** Where a reader stands: past this position. */
export interface Place {
  readonly position: bigint;
  /** Of the event at `position`, 32 bytes; undefined: not known yet. */
  readonly hash: Bytes | undefined;
}

export interface Waiting {
  place: Place;
  /** How far the level reached at the look before. */
  before: bigint;
  signal: AbortSignal;
  /** Told at each look how many positions there are past the place. */
  onLook: (behind: bigint) => void;
}

const what = "a subscription";

/**
 * Waits until a level reaches past a place; or until it seems to have gone back, which is for its caller to look into: then
 * the reach is not past the place. Errors: LedgerError `aborted`, and those of the database that cannot pass.
 */
export function awaitReach({ heads, watch }: ReachDeps, level: Level, waiting: Waiting): Promise<Reach> {
  const { place, before, signal, onLook } = waiting;
  const tell = (position: bigint): void => onLook(position > place.position ? position - place.position : 0n);
  if (level === "appended")
    return heads.until(
      (head) => {
        const { position, hash } = head;
        tell(position);
        const isBack =
          place.hash !== undefined &&
          (position < place.position || (position === place.position && !equalBytes(hash, place.hash)));
        return position > place.position || isBack ? head : undefined;
      },
      { signal, what },
    );
  return watch.until(
    ({ sealedSize, finalSize }) => {
      const position = level === "sealed" ? sealedSize : finalSize;
      tell(position);
      return position > place.position || position < before ? { position, hash: undefined } : undefined;
    },
    { signal, what },
  );
}

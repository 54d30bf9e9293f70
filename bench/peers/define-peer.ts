import { peerVersion, skipWithout } from "./load-peer.ts";
import type { Peer } from "./types.ts";

/** A peer whose version, and whether it is there, is asked when it is used: it may be installed after this is loaded. */
export function definePeer(name: string, packageName: string, open: Peer["open"]): Peer {
  return {
    name,
    get version() {
      return peerVersion(packageName);
    },
    get skip() {
      return skipWithout(packageName);
    },
    open,
  };
}

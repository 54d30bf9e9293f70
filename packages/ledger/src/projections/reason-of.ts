import type { ListedBuild } from "@eventchain/store";

/** Why a build stops whose events are not the ledger's. */
export const FORKED =
  "forked: the event at its position is not the one that was applied. The history was replaced (a backup, a lost replica): rebuild it";

/** Why a build does not go on; null while it does. One that is forked does not, whether or not a worker has met it yet. */
export function reasonOf({ reason, forked }: Pick<ListedBuild, "reason" | "forked">): string | null {
  return reason ?? (forked ? FORKED : null);
}

import type { FindStartsDeps } from "./find-starts.ts";
import type { ModelSnapshotRule } from "./types.ts";

/** How a ledger's reads use its snapshots. */
export interface SnapshotUse extends FindStartsDeps {
  readonly rules: readonly ModelSnapshotRule[];
}

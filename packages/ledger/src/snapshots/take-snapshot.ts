import { type Bytes, bytesToHex, LedgerError, randomBytes, uuidv7 } from "@eventchain/core";
import type { EventStore, SnapshotStore } from "@eventchain/store";
import type { Branch } from "./branches.ts";
import { stateJson } from "./state-json.ts";
import type { SnapshotTaken } from "./types.ts";
import type { SnapshotUse } from "./use.ts";

export interface TakeDeps extends SnapshotUse {
  readonly snapshots: SnapshotStore;
  readonly store: Pick<EventStore, "readAll" | "readStream" | "count">;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly clock: () => bigint;
  /** For ids and salts. Default: the platform's. */
  readonly random?: ((length: number) => Bytes) | undefined;
}

/** A state of a branch, and what it is the state of. */
export interface BranchState {
  readonly state: unknown;
  readonly position: bigint;
  readonly version: bigint | undefined;
}

/**
 * Takes a snapshot of a state. One that the branch has at this position already stays, and is given.
 * Errors: LedgerError `invalid-value` or `too-large` with the path in the state that has no JSON form; those of
 * `SnapshotStore.take`.
 */
export async function takeSnapshot(
  { ledgerId, snapshots, clock, random = randomBytes }: Pick<TakeDeps, "ledgerId" | "snapshots" | "clock" | "random">,
  { name, of, model }: Pick<Branch, "name" | "of"> & { readonly model: Pick<Branch["model"], "name" | "version"> },
  { state, position, version }: BranchState,
): Promise<SnapshotTaken & { readonly takenAtMicros: bigint }> {
  const text = jsonOf(model.name, state);
  const event = { id: uuidv7(clock(), random(10)), salt: random(16), metaSalt: random(16), metadata: "{}" };
  const snapshot = { branch: name, of, position, version, schema: model.version, state: text, salt: random(32), event };
  const { stateHash, eventPosition, takenAtMicros } = await snapshots.take(ledgerId, snapshot);
  return { branch: name, position, version, stateHash: bytesToHex(stateHash), eventPosition, takenAtMicros };
}

function jsonOf(model: string, state: unknown): string {
  try {
    return stateJson(state);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new LedgerError(
      error.code,
      `a state of model ${JSON.stringify(model)} cannot be kept as a snapshot, which is canonical JSON: ${error.message}`,
      { values: { ...error.values, model }, cause: error },
    );
  }
}

import type { EventRow } from "../database/read-events.ts";

/** The type of the event that commits to a snapshot's state. */
export const SNAPSHOT_TAKEN = "$SnapshotTaken";

/** What a `$SnapshotTaken` event says: keys and types of the format, section 9. */
export interface SnapshotData {
  branch: string;
  /** The stream, or what else the state is of. */
  of: string;
  position: bigint;
  /** Of the stream; undefined where the snapshot is of none. */
  version: bigint | undefined;
  schema: number;
  /** 64 hex digits. */
  stateHash: string;
}

const KEYS = "branch,of,position,schema,stateHash";
const KEYS_OF_STREAM = "branch,of,position,schema,stateHash,version";
const MAX_SCHEMA = 2 ** 31 - 1;

/** The data of a `$SnapshotTaken` event; undefined where it is not what the format says. */
export function readSnapshotTaken(data: string): SnapshotData | undefined {
  const value: unknown = JSON.parse(data);
  if (typeof value !== "object" || value === null) return undefined;
  const keys = Object.keys(value).sort().join();
  if (keys !== KEYS && keys !== KEYS_OF_STREAM) return undefined;
  const { branch, of, schema, stateHash, ...numbers } = value as Record<string, unknown>;
  const [position, version] = [readNumber(numbers.position), readNumber(numbers.version)];
  if (!isName(branch) || !isName(of) || position === undefined) return undefined;
  if (version === undefined && keys === KEYS_OF_STREAM) return undefined;
  if (typeof schema !== "number" || !Number.isInteger(schema) || schema < 1 || schema > MAX_SCHEMA) return undefined;
  if (typeof stateHash !== "string" || !/^[0-9a-f]{64}$/.test(stateHash)) return undefined;
  return { branch, of, position, version, schema, stateHash };
}

/** Why an event of this type is none that the ledger writes; undefined where nothing is against it. What is erased is not missed. */
export function snapshotProblem({ type, stream, data, position }: EventRow): string | undefined {
  if (type !== SNAPSHOT_TAKEN) return undefined;
  if (!stream.startsWith("$snapshot/")) return `a ${SNAPSHOT_TAKEN} event stands in $snapshot/<branch> only`;
  if (data === null) return undefined;
  const snapshot = readSnapshotTaken(data);
  if (snapshot === undefined) return `its data is not that of a ${SNAPSHOT_TAKEN} event`;
  if (stream !== `$snapshot/${snapshot.branch}`) return "its data names another branch than its stream";
  return snapshot.position < position ? undefined : "its data names a position that is not before its own";
}

/** Of a position or a version, at most 2^63 − 1; undefined for anything else. */
function readNumber(value: unknown): bigint | undefined {
  if (typeof value !== "string" || !/^[1-9]\d{0,18}$/.test(value)) return undefined;
  const number = BigInt(value);
  return number < 1n << 63n ? number : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

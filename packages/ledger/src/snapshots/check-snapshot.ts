import { bytesToHex, canonicalJson, equalBytes, sha256, utf8 } from "@eventchain/core";
import type { StoredSnapshot } from "@eventchain/store";

/** What a snapshot is looked for as. */
export interface Expected {
  readonly branch: string;
  readonly of: string;
  /** Of the model. */
  readonly schema: number;
  readonly ofStream: boolean;
}

/**
 * Why a snapshot is not the one that its `$SnapshotTaken` event commits to, in words; undefined where it is. The event's
 * data is held against its own hash, the row against the event's data, the state against the hash there.
 */
export function snapshotProblem({ event, ...row }: StoredSnapshot, expected: Expected): string | undefined {
  if (event === undefined) return `there is no event at position ${row.eventPosition}, where it should be committed to`;
  if (event.type !== "$SnapshotTaken" || event.stream !== `$snapshot/${expected.branch}`)
    return `the event at position ${row.eventPosition} is none of its branch's snapshots`;
  if (event.data === null || event.salt === null) return "what its event says is erased";
  if (!equalBytes(sha256(Uint8Array.of(0x44), event.salt, utf8(event.data)), event.dataHash))
    return "what its event says does not match the event's hash";
  const stateHash = bytesToHex(sha256(Uint8Array.of(0x53), row.salt, utf8(row.state)));
  const said = readData(event.data);
  if (said?.stateHash !== stateHash) return "its state is not the one committed to";
  const { position, version, schema } = row;
  const told = { branch: row.branch, of: row.of, position: `${position}`, schema, stateHash };
  if (event.data !== canonicalJson(version === undefined ? told : { ...told, version: `${version}` }))
    return "its row says other than its event";
  const isOther = row.branch !== expected.branch || row.of !== expected.of || schema !== expected.schema;
  return isOther || (version !== undefined) !== expected.ofStream ? "it is of something else" : undefined;
}

function readData(data: string): { stateHash?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

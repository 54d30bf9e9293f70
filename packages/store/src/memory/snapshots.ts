import { bytesToHex, canonicalJson, compareUtf8, MAX_INT63, sha256, utf8 } from "@eventchain/core";
import type { NewSnapshot, SnapshotStore, SnapshotWanted, StoredSnapshot } from "../postgres/snapshots/port.ts";
import { refusal } from "../postgres/snapshots/refuse.ts";
import { appendSystemEvent } from "./append-requests.ts";
import { isName } from "./check-event.ts";
import { copyEvent, headOf, type MemoryLedger, type MemorySnapshot } from "./memory-ledger.ts";
import { readObject } from "./read-object.ts";

const maxBranchBytes = 500;
const maxStateBytes = 16_777_216;
const saltBytes = 32;

/** The snapshots of ledgers in memory: checked, refused and found as those of a database are. */
export function memorySnapshots(ledgerOf: (ledgerId: bigint) => MemoryLedger, nowMicros: () => bigint): SnapshotStore {
  return {
    async take(ledgerId, snapshot) {
      const ledger = ledgerOf(ledgerId);
      checkSnapshot(ledgerId, snapshot);
      const { branch, of, position, version, schema, state, salt, event } = snapshot;
      const rows = ledger.snapshots.get(branch) ?? [];
      const known = rows.find((row) => row.position === position && row.schema === schema);
      if (known !== undefined) return outcomeOf("known", known);
      checkPlace(ledger, snapshot);
      const stateHash = bytesToHex(hashOf(salt, state));
      const where = { branch, of, position: `${position}`, schema, stateHash };
      const data = canonicalJson(version === undefined ? where : { ...where, version: `${version}` });
      const own = { stream: `$snapshot/${branch}`, type: "$SnapshotTaken", schema: 1, tags: [], data };
      const placed = appendSystemEvent(ledger, { ...event, ...own }, nowMicros());
      if ("outcome" in placed) throw refusal(placed.code, placed.message, ledgerId);
      const row: MemorySnapshot = {
        ...{ branch, of, position, version, schema, state },
        salt: salt.slice(),
        eventPosition: placed.position,
        takenAtMicros: placed.recordedAtMicros,
      };
      ledger.snapshots.set(branch, [...rows, row].sort(byKey));
      return outcomeOf("taken", row);
    },
    async find(ledgerId, wanted) {
      const ledger = ledgerOf(ledgerId);
      return wanted.map((one) => {
        const found = ledger.snapshots.get(one.branch)?.findLast((row) => isWanted(row, one));
        return found && withEvent(ledger, found);
      });
    },
    async list(ledgerId, { branch, after, limit }) {
      const ledger = ledgerOf(ledgerId);
      const branches = branch === undefined ? [...ledger.snapshots.keys()].sort(compareUtf8) : [branch];
      const rows = branches.flatMap((name) => ledger.snapshots.get(name) ?? []);
      const past = after === undefined ? rows : rows.filter((row) => byKey(row, after) > 0);
      return past.slice(0, limit).map((row) => withEvent(ledger, row));
    },
  };
}

function checkSnapshot(ledgerId: bigint, { branch, of, position, version, schema, state, salt }: NewSnapshot): void {
  if (!isName(branch) || utf8(branch).length > maxBranchBytes)
    throw refusal("invalid-name", "a branch has 1 to 500 bytes of UTF-8", ledgerId);
  if (!isName(of))
    throw refusal("invalid-name", "what a snapshot is of has a name of 1 to 512 bytes of UTF-8", ledgerId);
  if (schema < 1) throw refusal("invalid-argument", "a schema version is at least 1", ledgerId);
  if (position < 1n || (version !== undefined && (version < 1n || version > position)))
    throw refusal("invalid-argument", "a snapshot is of a position and a version from 1 on", ledgerId);
  if (salt.length !== saltBytes) throw refusal("invalid-argument", "the salt of a state has 32 bytes", ledgerId);
  if (utf8(state).length > maxStateBytes) throw refusal("too-large", "a state has at most 16,777,216 bytes", ledgerId);
  if (!isJson(state)) throw refusal("invalid-json", "a state is JSON with unique keys", ledgerId);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  // A state may be any value: as a member of an object it is read as an event's data is.
  return "value" in readObject("data", `{"state":${text}}`);
}

function checkPlace(ledger: MemoryLedger, { of, position, version }: NewSnapshot): void {
  const { ledgerId } = ledger.record;
  if (version !== undefined && ledger.byStream.get(of)?.[Number(version) - 1] !== Number(position))
    throw refusal("invalid-argument", "the stream has not this version at this position", ledgerId);
  if (position > headOf(ledger).position)
    throw refusal("invalid-argument", "the position is past the head of the ledger", ledgerId);
}

function hashOf(salt: Uint8Array, state: string): Uint8Array {
  return sha256(Uint8Array.of(0x53), salt, utf8(state));
}

function outcomeOf(outcome: "taken" | "known", row: MemorySnapshot): Awaited<ReturnType<SnapshotStore["take"]>> {
  const { eventPosition, takenAtMicros, salt, state } = row;
  return { outcome, eventPosition, takenAtMicros, stateHash: hashOf(salt, state) };
}

function isWanted(row: MemorySnapshot, { schema, upToPosition = MAX_INT63, upToVersion }: SnapshotWanted): boolean {
  if (row.schema !== schema || row.position > upToPosition) return false;
  return upToVersion === undefined || (row.version !== undefined && row.version <= upToVersion);
}

function withEvent(ledger: MemoryLedger, row: MemorySnapshot): StoredSnapshot {
  const event = ledger.events[Number(row.eventPosition) - 1];
  return { ...row, salt: row.salt.slice(), event: event && copyEvent(event) };
}

type Key = Pick<MemorySnapshot, "branch" | "position" | "schema">;

function byKey(a: Key, b: Key): number {
  return compareUtf8(a.branch, b.branch) || Number(a.position - b.position) || a.schema - b.schema;
}

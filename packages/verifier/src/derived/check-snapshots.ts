import { bytesToHex, canonicalJson, sha256, utf8 } from "@eventchain/core";
import { fromBytea, integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Row, Snapshot } from "../database/open-snapshot.ts";
import { lowestOf } from "../database/read-events.ts";
import type { ProvenEvent } from "../events/proven-event.ts";
import { readSnapshotTaken, SNAPSHOT_TAKEN, type SnapshotData } from "../events/read-snapshot.ts";
import type { Draft } from "../findings/draft.ts";

const snapshotScan = statement("snapshot-scan");
const snapshotVersions = statement("snapshot-versions");

/** What a stored state's hash begins with. */
const STATE_PREFIX = Uint8Array.of(0x53);
/** Every state that an application may have allowed by its own limits. */
const LIMITS = { maxBytes: 1 << 30, maxDepth: 1000 };
/** At most so many are told. */
const MAX_DIFFERENCES = 10_000;
/** How many versions are asked for at once. */
const VERSIONS_AT_ONCE = 1_000;

/** How many snapshots were compared with their events, and how many events have none any more. */
export interface CheckedSnapshots {
  checked: bigint;
  /** Snapshots may be deleted: events give the same states. */
  pruned: bigint;
}

interface SnapshotRow {
  eventPosition: bigint;
  branch: string;
  position: bigint;
  /** The column's text. */
  version: string | undefined;
  of: string;
  schema: bigint;
  state: string | null;
  salt: string;
}

interface StreamClaim {
  draft: Draft;
  of: string;
  position: bigint;
  version: bigint;
}

/**
 * Compares the rows of `snapshots` with the `$SnapshotTaken` events that commit to them, side by side in the order of those
 * events. What a state should be, an app's models know; here it is what was committed to, or not.
 */
export class SnapshotCheck {
  readonly counts: CheckedSnapshots = { checked: 0n, pruned: 0n };
  readonly #snapshot: Snapshot;
  readonly #ledgerId: bigint;
  readonly #rows: AsyncGenerator<Row[], void, void>;
  readonly #waiting: SnapshotRow[] = [];
  readonly #drafts: Draft[] = [];
  readonly #claims: StreamClaim[] = [];
  #done = false;

  constructor(snapshot: Snapshot, ledgerId: bigint, from: bigint) {
    this.#snapshot = snapshot;
    this.#ledgerId = ledgerId;
    this.#rows = snapshot.pages(snapshotScan, [ledgerId, lowestOf(from)]);
  }

  /** Call before an event is seen. */
  async load(upTo: bigint): Promise<void> {
    while (!this.#done && (this.#waiting.at(-1)?.eventPosition ?? upTo) <= upTo) {
      const { value, done } = await this.#rows.next();
      this.#done = done === true;
      for (const row of value ?? []) this.#waiting.push(decode(row));
    }
  }

  see({ row, position }: ProvenEvent): void {
    this.#pass(position);
    const rows: SnapshotRow[] = [];
    while (this.#waiting[0]?.eventPosition === position) rows.push(this.#waiting.shift() as SnapshotRow);
    if (row.type !== SNAPSHOT_TAKEN) {
      for (const one of rows) this.#report(one, "the event that it names took no snapshot");
      return;
    }
    // Erased, or malformed, which is a finding of its own.
    const taken = row.data === null ? undefined : readSnapshotTaken(row.data);
    if (taken === undefined) return;
    const own = rows.find((one) => differingColumn(one, taken) === undefined) ?? rows[0];
    if (own === undefined) this.counts.pruned += 1n;
    else this.#compare(own, taken);
    for (const one of rows) if (one !== own) this.#report(one, "it names the event of another one");
    if (taken.version !== undefined) this.#claim(taken, taken.version, position);
  }

  #compare(row: SnapshotRow, taken: SnapshotData): void {
    this.counts.checked += 1n;
    const column = differingColumn(row, taken);
    if (column !== undefined) this.#report(row, `its ${column} is not the one committed to`, taken.branch);
    else if (!isCommitted(row, taken)) this.#report(row, "its state is not the one committed to");
    else if (!isCanonical(row.state ?? ""))
      this.#report(row, "the text of its state is not canonical, though committed to");
  }

  #claim({ branch, of, position }: SnapshotData, version: bigint, eventPosition: bigint): void {
    const detail = `the snapshot's event says version ${version} at position ${position}, which is not ${JSON.stringify(of)}'s`;
    this.#claims.push({ draft: draftOf(eventPosition, branch, detail), of, position, version });
  }

  /** Rows of events that were not proven: what became of those is a finding of its own, unless there is none. */
  #pass(position: bigint): void {
    while ((this.#waiting[0]?.eventPosition ?? position) < position) {
      this.#report(this.#waiting.shift() as SnapshotRow, "there is no event that commits to it");
    }
  }

  /** Call after the last event. Versions are compared below the first position at which events were found changed. */
  async drafts(soundBelow: bigint | undefined): Promise<Draft[]> {
    await this.load(1n << 63n);
    this.#pass(1n << 64n);
    const sound = this.#claims.filter(({ position }) => soundBelow === undefined || position < soundBelow);
    for (let start = 0; start < sound.length; start += VERSIONS_AT_ONCE) {
      await this.#compareVersions(sound.slice(start, start + VERSIONS_AT_ONCE));
    }
    return this.#drafts;
  }

  async #compareVersions(claims: readonly StreamClaim[]): Promise<void> {
    const values = [this.#ledgerId, claims.map(({ of }) => of), claims.map(({ position }) => position.toString())];
    const rows = await this.#snapshot.rows(snapshotVersions, values);
    for (const [index, { draft, version }] of claims.entries()) {
      const row = rows[index];
      if (row === undefined || integerAt(row, 0) !== version) this.#add(draft);
    }
  }

  #report(row: SnapshotRow, problem: string, branch = row.branch): void {
    this.#add(draftOf(row.eventPosition, branch, `the snapshot of position ${row.position}: ${problem}`));
  }

  #add(draft: Draft): void {
    if (this.#drafts.length < MAX_DIFFERENCES) this.#drafts.push(draft);
  }
}

function draftOf(position: bigint, branch: string, detail: string): Draft {
  return { area: "witnessed", kind: "bad-snapshot", position, branch, detail };
}

/** The first column that is not what the event says. */
function differingColumn(row: SnapshotRow, taken: SnapshotData): string | undefined {
  if (row.branch !== taken.branch) return "branch";
  if (row.position !== taken.position) return "position";
  if (row.version !== taken.version?.toString()) return "version";
  if (row.of !== taken.of) return "of";
  return row.schema === BigInt(taken.schema) ? undefined : "schema";
}

function isCommitted({ state, salt }: SnapshotRow, { stateHash }: SnapshotData): boolean {
  if (state === null || !/^\\x[0-9a-f]{64}$/.test(salt)) return false;
  return bytesToHex(sha256(STATE_PREFIX, fromBytea(salt), utf8(state))) === stateHash;
}

function isCanonical(text: string): boolean {
  try {
    return canonicalJson(JSON.parse(text), LIMITS) === text;
  } catch {
    return false;
  }
}

function decode(row: Row): SnapshotRow {
  return {
    eventPosition: integerAt(row, 0),
    branch: textAt(row, 1),
    position: integerAt(row, 2),
    version: row[3] ?? undefined,
    of: textAt(row, 4),
    schema: integerAt(row, 5),
    state: row[6] ?? null,
    salt: textAt(row, 7),
  };
}

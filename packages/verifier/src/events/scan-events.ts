import { type Bytes, bytesToHex, isSystemType, LedgerError } from "@eventchain/core";
import { type EntryList, max, min } from "../database/entry-list.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import { type EventRow, readEvents } from "../database/read-events.ts";
import { CommandCheck } from "../derived/check-commands.ts";
import { SnapshotCheck } from "../derived/check-snapshots.ts";
import { SwitchCheck } from "../derived/check-switches.ts";
import { type Draft, pushRun } from "../findings/draft.ts";
import { RunLimits } from "../findings/run-limits.ts";
import type { Pin } from "../log/compare-roots.ts";
import { Alignment, type Gap } from "./align-events.ts";
import { chainColumnsProblem, contentColumnsProblem } from "./check-columns.ts";
import { ErasureCheck } from "./check-erasures.ts";
import { TailCheck } from "./check-tail.ts";
import { type DatedAnchor, TimeCheck } from "./check-times.ts";
import { EventRoots } from "./event-roots.ts";
import { type Match, Places } from "./place.ts";
import type { ProvenEvent } from "./proven-event.ts";
import { type Reading, readContent } from "./read-content.ts";
import { systemProblem } from "./system-problem.ts";

/** At most so many gaps are looked into one by one. */
const MAX_GAPS = 20_000;

export interface ScanInput {
  snapshot: Snapshot;
  ledgerId: bigint;
  origin: string;
  genesisHash: Bytes;
  entries: EntryList;
  /** The first position to read. */
  from: bigint;
  /** The greatest position there is, for the progress. */
  head: bigint;
  /** Pins that the tiles do not give. */
  pins: readonly Pin[];
  anchors: readonly DatedAnchor[];
  beyond: readonly DatedAnchor[];
  skewMicros: bigint;
  /** Positions whose hashes receipts from outside ask for. */
  wanted: ReadonlySet<bigint>;
  /** Whether `snapshots` is compared. */
  snapshots: boolean;
  onProgress: ((done: bigint, total: bigint) => void) | undefined;
  signal: AbortSignal | undefined;
}

/** What one pass over the events found. */
export interface ScannedEvents {
  checked: bigint;
  /** The place of the last row. */
  reach: bigint;
  /** See {@link TimeCheck.plausibleTo}. */
  plausibleTo: bigint | undefined;
  gaps: Gap[];
  drafts: Draft[];
  places: Places;
  roots: EventRoots;
  tailHashes: ReadonlyMap<bigint, Bytes>;
  /** The events at the positions asked for, where the row is what it should be; without their texts. */
  receipted: ReadonlyMap<bigint, EventRow>;
  /** Where stored positions and places of the log differ, or rows and sealed events do. */
  disturbed: RunLimits;
  /** What is to be told of snapshots, once it is known what befell the events; undefined where nobody asked. */
  snapshots: SnapshotCheck | undefined;
  /** A sealed event of a type, or in a format, that this version does not know. */
  unknown: { position: bigint; type: string } | undefined;
}

/** Reads every event from `from` on, once and in order, and checks all that can be said of it then. */
export async function scanEvents(input: ScanInput): Promise<ScannedEvents> {
  const scan = new Scan(input);
  const { snapshot, ledgerId, from, head, entries, onProgress, signal } = input;
  let checked = 0n;
  for await (const page of readEvents(snapshot, ledgerId, from)) {
    if (signal?.aborted === true)
      throw new LedgerError("aborted", "the verification was aborted", { cause: signal.reason });
    const [first, last] = [page[0] as EventRow, page.at(-1) as EventRow];
    await entries.load(first.position + scan.shift - 1n, last.position + scan.shift);
    await scan.commands.load(last.position + scan.shift);
    await scan.snapshots?.load(last.position + scan.shift);
    for (const row of page) await scan.see(row);
    checked += BigInt(page.length);
    onProgress?.(min(checked, head), head);
  }
  return await scan.finish(checked);
}

class Scan {
  readonly commands: CommandCheck;
  readonly snapshots: SnapshotCheck | undefined;
  readonly #input: ScanInput;
  readonly #places: Places;
  readonly #alignment: Alignment;
  readonly #roots: EventRoots;
  readonly #times: TimeCheck;
  readonly #erasures = new ErasureCheck();
  readonly #switches: SwitchCheck;
  readonly #gaps: Gap[] = [];
  readonly #drafts: Draft[] = [];
  readonly #disturbed = new RunLimits();
  readonly #receipted = new Map<bigint, EventRow>();
  #tail: TailCheck | undefined;
  /** The hash that the row before says. */
  #storedBefore: string | undefined;
  #last: bigint;
  #unknown: ScannedEvents["unknown"];

  constructor(input: ScanInput) {
    const { snapshot, ledgerId, entries, genesisHash, from } = input;
    this.#input = input;
    this.commands = new CommandCheck(snapshot, ledgerId, from);
    this.#switches = new SwitchCheck(snapshot, ledgerId, from);
    this.snapshots = input.snapshots ? new SnapshotCheck(snapshot, ledgerId, from) : undefined;
    this.#places = new Places(entries, genesisHash);
    this.#roots = new EventRoots(from === 1n ? input.pins : [], entries, genesisHash, input.wanted);
    this.#times = new TimeCheck(input.anchors, input.beyond, input.skewMicros);
    this.#last = from - 1n;
    this.#storedBefore = from === 1n ? `\\x${bytesToHex(genesisHash)}` : undefined;
    this.#alignment = new Alignment(this.#places, from, {
      matched: (reading, match, shift) => this.#matched(reading, match, shift),
      gap: (gap) => this.#gap(gap),
    });
  }

  get shift(): bigint {
    return this.#alignment.shift;
  }

  async see(row: EventRow): Promise<void> {
    const reading = readContent(row, this.#input.origin, this.#storedBefore);
    this.#roots.see(reading);
    if (!this.#alignment.place(reading) && (await this.#alignment.seek(reading)) === "beyond") {
      for (const one of [...this.#alignment.takeBeyond(), reading]) await this.#seeTail(one);
    }
    this.#storedBefore = row.hash;
    this.#last = row.position;
  }

  async #seeTail(reading: Reading): Promise<void> {
    const { row } = reading;
    this.#tail ??= await this.#startTail(reading);
    const fit = this.#tail.see(reading);
    if (fit === undefined) return;
    if (fit.place !== row.position) this.#disturbed.add(min(row.position, fit.place), max(row.position, fit.place));
    this.#proven(reading, { row, content: fit.content, position: fit.place, sealed: false });
  }

  async finish(checked: bigint): Promise<ScannedEvents> {
    const alignment = this.#alignment;
    await alignment.finish();
    for (const reading of alignment.takeBeyond()) await this.#seeTail(reading);
    alignment.streams.finish();
    for (const { stream, from, to, eventId } of alignment.streams.changed) {
      const detail = "its version is not what was sealed";
      const end = to > from ? { to } : {};
      this.#drafts.push({ area: "event", kind: "altered", position: from, eventId, stream, detail, ...end });
    }
    const drafts = [
      ...this.#drafts,
      ...(this.#tail?.drafts ?? []),
      ...this.#times.drafts(),
      ...this.#erasures.drafts(),
      ...(await this.commands.drafts()),
      ...(await this.#switches.drafts()),
    ];
    return {
      checked,
      reach: this.#last + alignment.shift,
      plausibleTo: this.#times.plausibleTo,
      gaps: this.#gaps,
      drafts,
      places: this.#places,
      roots: this.#roots,
      tailHashes: this.#tail?.hashes ?? new Map(),
      receipted: this.#receipted,
      disturbed: this.#disturbed,
      snapshots: this.snapshots,
      unknown: this.#unknown,
    };
  }

  async #startTail({ storedBefore }: Reading): Promise<TailCheck> {
    const { entries, genesisHash, wanted } = this.#input;
    const sealedHash = entries.size === 0n ? genesisHash : await entries.find(entries.size);
    const { shift, streams } = this.#alignment;
    const versions = (row: EventRow): Iterable<bigint> => streams.possible(row, 0);
    return new TailCheck({ last: entries.size, shift, sealedHash, storedHash: storedBefore, versions }, wanted);
  }

  #gap(gap: Gap): void {
    if (this.#gaps.length < MAX_GAPS) this.#gaps.push(gap);
    else pushRun(this.#drafts, roughly(gap));
    const first = gap.rows[0]?.row.position ?? gap.from;
    const last = gap.rows.at(-1)?.row.position ?? gap.to;
    this.#disturbed.add(min(first, gap.from), max(last, gap.to));
  }

  #matched(reading: Reading, match: Match, shift: bigint): void {
    const { row } = reading;
    const { index, content } = match;
    const isInPlace = shift === 0n && match.version === row.version;
    if (!isInPlace) this.#disturbed.add(min(row.position, index), max(row.position, index));
    const problem = contentColumnsProblem(row, content) ?? (isInPlace ? this.#linkProblem(reading, match) : undefined);
    if (problem !== undefined) this.#altered(row, index, problem);
    this.#proven(reading, { row, content, position: index, sealed: true });
  }

  #linkProblem({ row, storedBefore }: Reading, { index, content }: Match): string | undefined {
    const { entries, genesisHash } = this.#input;
    const hash = entries.at(index);
    const prevHash = index === 1n ? genesisHash : entries.at(index - 1n);
    // A genesis that was replaced is a finding of its own.
    if (hash === undefined || prevHash === undefined || (index === 1n && this.#places.genesisReplaced))
      return undefined;
    return chainColumnsProblem(row, content, { prevHash, hash }, storedBefore);
  }

  #altered(row: EventRow, position: bigint, detail: string): void {
    pushRun(this.#drafts, { area: "event", kind: "altered", position, eventId: row.id, stream: row.stream, detail });
  }

  #malformed(row: EventRow, position: bigint, detail: string): void {
    pushRun(this.#drafts, { area: "event", kind: "malformed", position, eventId: row.id, stream: row.stream, detail });
  }

  #proven({ crooked }: Reading, event: ProvenEvent): void {
    const { row, position } = event;
    if (row.type.startsWith("$") && (!isSystemType(row.type) || row.type === "$FormatChanged")) {
      this.#unknown ??= { position, type: row.type };
    }
    if (crooked.length > 0) {
      const detail = `${crooked.join(" and ")} ${crooked.length === 1 ? "is" : "are"} not canonical JSON`;
      this.#malformed(row, position, detail);
    }
    const problem = systemProblem(row);
    if (problem !== undefined) this.#malformed(row, position, problem);
    if (this.#input.wanted.has(position)) this.#receipted.set(position, { ...row, data: null, metadata: null });
    this.#times.see(event);
    this.#erasures.see(event);
    this.commands.see(event);
    this.#switches.see(event);
    this.snapshots?.see(event);
  }
}

/** What a gap comes to at least, where there are too many to look into each. */
function roughly({ rows, from, to }: Gap): Draft {
  const kind = rows.length === 0 ? "deleted" : to < from ? "inserted" : "altered";
  const detail = "one of too many to be told apart";
  return { area: "event", kind, position: from, detail, ...(to > from ? { to } : {}) };
}

import { type Bytes, equalBytes } from "@eventchain/core";
import { fromBytea } from "../database/decode.ts";
import { min } from "../database/entry-list.ts";
import type { EventRow } from "../database/read-events.ts";
import { SnapshotCheck } from "../derived/check-snapshots.ts";
import { SwitchCheck } from "../derived/check-switches.ts";
import { ErasureCheck } from "../events/check-erasures.ts";
import { EventRoots } from "../events/event-roots.ts";
import { Places } from "../events/place.ts";
import type { ProvenEvent } from "../events/proven-event.ts";
import { readContent } from "../events/read-content.ts";
import type { ScanInput, ScannedEvents } from "../events/scan-events.ts";
import { RunLimits } from "../findings/run-limits.ts";
import type { CheckedEvents, SpecialRow } from "./checked-events.ts";
import { addSum, emptySum, type MultisetSum } from "./multiset-key.ts";
import { StreamVersions } from "./stream-versions.ts";

/** So many events may have lost their metadata before commands are compared one by one. */
const MAX_UNNAMED = 100_000;

/**
 * Puts batches of events together that are sound each for itself, in the order of positions: with the log, with each other, and
 * with what the ledger's own events among them say. Every answer `false` means: not known to be clean.
 */
export class CleanScan {
  readonly tags: MultisetSum = emptySum();
  readonly commands: MultisetSum = emptySum();
  readonly #input: ScanInput;
  readonly #erasures = new ErasureCheck();
  readonly #switches: SwitchCheck;
  readonly #snapshots: SnapshotCheck | undefined;
  readonly #versions: StreamVersions | undefined;
  readonly #unnamed: number[] = [];
  readonly #tailHashes = new Map<bigint, Bytes>();
  readonly #receipted = new Map<bigint, EventRow>();
  #next: bigint;
  #before: Bytes | undefined;
  #micros = Number.NEGATIVE_INFINITY;
  #anchor = 0;

  constructor(input: ScanInput) {
    const { snapshot, ledgerId, from } = input;
    this.#input = input;
    this.#switches = new SwitchCheck(snapshot, ledgerId, from);
    this.#snapshots = input.snapshots ? new SnapshotCheck(snapshot, ledgerId, from) : undefined;
    // Versions before the first row are not known.
    this.#versions = from === 1n ? new StreamVersions() : undefined;
    this.#next = from;
  }

  /** Call before the first batch. */
  async start(): Promise<void> {
    const { from, entries, genesisHash } = this.#input;
    this.#before = from === 1n ? genesisHash : await entries.find(from - 1n);
  }

  /** Call before the events at these positions are read: nothing else can be while they are. */
  async prepare(first: bigint, last: bigint): Promise<void> {
    await this.#input.entries.load(first, last);
    await this.#snapshots?.load(last);
  }

  see(batch: CheckedEvents): boolean {
    if (batch.count === 0) return true;
    const { head, onProgress, from } = this.#input;
    const first = BigInt(batch.first);
    const last = first + BigInt(batch.count) - 1n;
    if (first !== this.#next || this.#before === undefined || !equalBytes(batch.prevHash, this.#before)) return false;
    if (!this.#isSealed(batch, first, last) || !this.#isDated(batch, first, last)) return false;
    if (this.#versions?.follow(batch.streams) === false) return false;
    if (batch.specials.length > 0 && !this.#seeSpecials(batch.specials)) return false;
    this.#next = last + 1n;
    this.#before = batch.hashes.slice(-32);
    addSum(this.tags, batch.tags);
    addSum(this.commands, batch.commands);
    onProgress?.(min(last - from + 1n, head), head);
    return true;
  }

  /** Whether the hashes are those of the log, as far as it reaches. */
  #isSealed({ hashes }: CheckedEvents, first: bigint, last: bigint): boolean {
    const { entries } = this.#input;
    const end = min(last, entries.size);
    for (let position = first; position <= end; ) {
      const run = entries.run(position, end);
      const at = Number(position - first) * 32;
      if (run.length === 0 || Buffer.compare(run, hashes.subarray(at, at + run.length)) !== 0) return false;
      position += BigInt(run.length / 32);
    }
    return true;
  }

  /** Times never go back, so the last event that an anchor is the first to cover is the latest of them. */
  #isDated({ micros }: CheckedEvents, first: bigint, last: bigint): boolean {
    const { anchors, skewMicros } = this.#input;
    if ((micros[0] as number) < this.#micros) return false;
    this.#micros = micros[micros.length - 1] as number;
    for (; this.#anchor < anchors.length; this.#anchor++) {
      const { size, timeMicros } = anchors[this.#anchor] as { size: bigint; timeMicros: bigint };
      if (size > last) break;
      if (size < first) continue;
      const latest = BigInt(micros[Number(size - first)] as number);
      if (latest > timeMicros + 1_000_000n + skewMicros) return false;
    }
    return true;
  }

  #seeSpecials(specials: readonly SpecialRow[]): boolean {
    const { wanted, origin, entries } = this.#input;
    for (const { row, unnamed } of specials) {
      const [content] = readContent(row, origin).contents;
      if (content === undefined) return false;
      const { position } = row;
      const event: ProvenEvent = { row, content, position, sealed: position <= entries.size };
      if (wanted.has(position)) {
        this.#receipted.set(position, { ...row, data: null, metadata: null });
        if (!event.sealed) this.#tailHashes.set(position, fromBytea(row.hash));
      }
      this.#erasures.see(event);
      this.#switches.see(event);
      this.#snapshots?.see(event);
      if (unnamed) this.#unnamed.push(Number(position));
    }
    return this.#unnamed.length <= MAX_UNNAMED;
  }

  /** Call after the last batch. Whether every event was there, and nothing that the ledger's own events say is against the rest. */
  async finish(): Promise<boolean> {
    if (this.#next !== this.#input.head + 1n || this.#erasures.drafts().length > 0) return false;
    if ((await this.#switches.drafts()).length > 0) return false;
    return ((await this.#snapshots?.drafts(undefined)) ?? []).length === 0;
  }

  /** Positions of events that nothing says the command of. */
  unnamed(): Float64Array {
    return Float64Array.from(this.#unnamed);
  }

  /** Whether each stream was seen to count 1, 2, 3 … */
  get knowsVersions(): boolean {
    return this.#versions?.isFull === false;
  }

  /** What there is to say of events where nothing is to be found. */
  result(): ScannedEvents {
    const { entries, genesisHash, from, head } = this.#input;
    return {
      checked: head - from + 1n,
      reach: head,
      plausibleTo: undefined,
      gaps: [],
      drafts: [],
      places: new Places(entries, genesisHash),
      roots: new EventRoots([], entries, genesisHash, new Set()),
      tailHashes: this.#tailHashes,
      receipted: this.#receipted,
      disturbed: new RunLimits(),
      snapshots: this.#snapshots,
      unknown: undefined,
    };
  }
}

import { integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Row, Snapshot } from "../database/open-snapshot.ts";
import { lowestOf } from "../database/read-events.ts";
import type { ProvenEvent } from "../events/proven-event.ts";
import type { Draft } from "../findings/draft.ts";

const commandScan = statement("command-scan");

/** At most so many differences are told. */
const MAX_DIFFERENCES = 10_000;

interface CommandRow {
  id: string;
  first: bigint;
  last: bigint;
}

/**
 * Compares `commands` with the command ids in the events' metadata, from which that table could be made anew. Both are read in
 * the order of positions, side by side.
 */
export class CommandCheck {
  readonly #rows: AsyncGenerator<Row[], void, void>;
  readonly #waiting: CommandRow[] = [];
  readonly #drafts: Draft[] = [];
  #done = false;
  #seen = 0n;

  constructor(snapshot: Snapshot, ledgerId: bigint, from: bigint) {
    this.#rows = snapshot.pages(commandScan, [ledgerId, lowestOf(from)]);
  }

  /** Call before the events up to a position are seen. */
  async load(upTo: bigint): Promise<void> {
    while (!this.#done && (this.#waiting.at(-1)?.first ?? 0n) <= upTo) {
      const { value, done } = await this.#rows.next();
      if (done === true) {
        this.#done = true;
        return;
      }
      for (const row of value) {
        // A recorded command without positions claims nothing that could be compared.
        if (row[1] === null || row[2] === null) this.#report(1n, `${quote(textAt(row, 0))} has no positions`);
        else this.#waiting.push({ id: textAt(row, 0), first: integerAt(row, 1), last: integerAt(row, 2) });
      }
    }
  }

  see({ row, position }: ProvenEvent): void {
    this.#seen = position;
    while ((this.#waiting[0]?.last ?? position) < position) this.#waiting.shift();
    if (row.metadata === null) return;
    const named = row.metadata.includes('"commandId"') ? readCommandId(row.metadata) : undefined;
    const [current, other] = this.#waiting;
    const covers = current !== undefined && current.first <= position;
    if (covers && other !== undefined && other.first <= position && current.last >= position) {
      this.#report(position, `commands gives the event to ${quote(current.id)} and to ${quote(other.id)}`);
    } else if (covers && named !== current.id) {
      this.#report(position, `commands gives the event to ${quote(current.id)}, its metadata does not`);
    } else if (!covers && named !== undefined) {
      this.#report(position, `commands does not have the event's command ${quote(named)}`);
    }
  }

  /** Call after the last event. */
  async drafts(): Promise<Draft[]> {
    await this.load(1n << 63n);
    for (const { id, first, last } of this.#waiting) {
      if (first > this.#seen) this.#report(first, `commands gives to ${quote(id)} events that are not there`, last);
    }
    return this.#drafts;
  }

  #report(position: bigint, detail: string, to = position): void {
    const draft: Draft = { area: "derived", kind: "altered", position, detail };
    if (to > position) draft.to = to;
    if (this.#drafts.length < MAX_DIFFERENCES) this.#drafts.push(draft);
  }
}

function readCommandId(metadata: string): string | undefined {
  const { commandId } = JSON.parse(metadata) as { commandId?: unknown };
  return typeof commandId === "string" ? commandId : undefined;
}

function quote(id: string): string {
  return JSON.stringify(id.length > 64 ? `${id.slice(0, 64)}…` : id);
}

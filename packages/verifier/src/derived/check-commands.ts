import { integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Row, Snapshot } from "../database/open-snapshot.ts";
import { lowestOf } from "../database/read-events.ts";
import type { ProvenEvent } from "../events/proven-event.ts";
import { COMMAND_REJECTED, type RejectionData, readCommandId, readRejection } from "../events/read-rejection.ts";
import type { Draft } from "../findings/draft.ts";

const commandScan = statement("command-scan");

/** At most so many differences are told. */
const MAX_DIFFERENCES = 10_000;

interface CommandRow {
  id: string;
  first: bigint;
  last: bigint;
  outcome: string | null;
  code: string | null;
  /** Type and actor are read of rejections only. */
  type: string | null;
  actor: string | null;
}

/**
 * Compares `commands` with the command ids in the events' metadata, from which that table could be made anew, and a rejection's
 * row with what its `$CommandRejected` event says. Both are read in the order of positions, side by side.
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
      for (const row of value) this.#take(row);
    }
  }

  #take(row: Row): void {
    const [id, first, last] = [textAt(row, 0), positionAt(row, 1), positionAt(row, 2)];
    if (first === undefined || last === undefined || last < first) {
      this.#report(first ?? last ?? 1n, `commands gives ${quote(id)} no range of positions`);
      return;
    }
    const [outcome = null, code = null, type = null, actor = null] = row.slice(3);
    this.#waiting.push({ id, first, last, outcome, code, type, actor });
  }

  see({ row, position }: ProvenEvent): void {
    this.#seen = position;
    while ((this.#waiting[0]?.last ?? position) < position) this.#waiting.shift();
    const rejection = row.type === COMMAND_REJECTED && row.data !== null ? readRejection(row.data) : undefined;
    // Where metadata is erased, a rejection's data still names the command.
    if (row.metadata === null && rejection === undefined) return;
    const named = row.metadata === null ? rejection?.command : readCommandId(row.metadata);
    const [current, other] = this.#waiting;
    if (current === undefined || current.first > position) {
      if (named !== undefined)
        this.#report(position, `commands does not give the event to its command ${quote(named)}`);
    } else if (other !== undefined && other.first <= position && current.last >= position) {
      this.#report(position, `commands gives the event to ${quote(current.id)} and to ${quote(other.id)}`);
    } else if (named !== current.id) {
      this.#report(position, `commands gives the event to ${quote(current.id)}, the event itself does not`);
    } else {
      const column = differingColumn(current, row.type === COMMAND_REJECTED, rejection);
      if (column !== undefined)
        this.#report(position, `the ${column} of ${quote(named)} in commands is not the event's`);
    }
  }

  /** Call after the last event. */
  async drafts(): Promise<Draft[]> {
    await this.load(1n << 63n);
    for (const { id, first, last } of this.#waiting) {
      if (last <= this.#seen) continue;
      const from = first > this.#seen ? first : this.#seen + 1n;
      this.#report(from, `commands gives to ${quote(id)} events that are not there`, last);
    }
    return this.#drafts;
  }

  #report(position: bigint, detail: string, to = position): void {
    const draft: Draft = { area: "derived", kind: "altered", position, detail };
    if (to > position) draft.to = to;
    if (this.#drafts.length < MAX_DIFFERENCES) this.#drafts.push(draft);
  }
}

/** The first column of a command's row that does not follow from its event. */
function differingColumn(
  row: CommandRow,
  isRejected: boolean,
  rejection: RejectionData | undefined,
): "outcome" | "code" | "type" | "actor" | undefined {
  if (row.outcome !== (isRejected ? "rejected" : "recorded")) return "outcome";
  if (!isRejected) return row.code === null ? undefined : "code";
  // Erased, or malformed, which is a finding of its own.
  if (rejection === undefined) return undefined;
  return (["code", "type", "actor"] as const).find((column) => row[column] !== rejection[column]);
}

function positionAt(row: Row, column: number): bigint | undefined {
  return row[column] === null ? undefined : integerAt(row, column);
}

function quote(id: string): string {
  return JSON.stringify(id.length > 64 ? `${id.slice(0, 64)}…` : id);
}

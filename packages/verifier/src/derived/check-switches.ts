import { integerAt, textAt } from "../database/decode.ts";
import { statement } from "../database/load-statement.ts";
import type { Row, Snapshot } from "../database/open-snapshot.ts";
import { lowestOf } from "../database/read-events.ts";
import type { ProvenEvent } from "../events/proven-event.ts";
import { HANDLER_SWITCHED, readSwitch, type SwitchData } from "../events/read-switch.ts";
import type { Draft } from "../findings/draft.ts";

const handlerList = statement("handler-list");
const handlerTable = statement("handler-table");

interface Last extends SwitchData {
  position: bigint;
}

/** Compares `handlers`, by which handlers run or not, with the last `$HandlerSwitched` event of each. */
export class SwitchCheck {
  readonly #snapshot: Snapshot;
  readonly #ledgerId: bigint;
  readonly #from: bigint;
  readonly #last = new Map<string, Last>();
  readonly #erased = new Set<bigint>();

  constructor(snapshot: Snapshot, ledgerId: bigint, from: bigint) {
    this.#snapshot = snapshot;
    this.#ledgerId = ledgerId;
    this.#from = from;
  }

  see({ row, position }: ProvenEvent): void {
    if (row.type !== HANDLER_SWITCHED) return;
    const data = row.data === null ? undefined : readSwitch(row.data);
    // Erased, or malformed, which is a finding of its own.
    if (data === undefined) this.#erased.add(position);
    else this.#last.set(data.handler, { ...data, position });
  }

  /** Call after the last event. */
  async drafts(): Promise<Draft[]> {
    const [table] = await this.#snapshot.rows(handlerTable, []);
    if (table?.[0] !== "t") return [];
    const rows = await this.#snapshot.rows(handlerList, [this.#ledgerId, lowestOf(this.#from)]);
    const drafts = rows.flatMap((row) => this.#compare(row));
    for (const { handler, position } of this.#last.values()) {
      drafts.push(draftOf(position, `handlers does not say how ${JSON.stringify(handler)} was switched`));
    }
    return drafts;
  }

  #compare(row: Row): Draft[] {
    const [position, handler, by] = [integerAt(row, 0), textAt(row, 1), textAt(row, 3)];
    const last = this.#last.get(handler);
    this.#last.delete(handler);
    if (last === undefined && this.#erased.has(position)) return [];
    const isOn = textAt(row, 2) === "true";
    if (last?.position === position && last.enabled === isOn && last.by === by) return [];
    const says = `handlers says that ${JSON.stringify(handler)} is ${isOn ? "on" : "off"} by ${JSON.stringify(by)}`;
    return [draftOf(last?.position ?? position, `${says}, the last event about it does not`)];
  }
}

function draftOf(position: bigint, detail: string): Draft {
  return { area: "witnessed", kind: "altered", position, detail };
}

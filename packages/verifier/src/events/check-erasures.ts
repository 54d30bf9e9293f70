import type { Draft } from "../findings/draft.ts";
import type { ProvenEvent } from "./proven-event.ts";
import { type Run, RunSet } from "./run-set.ts";

type What = "data" | "metadata";

/** Compares the payloads that are gone with what `$DataErased` events say: each such event speaks of those before it. */
export class ErasureCheck {
  readonly #gone: Readonly<Record<What, RunSet>> = { data: new RunSet(), metadata: new RunSet() };

  see({ row, position }: ProvenEvent): void {
    if (row.data === null) this.#gone.data.add(position);
    if (row.metadata === null) this.#gone.metadata.add(position);
    if (row.type === "$DataErased" && row.data !== null) this.#explain(row.data, position);
  }

  #explain(text: string, until: bigint): void {
    const { positions, what } = (JSON.parse(text) ?? {}) as { positions?: unknown; what?: unknown };
    if (!Array.isArray(positions)) return;
    const named = (part: What): boolean =>
      what === part || what === "both" || (Array.isArray(what) && what.includes(part));
    for (const item of positions) {
      // Not every object has a text.
      if (typeof item !== "string" && typeof item !== "number") continue;
      if (!/^[1-9]\d{0,18}$/.test(String(item))) continue;
      const position = BigInt(String(item));
      if (position >= until) continue;
      if (named("data")) this.#gone.data.remove(position);
      if (named("metadata")) this.#gone.metadata.remove(position);
    }
  }

  /** Call after the last event. */
  drafts(): Draft[] {
    const metadata = new Map(this.#gone.metadata.runs().map((run) => [keyOf(run), run]));
    const drafts = this.#gone.data.runs().map((run) => {
      const both = metadata.delete(keyOf(run));
      return describe(both ? "data and metadata are" : "data is", run);
    });
    return [...drafts, ...[...metadata.values()].map((run) => describe("metadata is", run))];
  }
}

function keyOf({ from, to }: Run): string {
  return `${from}-${to}`;
}

function describe(what: string, { from, to }: Run): Draft {
  const detail = `${what} gone, and no $DataErased says why`;
  return { area: "erasure", kind: "erased-unlogged", position: from, detail, ...(to > from ? { to } : {}) };
}

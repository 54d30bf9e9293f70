import type { TroubleStore } from "@eventchain/store";

/** How often one that stands is written again, in milliseconds: rounds may come many times a second. */
const REPEAT_MS = 5_000;

/** Troubles of a ledger's rules as `status` shows them: kept in the database until the rule works again. */
export interface KeptTroubles {
  /** It failed, and is tried again. */
  failed(handler: string, reason: string): Promise<void>;
  /** It goes on, with something that it could not do. */
  failing(handler: string, reason: string): Promise<void>;
  /** It did what it is for. */
  works(handler: string): Promise<void>;
  /** It ran, and had nothing to do: what had ended it is over, whichever process wrote that. */
  runs(handler: string): Promise<void>;
}

/** @param nowMs any clock that goes forwards */
export function openKeptTroubles(
  store: TroubleStore,
  ledger: { readonly ledgerId: bigint; readonly origin: string },
  nowMs: () => number,
): KeptTroubles {
  const noted = new Map<string, { reason: string; atMs: number }>();
  const running = new Set<string>();

  async function note(handler: string, state: "failed" | "failing", reason: string): Promise<void> {
    const last = noted.get(handler);
    if (last?.reason === reason && nowMs() - last.atMs < REPEAT_MS) return;
    await store.note(ledger.origin, handler, state, reason);
    noted.set(handler, { reason, atMs: nowMs() });
  }

  async function works(handler: string): Promise<void> {
    await store.clear(ledger.origin, handler);
    noted.delete(handler);
    running.add(handler);
  }

  return {
    async failed(handler, reason) {
      running.delete(handler);
      await note(handler, "failed", reason);
    },
    async failing(handler, reason) {
      running.add(handler);
      await note(handler, "failing", reason);
    },
    works,
    async runs(handler) {
      if (running.has(handler)) return;
      const standing = (await store.list(ledger.ledgerId)).find((row) => row.handler === handler);
      if (standing?.state === "failed") await works(handler);
      running.add(handler);
    },
  };
}

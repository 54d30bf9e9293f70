/** Calls of many that are waiting at the same time, made as one. */
export interface GatherOptions {
  /** Asks in a call; what passes it by itself goes alone. */
  readonly maxAsks: number;
  /** Calls on their way at the same time, for each ledger. */
  readonly maxCalls: number;
}

interface Waiting<Ask, Answer> {
  asks: readonly Ask[];
  resolve(answers: readonly Answer[]): void;
  reject(error: unknown): void;
}

interface Gathering<Ask, Answer> {
  waiting: Waiting<Ask, Answer>[];
  calls: number;
  scheduled: boolean;
}

/**
 * Makes a function that gathers what is asked in the same turn, and while calls are on their way, into one call: its price
 * is paid once for many. `call` gives an answer for each ask, in order. Where a call fails that was made for several
 * callers, it is made again for each of them, so that a bad ask fails its own caller alone.
 */
export function gatherCalls<Ask, Answer>(
  call: (ledgerId: bigint, asks: readonly Ask[]) => Promise<readonly Answer[]>,
  { maxAsks, maxCalls }: GatherOptions,
): (ledgerId: bigint, asks: readonly Ask[]) => Promise<readonly Answer[]> {
  const ledgers = new Map<bigint, Gathering<Ask, Answer>>();

  function schedule(ledgerId: bigint, gathering: Gathering<Ask, Answer>): void {
    if (gathering.scheduled) return;
    gathering.scheduled = true;
    process.nextTick(send, ledgerId, gathering);
  }

  function send(ledgerId: bigint, gathering: Gathering<Ask, Answer>): void {
    gathering.scheduled = false;
    if (gathering.waiting.length === 0) {
      if (gathering.calls === 0) ledgers.delete(ledgerId);
      return;
    }
    if (gathering.calls >= maxCalls) return;
    const group = takeGroup(gathering.waiting, maxAsks);
    gathering.calls += 1;
    void callFor(ledgerId, group).then(() => {
      gathering.calls -= 1;
      schedule(ledgerId, gathering);
    });
    if (gathering.waiting.length > 0) schedule(ledgerId, gathering);
  }

  async function callFor(ledgerId: bigint, group: readonly Waiting<Ask, Answer>[]): Promise<void> {
    try {
      const answers = await call(
        ledgerId,
        group.flatMap(({ asks }) => asks),
      );
      let first = 0;
      for (const { asks, resolve } of group) {
        resolve(answers.slice(first, first + asks.length));
        first += asks.length;
      }
    } catch (error) {
      if (group.length === 1) for (const { reject } of group) reject(error);
      else for (const each of group) await callFor(ledgerId, [each]);
    }
  }

  return (ledgerId, asks) =>
    new Promise((resolve, reject) => {
      const gathering = ledgers.get(ledgerId) ?? { waiting: [], calls: 0, scheduled: false };
      ledgers.set(ledgerId, gathering);
      gathering.waiting.push({ asks, resolve, reject });
      schedule(ledgerId, gathering);
    });
}

function takeGroup<Ask, Answer>(waiting: Waiting<Ask, Answer>[], maxAsks: number): Waiting<Ask, Answer>[] {
  let count = 0;
  let asks = 0;
  for (const each of waiting) {
    asks += each.asks.length;
    if (count > 0 && asks > maxAsks) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

interface Waiting<Row> {
  rows: readonly Row[];
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gathers what callers have waiting while `lanes` writes are under way, and gives each free lane all of it: how one process
 * would write rows in groups that has nothing to check. `write` gets whole appends only, at most `maxRows` rows unless
 * one append has more.
 */
export function groupRows<Row>(
  lanes: number,
  maxRows: number,
  write: (rows: readonly Row[], lane: number) => Promise<void>,
): (rows: readonly Row[]) => Promise<void> {
  const waiting: Waiting<Row>[] = [];
  const free = Array.from({ length: lanes }, (_, lane) => lane);

  function takeGroup(): Waiting<Row>[] {
    let [count, rows] = [0, 0];
    while (count < waiting.length) {
      rows += waiting[count]?.rows.length ?? 0;
      if (count > 0 && rows > maxRows) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async function run(lane: number): Promise<void> {
    while (waiting.length > 0) {
      const group = takeGroup();
      try {
        await write(
          group.flatMap((each) => each.rows),
          lane,
        );
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      // Those that have just been answered come again before the next group is taken.
      await new Promise((resolve) => setImmediate(resolve));
    }
    free.push(lane);
  }

  return (rows) =>
    new Promise((resolve, reject) => {
      waiting.push({ rows, resolve, reject });
      const lane = free.pop();
      // In a microtask of its own: all that is asked for in this one goes with it.
      if (lane !== undefined) queueMicrotask(() => void run(lane));
    });
}

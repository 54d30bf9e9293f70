import { describe, expect, it } from "vitest";
import { type Request, takeTurns } from "./take-turns.ts";

function controlled(): { runs: Request[]; finish: () => void; turn: (ledgerId?: bigint) => Promise<void> } {
  const runs: Request[] = [];
  let release: (() => void) | undefined;
  const turn = takeTurns((request) => {
    runs.push(request);
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  return { runs, turn, finish: () => release?.() };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("taking turns", () => {
  it("gathers what is asked for during a run into one more run", async () => {
    const { runs, turn, finish } = controlled();
    const first = turn(1n);
    const second = turn(2n);
    const third = turn(3n);
    expect(runs).toEqual([new Set([1n])]);
    finish();
    await first;
    await settle();
    expect(runs).toEqual([new Set([1n]), new Set([2n, 3n])]);
    finish();
    await Promise.all([second, third]);
    expect(runs).toHaveLength(2);
  });

  it("looks at all when one of the requests asks for all", async () => {
    const { runs, turn, finish } = controlled();
    const first = turn();
    const second = turn(2n);
    const third = turn();
    const fourth = turn(4n);
    finish();
    await first;
    await settle();
    finish();
    await Promise.all([second, third, fourth]);
    expect(runs).toEqual(["all", "all"]);
  });

  it("goes on after a run that failed, and tells only those who waited for it", async () => {
    let count = 0;
    const turn = takeTurns(() => {
      count += 1;
      return count === 1 ? Promise.reject(new Error("once")) : Promise.resolve();
    });
    const first = turn();
    const second = turn();
    await expect(first).rejects.toThrow("once");
    await expect(second).resolves.toBeUndefined();
    await expect(turn()).resolves.toBeUndefined();
    expect(count).toBe(3);
  });
});

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Troubles } from "./logger.ts";
import { pollHeads } from "./poll-heads.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** How many looks one ledger that stays due causes in ten seconds. */
async function looksInTenSeconds(onDue: (look: number) => boolean): Promise<number> {
  let looks = 0;
  const poller = pollHeads({
    log: {
      dueToSeal: () => {
        looks += 1;
        return Promise.resolve([1n, 2n]);
      },
    },
    troubles: new Troubles(
      () => undefined,
      () => 0,
    ),
    onDue: (ledgerId) => Promise.resolve(ledgerId === 1n && onDue(looks)),
  });
  await vi.advanceTimersByTimeAsync(10_000);
  await poller.stop();
  return looks;
}

it("looks often while events can be sealed", async () => {
  expect(await looksInTenSeconds(() => true)).toBe(401);
});

it("looks less and less often while every ledger that is due is left alone", async () => {
  expect(await looksInTenSeconds(() => false)).toBeLessThan(30);
});

it("looks often again once one of them is at work", async () => {
  expect(await looksInTenSeconds((look) => look > 15)).toBeGreaterThan(100);
});

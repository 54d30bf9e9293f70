import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamVersions } from "./stream-versions.ts";

test("follows versions as a plain map does", () => {
  const event = fc.record({ stream: fc.nat(40), step: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const versions = new Map<number, number>();
      const follower = new StreamVersions();
      for (const { stream, step } of events) {
        const version = (versions.get(stream) ?? 0) + step;
        if (version === 0) continue;
        // Images of which many share a slot.
        const follows = follower.follow(Uint32Array.of(stream % 4, stream, version));
        expect(follows).toBe(step === 1);
        if (!follows) return;
        versions.set(stream, version);
      }
    }),
  );
});

test("keeps what it knows while it grows", () => {
  const follower = new StreamVersions();
  const round = (version: number): Uint32Array =>
    Uint32Array.from({ length: 60_000 }, (_, i) =>
      i % 3 === 2 ? version : Math.imul(i - (i % 3), 2654435761) + (i % 3),
    );
  for (let version = 1; version <= 3; version++) expect(follower.follow(round(version))).toBe(true);
  expect(follower.follow(round(5))).toBe(false);
  expect(follower.isFull).toBe(false);
});

import { expect, test } from "vitest";
import { COPY_HEADER, copyMessages } from "./copy-messages.fixture.ts";
import { sumTagRows } from "./sum-rows.ts";

const SECRET = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const ROW = [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7), Buffer.from("vip"), Buffer.from("Paid")];

test("counts the rows it adds up", () => {
  const one = sumTagRows(copyMessages([ROW]), SECRET);
  expect(one).toMatchObject({ count: 1 });
  const [low, high] = [((one?.low ?? 0) * 2) | 0, ((one?.high ?? 0) * 2) | 0];
  expect(sumTagRows(copyMessages([ROW, ROW]), SECRET)).toEqual({ low, high, count: 2 });
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + COPY_HEADER.length);
  const header = Buffer.concat([Buffer.from("d"), length, COPY_HEADER]);
  expect(sumTagRows(header, SECRET)).toEqual({ low: 0, high: 0, count: 0 });
});

import { PassThrough } from "node:stream";
import type pg from "pg";
import { expect, test } from "vitest";
import { CopyOut, type CopySink } from "./copy-out.ts";

/** A COPY whose messages are written to `stream`; what breaks the stream is told as the driver tells it. */
function begin(sink: CopySink): { copy: CopyOut; stream: PassThrough } {
  const stream = new PassThrough();
  const copy = new CopyOut("copy nothing to stdout", sink);
  stream.on("error", (error) => copy.handleError(error));
  copy.submit({ stream, query: () => undefined } as unknown as pg.Connection);
  return { copy, stream };
}

test("fails, and breaks the connection, where a batch cannot be taken", async () => {
  const reason = new Error("no thread is there");
  const { copy, stream } = begin({
    memory: (size) => new Uint8Array(size),
    take: () => {
      throw reason;
    },
  });
  const row = Buffer.alloc((1 << 20) + 1, "d");
  row.writeInt32BE(row.length - 1, 1);
  stream.write(row);
  await expect(copy.done).rejects.toBe(reason);
  expect(stream.destroyed).toBe(true);
});

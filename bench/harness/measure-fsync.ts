import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { median } from "./percentiles.ts";

const WRITES = 200;
const WRITE_BYTES = 8_192;

/** Microseconds that writing 8 KiB and fdatasync takes in a folder: the median of 200, over a file that is there already. */
export function measureFsyncMicros(dir: string): number {
  const scratch = mkdtempSync(join(dir, "fsync-"));
  const file = openSync(join(scratch, "file"), "w");
  try {
    // As the WAL's segments are: written before, so that no write makes the file longer.
    const page = Buffer.alloc(WRITE_BYTES, 0x5a);
    for (let i = 0; i < WRITES; i += 1) writeSync(file, page, 0, WRITE_BYTES, i * WRITE_BYTES);
    fdatasyncSync(file);
    const micros = Array.from({ length: WRITES }, (_, i) => {
      const start = process.hrtime.bigint();
      writeSync(file, page, 0, WRITE_BYTES, i * WRITE_BYTES);
      fdatasyncSync(file);
      return Number(process.hrtime.bigint() - start) / 1_000;
    });
    return median(micros);
  } finally {
    closeSync(file);
    rmSync(scratch, { recursive: true });
  }
}

// A process of its own on a guard's folder: `hold` keeps the lock of origin "a" until it is killed, `count` writes 20 heads.
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { openFileGuard } from "@eventchain/workers";
import { holdLock } from "../../workers/src/guard/hold-lock.ts";

const [mode, folder = ""] = process.argv.slice(2);

async function count(): Promise<void> {
  const guard = openFileGuard(folder);
  for (let written = 0; written < 20; ) {
    const head = await guard.read("a");
    const next = { size: (head?.size ?? 0n) + 1n, root: new Uint8Array(32) };
    try {
      await guard.write("a", next, head);
      written += 1;
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable)) throw error;
    }
  }
}

if (mode === "count") await count();
else {
  await holdLock(join(folder, "a.json.lock"), 1_000, async () => {
    process.stdout.write("held\n");
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
}

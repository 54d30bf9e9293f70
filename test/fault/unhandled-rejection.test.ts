import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "@eventchain/ledger";
import { expect, test, vi } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";
import { createWorkersHost } from "../support/workers-process.ts";

const CONFIG = `
import { defineEvent, defineReaction } from "@eventchain/ledger";
import { z } from "zod";
const Opened = defineEvent("Opened", { schema: z.object({}) });
export const reactions = [
  defineReaction("careless", { from: "start" }).on(Opened, () => { Promise.reject(new Error("nobody listens")); }),
];`;

test("what a common handler rejects and nobody awaits is logged under its name, and the workers go on", async () => {
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), "eventchain-rejection-"));
  const host = await createWorkersHost({ databaseUrl: database.url, rpcUrl: "http://127.0.0.1:9", anchorKey: "0x" });
  try {
    await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{"type": "module"}');
    await writeFile(join(folder, "eventchain.config.ts"), CONFIG);
    await createStagedLedger(database.pool, "rejection.test");
    await using connection = await connect({ database: database.pool });
    const ledger = await connection.ledger("rejection.test");
    await ledger.append("a", { type: "Opened", data: {} });
    const workers = host.spawn({ ROLES: "react", CONFIG: join(folder, "eventchain.config.ts") });
    await workers.logged("unhandled-rejection");
    const line =
      workers
        .log()
        .split("\n")
        .find((each) => each.includes("unhandled-rejection")) ?? "";
    expect(JSON.parse(line)).toMatchObject({ origin: "rejection.test", handler: "careless", level: "error" });
    expect(line).toContain("nobody listens");
    await ledger.append("b", { type: "Opened", data: {} });
    await vi.waitFor(() => expect(workers.log().match(/unhandled-rejection/g)).toHaveLength(2), { timeout: 60_000 });
    expect(await workers.kill("SIGTERM")).toBe(0);
  } finally {
    await host.close();
    await database.drop();
    await rm(folder, { recursive: true });
  }
});

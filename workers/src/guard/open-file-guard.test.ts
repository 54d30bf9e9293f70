import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFileGuard } from "./open-file-guard.ts";

describe("the file guard", () => {
  it("keeps one small file of mode 0600 for each origin, and refuses one that is damaged", async () => {
    const own = await mkdtemp(join(tmpdir(), "eventchain-guard-"));
    const guard = openFileGuard(join(own, "guard"));
    const head = { size: 12n, root: new Uint8Array(32).fill(9) };
    await guard.write("helpdesk.example/a-b", head, undefined);
    const file = join(own, "guard", "helpdesk.example%2fa-b.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
      origin: "helpdesk.example/a-b",
      size: "12",
      root: "09".repeat(32),
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(own, "guard"))).toEqual(["helpdesk.example%2fa-b.json"]);
    expect(await guard.read("helpdesk.example/a-b")).toEqual(head);
    expect(await guard.read("helpdesk.example/A-B")).toBeUndefined();
    await expect(guard.write("helpdesk.example/a-b", head, undefined)).rejects.toMatchObject({
      code: "guard-mismatch",
    });
    await writeFile(file, "{");
    await expect(guard.read("helpdesk.example/a-b")).rejects.toMatchObject({ code: "guard-mismatch" });
    await rm(own, { recursive: true, force: true });
  });
});

describe("names", () => {
  it("of any length and case have files of their own", async () => {
    const own = await mkdtemp(join(tmpdir(), "eventchain-guard-"));
    const guard = openFileGuard(own);
    const names = ["a", "A", "/".repeat(200), `${"/".repeat(199)}x`, "..", "x".repeat(200), "a.json"];
    for (const [i, name] of names.entries()) {
      await guard.write(name, { size: BigInt(i + 1), root: new Uint8Array(32).fill(i) }, undefined);
    }
    for (const [i, name] of names.entries()) expect((await guard.read(name))?.size).toBe(BigInt(i + 1));
    const files = await readdir(own);
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length);
    await rm(own, { recursive: true, force: true });
  });
});

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const modules = join(root, "node_modules");

/** A folder with the packed packages installed, and beside them what they depend on. */
async function installPacked(project: string): Promise<void> {
  const packed = join(project, "packed");
  await run(process.execPath, [join(root, "scripts/pack.ts"), "--out", packed], { cwd: root });
  const installed = join(project, "node_modules");
  await mkdir(join(installed, "@eventchain"), { recursive: true });
  for (const name of await readdir(modules)) {
    if (name !== "@eventchain" && !name.startsWith(".")) await symlink(join(modules, name), join(installed, name));
  }
  for (const file of await readdir(packed)) {
    const name = file.replace(/^eventchain-(.*)-[^-]*\.tgz$/, "$1");
    const folder = join(installed, "@eventchain", name);
    await mkdir(folder);
    await run("tar", ["-xzf", join(packed, file), "-C", folder, "--strip-components=1"]);
    // Versions that npm put beside this package alone.
    const own = join(name === "workers" ? root : join(root, "packages"), name, "node_modules");
    if (existsSync(own)) await symlink(own, join(folder, "node_modules"));
  }
}

describe("the packed packages", () => {
  let project: string;
  let database: TestDatabase;

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), "eventchain-consumer-"));
    database = await createEmptyDatabase();
    await installPacked(project);
    await cp(join(root, "test/consumer"), join(project, "src"), { recursive: true });
    await writeFile(join(project, "package.json"), '{ "type": "module" }');
    const compilerOptions = {
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      rewriteRelativeImportExtensions: true,
      rootDir: "src",
      outDir: "built",
    };
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  });
  afterAll(async () => {
    await database?.drop();
    await rm(project, { recursive: true, force: true });
  });

  test("compile in a user's project with every library check on, and run there", async () => {
    await run(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", project]).catch((error) => {
      throw new Error(`the project does not compile:\n${error.stdout}`);
    });
    const { stdout } = await run(process.execPath, [join(project, "built/app.js"), database.url]);
    const told = ["recorded", "already-open", "TicketOpened"];
    expect(JSON.parse(stdout)).toEqual({ memory: told, postgres: told });
  });

  test("hold the command line with all it needs", async () => {
    const bin = join(project, "node_modules/@eventchain/cli/bin/eventchain.js");
    await run(process.execPath, [bin, "migrate", "--database", database.url, "--dir", join(project, "none")]);
    const { stdout } = await run(process.execPath, [bin, "--help"]);
    expect(stdout).toContain("eventchain");
  });
});

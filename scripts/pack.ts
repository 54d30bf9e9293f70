// `npm run pack [-- --out DIR]`: builds the packages and packs each into a .tgz that npm can install or publish. In the
// repository a package's entries are its sources; the packed ones lead to what the compiler made of them.

import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly [field: string]: unknown;
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** `./src/x.ts` becomes `./dist/x.js`, wherever it stands in the manifest. */
function leadToBuilt(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/^\.\/src\/(.*)\.ts$/, "./dist/$1.js");
  if (Array.isArray(value)) return value.map(leadToBuilt);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, leadToBuilt(item)]));
}

/** Copies what a source file becomes: code and declarations as they were built, any other file as it is. */
async function stageSource(packageDir: string, stage: string, source: string): Promise<void> {
  const path = relative(join(packageDir, "src"), source);
  if (/\.(test|fixture)\.ts$/.test(path)) return;
  const built = path.endsWith(".ts") ? [".js", ".d.ts"].map((ending) => path.replace(/\.ts$/, ending)) : [path];
  for (const file of built) {
    const to = join(stage, "dist", file);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(packageDir, path.endsWith(".ts") ? "dist" : "src", file), to);
  }
}

async function packOne(packageDir: string, out: string): Promise<string> {
  const {
    private: _,
    devDependencies: __,
    ...manifest
  } = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8")) as Manifest;
  const stage = await mkdtemp(join(tmpdir(), "eventchain-pack-"));
  try {
    await writeFile(join(stage, "package.json"), `${JSON.stringify(leadToBuilt(manifest), null, 2)}\n`);
    for (const source of await filesOf(join(packageDir, "src"))) await stageSource(packageDir, stage, source);
    if ("bin" in manifest) await cp(join(packageDir, "bin"), join(stage, "bin"), { recursive: true });
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", out], {
      cwd: stage,
    });
    const answer = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
    const [packed] = Object.values(answer);
    if (packed === undefined) throw new Error(`npm packed nothing of ${manifest.name}`);
    return join(out, packed.filename);
  } finally {
    await rm(stage, { recursive: true });
  }
}

const { values } = parseArgs({ options: { out: { type: "string", default: "packed" } } });
const out = resolve(process.env.INIT_CWD ?? ".", values.out);
const packages = (await readdir(join(root, "packages"))).sort().map((name) => join(root, "packages", name));
const folders = [...packages, join(root, "workers")];
await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", ...folders], { cwd: root });
await mkdir(out, { recursive: true });
for (const folder of folders) console.log(await packOne(folder, out));

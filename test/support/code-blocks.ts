import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The `ts` blocks of a Markdown text as one module; each line stands at its line in the text, so that errors point there. */
export function joinCodeBlocks(markdown: string): string {
  let inside = false;
  const lines = markdown.split("\n").map((line) => {
    if (line.startsWith("```")) {
      inside = !inside && line === "```ts";
      return "";
    }
    return inside ? line : "";
  });
  return `${lines.join("\n").trimEnd()}\n`;
}

/** The blocks of a Markdown text that say which file they are, "```ts customers/alder.ts" say, by the file's name without `.ts`. */
export function fileBlocks(markdown: string): Map<string, string> {
  const blocks = markdown.matchAll(/^```ts (\S+)\.ts\n(.*?)^```$/gms);
  return new Map(Array.from(blocks, ([, name = "", text = ""]) => [name, text]));
}

export interface ModuleFolder extends AsyncDisposable {
  /** Errors of the compiler, "" where there are none. */
  typeCheck(): Promise<string>;
  /** A module's file. */
  path(name: string): string;
  /** Runs one of the modules in a process of its own; what it and Node said on standard error, "" where it went well. */
  run(name: string, env?: Readonly<Record<string, string>>): Promise<string>;
}

/** Modules by name, `a` or `a/b`, in a folder of their own, inside the repository: there they find its packages. */
export async function writeModules(modules: ReadonlyMap<string, string>): Promise<ModuleFolder> {
  const folder = await mkdtemp(join(root, ".code-blocks-"));
  const path = (name: string): string => join(folder, `${name}.ts`);
  for (const [name, text] of modules) {
    await mkdir(dirname(path(name)), { recursive: true });
    await writeFile(path(name), text);
  }
  const compilerOptions = {
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    noEmit: true,
  };
  const config = { extends: "../tsconfig.base.json", compilerOptions, include: ["**/*.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  return {
    path,
    async typeCheck() {
      const { code, output } = await runNode([join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {});
      return code === 0 ? "" : output;
    },
    async run(name, env = {}) {
      const { code, output } = await runNode([path(name)], env);
      return code === 0 ? "" : output || `exit ${code}`;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function runNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: Buffer.concat(output).toString("utf8") }));
  });
}

// Writes packages/chain/src/generated from contracts/. With --check: fails if that is not what stands there.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { compileContract } from "./compile-contract.ts";

const ROOT = join(import.meta.dirname, "..");
const TARGET = join(ROOT, "packages/chain/src/generated/anchor-registry.ts");

/** Solidity's own names of types, which no caller needs. */
const withoutInternalTypes = (key: string, value: unknown): unknown => (key === "internalType" ? undefined : value);

async function generate(): Promise<string> {
  const { abi, bytecode } = await compileContract("contracts/AnchorRegistry.sol", "AnchorRegistry");
  return `// Generated from contracts/AnchorRegistry.sol by "npm run generate". Do not edit.

export const anchorRegistryAbi = ${JSON.stringify(abi, withoutInternalTypes, 2)} as const;

/** Creation code. */
export const anchorRegistryBytecode = "${bytecode}";
`;
}

const text = await generate();
const name = relative(ROOT, TARGET);
if (process.argv.includes("--check")) {
  const found = await readFile(TARGET, "utf8").catch(() => undefined);
  if (found !== text) {
    console.error(`${name} is not what contracts/ compiles to: run "npm run generate"`);
    process.exitCode = 1;
  }
} else {
  await mkdir(dirname(TARGET), { recursive: true });
  await writeFile(TARGET, text);
  console.error(`wrote ${name}`);
}

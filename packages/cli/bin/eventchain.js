#!/usr/bin/env node
// Plain, old syntax: on an old Node this file must still parse, to say which Node is needed.
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const neededMajor = 24;

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  process.stderr.write(
    `eventchain: needs Node ${neededMajor} or newer, and this is Node ${process.versions.node}: ` +
      `run it as npx -y -p node@${neededMajor} -c "eventchain --help"\n`,
  );
  process.exitCode = 2;
} else {
  // Compiled code is kept for the next start, which then takes less than half the time. Not in the machine's shared
  // temporary folder, where others could put code of theirs. Child processes find the same cache by the variable.
  if (process.env.NODE_COMPILE_CACHE === undefined) {
    process.env.NODE_COMPILE_CACHE = fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url));
  }
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  // The repository runs its sources as they are; a packed release has dist only.
  const source = new URL("../src/main.ts", import.meta.url);
  await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href);
}

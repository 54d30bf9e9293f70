#!/usr/bin/env node
// Plain, old syntax: on an old Node this file must still parse, to say which Node is needed.
import { existsSync } from "node:fs";

const neededMajor = 24;

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  process.stderr.write(
    `eventchain: needs Node ${neededMajor} or newer, and this is Node ${process.versions.node}: ` +
      `run it as npx -y -p node@${neededMajor} -c "eventchain --help"\n`,
  );
  process.exitCode = 2;
} else {
  // The repository runs its sources as they are; a packed release has dist only.
  const source = new URL("../src/main.ts", import.meta.url);
  await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href);
}

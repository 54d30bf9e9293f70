import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

const folder = new URL("../../../shared/data/", import.meta.url);

/**
 * The text of a published test vector file, kept in `shared/data` beside the repository and not in it. Where it is not there,
 * the test says which file it looked for and is reported as skipped.
 */
export function sharedData(context: TestContext, path: string): string {
  return readFileSync(sharedFile(context, path), "utf8");
}

/** Where such a file is; skips as `sharedData` does. */
export function sharedFile(context: TestContext, path: string): string {
  const file = fileURLToPath(new URL(path, folder));
  if (!existsSync(file)) {
    const note = `skipped: these vectors are kept beside the repository, and are not there: ${file}`;
    console.warn(note);
    context.skip(note);
  }
  return file;
}

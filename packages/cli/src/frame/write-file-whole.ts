import { open, rename, rm } from "node:fs/promises";

/**
 * Writes a file so that a reader, or a restart after a crash, finds the old one or the new one, never a part:
 * beside it, to the disk, then renamed over it. What fails leaves nothing beside it. A long text may come in pieces.
 */
export async function writeFileWhole(path: string, text: string | AsyncIterable<string>, mode = 0o644): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  const file = await open(beside, "w", mode);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

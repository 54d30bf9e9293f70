import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The path of a sibling script that is started as a process of its own: `.ts` where the sources run as they are, `.js`
 * once they are built.
 *
 * @param fromUrl the caller's `import.meta.url`
 * @param name relative to the caller, without its ending
 */
export function scriptPath(fromUrl: string, name: string): string {
  const own = fileURLToPath(fromUrl);
  return fileURLToPath(new URL(`${name}${extname(own)}`, fromUrl));
}

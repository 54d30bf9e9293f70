/** What in-child.test.ts runs in a process of its own. */
export function echo(input: unknown): unknown {
  return { input, pid: process.pid };
}

export async function fill(mib: number): Promise<number> {
  const bytes = Buffer.alloc(mib * 1024 * 1024, 1);
  return bytes.length;
}

export function fail(): never {
  throw new RangeError("as it should");
}

export function die(): never {
  process.exit(3);
}

import type { Readable, Writable } from "node:stream";

/** What the program takes from its process; tests pass their own. */
export interface ProgramIo {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Reaches the process that started this one with a channel; does nothing when there is none. */
  readonly tellParent: (message: object) => void;
}

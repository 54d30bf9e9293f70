import type { Writable } from "node:stream";

/** Thrown by a write after the reader has gone (`| head`): the command stops without a word. */
export class OutputClosed extends Error {}

/** Where a command's answer goes: standard output, as JSON with `--json`, else as words. */
export interface Output {
  readonly json: boolean;
  /** True once the reader has gone; from then on writes throw {@link OutputClosed}. */
  readonly closed: boolean;
  /** The command's one answer. */
  document<T>(value: T, words: (value: T) => string): Promise<void>;
  /** One of many answers: an object a line, in both modes unless `words` is given. Waits while the reader is slow. */
  line(value: unknown, words?: string): Promise<void>;
  /** Text as it is, in both modes: a proof bundle. */
  text(text: string): Promise<void>;
  /** A message for people, on standard error, in both modes. */
  note(message: string): void;
}

/** JSON on one line; bigint as a decimal string, bytes as lower-case hex. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return item.toString();
    return item instanceof Uint8Array ? Buffer.from(item).toString("hex") : item;
  });
}

/** Writes to the streams given; a reader that goes away closes the output instead of raising an error. */
export function createOutput(streams: { stdout: Writable; stderr: Writable; json: boolean }): Output {
  let closed = false;
  let failure: Error | undefined;
  streams.stdout.on("error", (error: NodeJS.ErrnoException) => {
    closed = true;
    if (error.code !== "EPIPE") failure = error;
  });
  streams.stderr.on("error", () => undefined);

  const write = async (text: string): Promise<void> => {
    if (failure !== undefined) throw failure;
    if (closed) throw new OutputClosed();
    if (streams.stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of ["drain", "error", "close"]) streams.stdout.off(event, done);
        resolve();
      };
      for (const event of ["drain", "error", "close"]) streams.stdout.on(event, done);
    });
  };

  return {
    json: streams.json,
    get closed() {
      return closed;
    },
    document: (value, words) => write(`${streams.json ? toJsonText(value) : words(value)}\n`),
    line: (value, words) => write(`${streams.json || words === undefined ? toJsonText(value) : words}\n`),
    text: (text) => write(text),
    note: (message) => {
      streams.stderr.write(`${message}\n`);
    },
  };
}

/** Resolves when what was written has left the process, or cannot any more. */
export async function flush(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  await new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });
}

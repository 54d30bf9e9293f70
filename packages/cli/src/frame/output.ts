import type { Writable } from "node:stream";

/** Thrown by a write after the reader has gone (`| head`): the command stops without a word. */
export class OutputClosed extends Error {}

/** What was printed did not arrive, though somebody wants it: a full disk, say. */
export class OutputFailed extends Error {}

/** Where a command's answer goes: standard output, as JSON with `--json`, else as words. */
export interface Output {
  readonly json: boolean;
  /** Whether standard output is a terminal, which a bar would have to share. */
  readonly isTerminal: boolean;
  /** True once the reader has gone; from then on writes throw {@link OutputClosed}. */
  readonly closed: boolean;
  /** Why a write failed, when it was not that the reader has gone; from then on writes throw it. */
  readonly failure: OutputFailed | undefined;
  /** The command's one answer. */
  document<T>(value: T, words: (value: T) => string): Promise<void>;
  /** One of many answers: an object a line, in both modes unless `words` is given. Waits while the reader is slow. */
  line(value: unknown, words?: string): Promise<void>;
  /** A piece of a long text, as it is, in both modes. Waits while the reader is slow. */
  chunk(text: string): Promise<void>;
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
  const { stdout, stderr } = streams;
  let closed = false;
  let failure: OutputFailed | undefined;
  const recordError = (error: NodeJS.ErrnoException): void => {
    closed = true;
    if (error.code !== "EPIPE") failure ??= new OutputFailed(`cannot write to standard output: ${error.message}`);
  };
  stdout.on("error", recordError);
  stderr.on("error", () => undefined);

  const check = (): void => {
    if (failure !== undefined) throw failure;
    if (closed) throw new OutputClosed();
  };
  const writeSome = async (text: string): Promise<void> => {
    check();
    if (stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of ["drain", "error", "close"]) stdout.off(event, done);
        resolve();
      };
      for (const event of ["drain", "error", "close"]) stdout.on(event, done);
    });
  };
  const writeAnswer = async (text: string): Promise<void> => {
    check();
    const error = await new Promise<Error | null | undefined>((resolve) => stdout.write(text, resolve));
    if (error instanceof Error) recordError(error);
    if (failure !== undefined) throw failure;
  };

  return {
    json: streams.json,
    isTerminal: (stdout as { isTTY?: boolean }).isTTY === true,
    get closed() {
      return closed;
    },
    get failure() {
      return failure;
    },
    document: (value, words) => writeAnswer(`${streams.json ? toJsonText(value) : words(value)}\n`),
    line: (value, words) => writeSome(`${streams.json || words === undefined ? toJsonText(value) : words}\n`),
    chunk: (text) => writeSome(text),
    text: (text) => writeAnswer(text),
    note: (message) => {
      stderr.write(`${message}\n`);
    },
  };
}

/** Resolves when what was written has left the process, or cannot any more. */
export async function flush(stream: Writable): Promise<void> {
  // After an error, Node keeps what is written and answers nothing.
  if (!stream.destroyed && !stream.writableEnded && stream.errored === null) {
    await new Promise<void>((resolve) => {
      for (const event of ["error", "close"]) stream.once(event, () => resolve());
      stream.write("", () => resolve());
    });
  }
  // An error is told in a later turn than the one in which the write has ended.
  await new Promise((resolve) => setImmediate(resolve));
}

import type { Duplex } from "node:stream";
import type pg from "pg";

/** Where the messages of a COPY go. */
export interface CopySink {
  /** Memory for so many bytes at least. */
  memory(size: number): Uint8Array;
  /** Whole messages of rows (`d`, length, contents), in order. What it returns is awaited before more is read. */
  take(messages: Uint8Array): Promise<void> | undefined;
}

/** A batch is handed on as soon as it holds so many bytes. */
const BATCH_BYTES = 1 << 20;
/** More than what comes in at once. */
const SLACK_BYTES = 1 << 17;

const COPY_DATA = 0x64;
/** Messages that may come between: the response to COPY, a notice, a parameter, a notification. Each is passed on. */
const BETWEEN: ReadonlySet<number> = new Set([0x48, 0x4e, 0x53, 0x41]);

/**
 * A COPY … TO STDOUT as a query of `pg`. The driver makes an object of each row, which costs more than all checks of it: so the
 * rows are taken from the connection's bytes before the driver sees them, and only what is not a row is passed on to it.
 */
export class CopyOut implements pg.Submittable {
  /** Resolves after the last row was taken. */
  readonly done: Promise<void>;
  /** Called once it is over, by whoever set it: the driver, where queries have a time limit. */
  callback: (() => void) | undefined;
  readonly #sql: string;
  readonly #sink: CopySink;
  readonly #promise: PromiseWithResolvers<void> = Promise.withResolvers();
  #stream: Duplex | undefined;
  #listeners: ((chunk: Buffer) => void)[] = [];
  #batch: Uint8Array;
  /** Bytes in the batch, and how many of them are whole messages (or where the last one, not whole yet, will end). */
  #length = 0;
  #scanned = 0;
  /** Rows are over: all that comes is the driver's. */
  #isOver = false;
  #error: unknown;

  constructor(sql: string, sink: CopySink) {
    this.#sql = sql;
    this.#sink = sink;
    this.#batch = sink.memory(BATCH_BYTES + SLACK_BYTES);
    this.done = this.#promise.promise;
  }

  submit(connection: pg.Connection): void {
    const stream = connection.stream;
    this.#stream = stream;
    this.#listeners = stream.listeners("data") as ((chunk: Buffer) => void)[];
    for (const listener of this.#listeners) stream.off("data", listener);
    stream.on("data", this.#onData);
    connection.query(this.#sql);
  }

  handleError(error: unknown): void {
    this.#error ??= error;
    this.#restore();
    this.#promise.reject(this.#error);
    this.callback?.();
  }

  handleReadyForQuery(): void {
    this.#restore();
    if (this.#error === undefined) this.#promise.resolve();
    else this.#promise.reject(this.#error);
    this.callback?.();
  }

  // What a COPY does not come with, or needs no answer.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOver) {
      this.#pass(chunk);
      return;
    }
    try {
      if (this.#length + chunk.length > this.#batch.length) this.#enlarge(this.#length + chunk.length + SLACK_BYTES);
      this.#batch.set(chunk, this.#length);
      this.#length += chunk.length;
      this.#scan();
    } catch (error) {
      // Nobody would catch it here; and rows were lost, so that the driver could not go on with this connection.
      this.#error ??= error;
      this.#stream?.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };

  #scan(): void {
    let view = viewOf(this.#batch);
    while (this.#scanned + 5 <= this.#length) {
      const type = view.getUint8(this.#scanned);
      const end = this.#scanned + 1 + view.getInt32(this.#scanned + 1);
      if (type !== COPY_DATA) {
        if (!BETWEEN.has(type)) {
          this.#finish();
          return;
        }
        // It is passed on whole.
        if (end > this.#length) return;
        this.#pass(Buffer.from(this.#batch.slice(this.#scanned, end)));
        this.#batch.copyWithin(this.#scanned, end, this.#length);
        this.#length -= end - this.#scanned;
        continue;
      }
      if (end > this.#length) return;
      this.#scanned = end;
      if (end < BATCH_BYTES) continue;
      this.#cut();
      view = viewOf(this.#batch);
    }
  }

  /** Hands on the whole messages, and goes on with what is left. */
  #cut(): void {
    const [full, scanned, length] = [this.#batch, this.#scanned, this.#length];
    this.#batch = this.#sink.memory(Math.max(BATCH_BYTES, length - scanned) + SLACK_BYTES);
    this.#batch.set(full.subarray(scanned, length));
    this.#length = length - scanned;
    this.#scanned = 0;
    this.#hand(full.subarray(0, scanned));
  }

  #hand(messages: Uint8Array): void {
    const taken = this.#sink.take(messages);
    if (taken === undefined) return;
    const stream = this.#stream;
    stream?.pause();
    taken
      .catch((error: unknown) => {
        this.#error ??= error;
      })
      .finally(() => stream?.resume());
  }

  /** The first message that is not a row: what is left of the batch is handed on, the rest is the driver's. */
  #finish(): void {
    this.#isOver = true;
    const rest = Buffer.from(this.#batch.slice(this.#scanned, this.#length));
    if (this.#scanned > 0) this.#hand(this.#batch.subarray(0, this.#scanned));
    this.#pass(rest);
  }

  #enlarge(size: number): void {
    const larger = new Uint8Array(new ArrayBuffer(2 * size));
    larger.set(this.#batch.subarray(0, this.#length));
    this.#batch = larger;
  }

  #pass(chunk: Buffer): void {
    for (const listener of this.#listeners) listener(chunk);
  }

  #restore(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    this.#isOver = true;
    stream.off("data", this.#onData);
    for (const listener of this.#listeners) stream.on("data", listener);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Whether a connection's bytes can be had: not of libpq's binding, and not where queries are answered in one go. */
export function canCopyOut(client: pg.ClientBase): boolean {
  const { connection, pipeline } = client as unknown as { connection?: { stream?: unknown }; pipeline?: unknown };
  return connection?.stream !== undefined && pipeline !== true;
}

import type { BenchEvent } from "../harness/events.ts";

/**
 * Where a stream stands, by whatever the library expects of an append: a version, or (dcb) the position of the last event
 * that its condition looks at. 0 before the first event.
 */
export type StreamMark = bigint;

export interface PeerEvent {
  type: string;
  data: unknown;
  metadata: unknown;
}

/** One store of events in a database of its own: what every peer can be asked for in the same words. */
export interface PeerStore {
  /**
   * Appends one event and gives the stream's new mark. With `expected`, only where the stream still stands there:
   * undefined where it does not. Without, whatever the stream's version.
   */
  append(event: BenchEvent, expected?: StreamMark): Promise<StreamMark | undefined>;
  /** Appends all of them to one stream in one call, whatever its version. */
  appendMany(stream: string, events: readonly BenchEvent[]): Promise<void>;
  /** Where the stream stands, by the cheapest question that the library answers. */
  mark(stream: string): Promise<StreamMark>;
  /** The whole stream, decoded. */
  readStream(stream: string): Promise<readonly PeerEvent[]>;
  /** All events in order, decoded, so many at a time; absent where the library has no such read. */
  readAll?(batchSize: number, onBatch: (events: readonly PeerEvent[]) => void): Promise<void>;
  /**
   * Counts the first `count` events by their type into a table, by the library's own consumer with its own checkpoint, from
   * the start; absent where the library has none.
   */
  consume?(count: number): Promise<void>;
  /** Loads events for a test as fast as the library can: outside of what is measured. */
  fill(events: readonly BenchEvent[]): Promise<void>;
  close(): Promise<void>;
}

export interface PeerOptions {
  /** Of its pool. Default: what was found to serve it best. */
  connections?: number;
  /** Its tables are there: another process has made them. */
  isInstalled?: boolean;
}

export interface Peer {
  readonly name: string;
  readonly version: string | undefined;
  /** Why it sits out; undefined where it can be opened. */
  readonly skip: string | undefined;
  /** Makes its tables in an empty database. */
  open(databaseUrl: string, options?: PeerOptions): Promise<PeerStore>;
}

import { createHash } from "node:crypto";

/** What is appended by every contender: about 250 bytes of data, 150 of metadata, two tags, one of 10,000 streams. */
export interface BenchEvent {
  stream: string;
  type: string;
  /** Sorted. */
  tags: readonly [string, string];
  data: Readonly<Record<string, unknown>>;
  /** Of a thousand people. */
  actor: string;
  /** Of some thousand addresses. */
  ip: string;
  /** UUIDs, as a web server draws them for each request. */
  correlationId: string;
  commandId: string;
}

const STREAM_COUNT = 10_000;
const TYPES = ["OrderPlaced", "OrderPacked", "OrderShipped", "OrderDelivered", "OrderReturned"] as const;
const WORDS = ["blue", "heavy", "fragile", "urgent", "gift", "return", "office", "garden", "spare", "second"] as const;

function uuidOf(bytes: Buffer, offset: number): string {
  const hex = bytes.toString("hex", offset, offset + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The event of a number: the same number gives the same event, and neighbours have nothing in common. */
export function benchEvent(seed: string, number: number, streams: number = STREAM_COUNT): BenchEvent {
  const bytes = createHash("sha512").update(`${seed}/${number}`).digest();
  const order = bytes.readUInt32LE(0) % streams;
  const customer = order % 1_000;
  const user = bytes.readUInt16LE(4) % 1_000;
  const word = (at: number): string => WORDS[bytes.readUInt8(at) % WORDS.length] ?? WORDS[0];
  return {
    stream: `order-${order}`,
    type: TYPES[bytes.readUInt8(6) % TYPES.length] ?? TYPES[0],
    tags: [`customer:${customer}`, `order:${order}`],
    data: {
      amountCents: bytes.readUInt32LE(8) % 1_000_000,
      currency: "EUR",
      customerId: `customer-${customer}`,
      lines: [
        { quantity: 1 + (bytes.readUInt8(12) % 9), sku: `sku-${bytes.readUInt16LE(13)}` },
        { quantity: 1 + (bytes.readUInt8(15) % 9), sku: `sku-${bytes.readUInt16LE(16)}` },
      ],
      note: `${word(18)} ${word(19)} ${word(20)} ${word(21)} ${word(22)}`,
      orderId: `order-${order}`,
      warehouse: `hall-${bytes.readUInt8(23) % 12}`,
    },
    actor: `user-${user}`,
    ip: `10.${user % 7}.${user % 11}.${user % 251}`,
    correlationId: uuidOf(bytes, 24),
    commandId: uuidOf(bytes, 40),
  };
}

/** The metadata of an event as a peer keeps it that has no names of its own for these. */
export function benchMetadata({ actor, ip, correlationId, commandId }: BenchEvent): Record<string, string> {
  return { actor, commandId, correlationId, ip };
}

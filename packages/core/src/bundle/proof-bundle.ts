import * as z from "zod";
import { LedgerError } from "../errors.ts";
import { MAX_INT63 } from "../integers.ts";
import { parseJson } from "../json/parse-json.ts";

/** The format's name, which every bundle begins with. */
export const BUNDLE_FORMAT = "eventchain/proof@1";

/** The most bytes a bundle's text may have: room for data and metadata of 1 MiB each, escaped, and the header. */
export const MAX_BUNDLE_BYTES: number = 16 * 1024 * 1024;

/** Where and when the log's head was anchored. Hashes and addresses are 0x and lower-case hex, numbers decimal strings. */
export interface BundleAnchor {
  chainId: string;
  genesisHash: string;
  contract: string;
  ledgerId: string;
  epoch: string;
  size: string;
  root: string;
  txHash: string;
  blockNumber: string;
  blockHash: string;
  /** From the checkpoint's head to the anchor's, 32 bytes each in hex without 0x; empty for equal sizes. */
  consistency: string[];
}

/** The event a bundle proves. Texts are canonical JSON; `data` and its salt, `metadata` and its, are null together. */
export interface BundleEvent {
  header: string;
  data: string | null;
  salt: string | null;
  metadata: string | null;
  metaSalt: string | null;
  prevHash: string;
  position: string;
  version: string;
  recordedAtMicros: string;
}

/** One file that proves one event to a stranger. Hex is lower-case and without 0x but in `anchor`. */
export interface ProofBundle {
  format: typeof BUNDLE_FORMAT;
  event: BundleEvent;
  inclusion: { size: string; path: string[] };
  /** The signed note, verbatim. */
  checkpoint: string;
  /** Null while the event is sealed but not final. */
  anchor: BundleAnchor | null;
}

const bytes = (length: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * length}}$`), `not ${length} bytes in lower-case hex`);
const chainBytes = (length: number) =>
  z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * length}}$`), `not 0x and ${length} bytes in lower-case hex`);
const decimal = (least: bigint, most: bigint = MAX_INT63) =>
  z.string().refine((text) => isDecimal(text, least, most), `not a decimal number from ${least} to ${most}`);

/** A tree of 2^63 leaves has paths of 63 hashes; a consistency path may have one more. */
const inclusionPath = z.array(bytes(32)).max(63);
const consistencyPath = z.array(bytes(32)).max(64);

const anchorShape = z.strictObject({
  chainId: decimal(0n),
  genesisHash: chainBytes(32),
  contract: chainBytes(20),
  ledgerId: chainBytes(32),
  epoch: decimal(0n, 2n ** 32n - 1n),
  size: decimal(1n),
  root: chainBytes(32),
  txHash: chainBytes(32),
  blockNumber: decimal(0n),
  blockHash: chainBytes(32),
  consistency: consistencyPath,
});

const eventShape = z
  .strictObject({
    header: z.string(),
    data: z.string().nullable(),
    salt: bytes(16).nullable(),
    metadata: z.string().nullable(),
    metaSalt: bytes(16).nullable(),
    prevHash: bytes(32),
    position: decimal(1n),
    version: decimal(1n),
    recordedAtMicros: decimal(0n),
  })
  .refine((event) => (event.data === null) === (event.salt === null), "data and salt are not null together")
  .refine(
    (event) => (event.metadata === null) === (event.metaSalt === null),
    "metadata and metaSalt are not null together",
  );

// The parsed object has its keys in the order of these shapes, which is the format's: `formatBundle` relies on it.
const bundleShape = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  event: eventShape,
  inclusion: z.strictObject({ size: decimal(1n), path: inclusionPath }),
  checkpoint: z.string().max(1_000_000),
  anchor: anchorShape.nullable(),
});

/**
 * Reads a bundle's JSON text: its shape, encodings and bounds, not yet whether anything in it is true.
 * Throws `unsupported-format` for another version of the format, `bad-bundle` for everything else.
 */
export function parseBundle(text: string): ProofBundle {
  let value: unknown;
  try {
    value = parseJson(text, { maxBytes: MAX_BUNDLE_BYTES });
  } catch (error) {
    throw new LedgerError("bad-bundle", `proof bundle: ${(error as Error).message}`, { cause: error });
  }
  return shapeBundle(value);
}

/** As `parseBundle`, of the value that was parsed already. */
export function shapeBundle(value: unknown): ProofBundle {
  const format: unknown =
    typeof value === "object" && value !== null ? (value as { format?: unknown }).format : undefined;
  if (typeof format === "string" && format !== BUNDLE_FORMAT && format.startsWith("eventchain/")) {
    const shown = format.slice(0, 64);
    throw new LedgerError(
      "unsupported-format",
      `proof bundle: this version does not know the format ${JSON.stringify(shown)}`,
      {
        values: { format: shown },
      },
    );
  }
  const parsed = bundleShape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") || "the file";
  throw new LedgerError("bad-bundle", `proof bundle: ${field}: ${issue?.message ?? "malformed"}`, {
    values: { field },
  });
}

/** The bundle's JSON text: one line, fields in the format's order, a newline at its end. Throws `bad-bundle` for a bad shape. */
export function formatBundle(bundle: ProofBundle): string {
  return `${JSON.stringify(shapeBundle(bundle))}\n`;
}

// One check, not a pattern and a range: the second would be made of a text that the first has refused.
function isDecimal(text: string, least: bigint, most: bigint): boolean {
  return /^(?:0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) >= least && BigInt(text) <= most;
}

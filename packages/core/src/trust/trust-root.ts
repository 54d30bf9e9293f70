import * as z from "zod";
import { isOrigin } from "../check-name.ts";
import { LedgerError } from "../errors.ts";
import { parseDecimal } from "../integers.ts";
import { parseJson } from "../json/parse-json.ts";
import { verifierFromVkey } from "../notes/note-keys.ts";
import { parseAddress } from "./parse-address.ts";

/** A contract that a ledger is anchored to. */
export interface TrustedChain {
  chainId: bigint;
  /** The hash of the chain's block 0: 0x and lower-case hex. */
  genesisHash: string;
  /** 0x and lower-case hex. */
  contract: string;
}

/** What a checker takes from outside, never from the database or the bundle that it checks. */
export interface TrustRoot {
  origin: string;
  /** The address that opened the ledger on chain: 0x and lower-case hex. */
  owner: string;
  /** The log's verifier keys, one for each epoch, and those of witnesses. At least one. */
  vkeys: string[];
  chains: TrustedChain[];
}

const address = z.string().transform((text, context) => attempt(() => parseAddress(text), context));
const chainId = z
  .union([z.int().nonnegative(), z.string()])
  .transform((value, context) => attempt(() => parseDecimal(String(value), "chainId"), context));
const vkey = z.string().transform((text, context) => attempt(() => verifierFromVkey(text).vkey, context));
const shape = z.strictObject({
  origin: z.string().refine(isOrigin, "not an origin"),
  owner: address,
  vkeys: z.array(vkey).min(1).max(100),
  chains: z
    .array(
      z.strictObject({
        chainId,
        genesisHash: z
          .string()
          .regex(/^0x[0-9a-fA-F]{64}$/)
          .transform((hash) => hash.toLowerCase()),
        contract: address,
      }),
    )
    .max(100),
});

/**
 * Reads a trust root from its JSON text or the value parsed from it. `chainId` may be a number or a decimal string, addresses
 * in lower case or with the checksum of EIP-55. Throws `bad-trust-root` that names the field.
 */
export function parseTrustRoot(json: unknown): TrustRoot {
  const parsed = shape.safeParse(typeof json === "string" ? parseText(json) : json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") || "the file";
  throw new LedgerError("bad-trust-root", `trust root: ${field}: ${issue?.message ?? "malformed"}`, {
    values: { field },
  });
}

/** The JSON text of a trust root, which `parseTrustRoot` reads: indented, with a newline at its end. */
export function formatTrustRoot(trust: TrustRoot): string {
  const chains = trust.chains.map(({ chainId, genesisHash, contract }) => ({
    chainId: `${chainId}`,
    genesisHash,
    contract,
  }));
  return `${JSON.stringify({ origin: trust.origin, owner: trust.owner, vkeys: trust.vkeys, chains }, null, 2)}\n`;
}

function parseText(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new LedgerError("bad-trust-root", `trust root: ${(error as Error).message}`, { cause: error });
  }
}

function attempt<T>(parse: () => T, context: z.RefinementCtx): T {
  try {
    return parse();
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
}

import { verifierFromVkey } from "../notes/note-keys.ts";
import type { TrustRoot } from "../trust/trust-root.ts";
import { checkConsistency, checkOnChain, checkSignature, checkTrust } from "./check-anchor.ts";
import {
  checkCanonical,
  checkData,
  checkEventHash,
  checkFormat,
  checkInclusion,
  checkLedger,
  checkMetadata,
} from "./check-event.ts";
import type { BundleCheck, BundleCheckName, Finding, Report } from "./report.ts";
import type { AnchorWitness } from "./witness.ts";

/** What a bundle is checked against. All of it comes from the checker, nothing from the bundle. */
export interface CheckOptions {
  trust?: TrustRoot;
  /** Verifier keys besides the trust root's. Default none. */
  vkeys?: readonly string[];
  /** A chain to ask. Default none: that check is not made. */
  chain?: AnchorWitness;
  /** How deep is deep enough: blocks on top of the anchor's, or the chain's own word. Default `"finalized"`. */
  confirmations?: number | "finalized";
}

/**
 * Checks a proof bundle, given as its JSON text or parsed, in the order of the format; nothing after a check that fails is
 * made. Never throws for a bad bundle or a silent node; throws `bad-key` for a bad key among `vkeys`.
 */
export async function checkBundle(bundle: unknown, options: CheckOptions = {}): Promise<Report> {
  const { trust, vkeys = [], chain, confirmations = "finalized" } = options;
  for (const vkey of vkeys) verifierFromVkey(vkey);
  const checks: BundleCheck[] = [];
  const record = <T>(name: BundleCheckName, finding: Finding<T> | undefined): T | undefined => {
    checks.push({ name, ok: finding?.ok ?? null, detail: finding?.detail ?? notMade(checks) });
    return finding?.next;
  };
  const then = <T, U>(name: BundleCheckName, given: T | undefined, check: (given: T) => Finding<U>): U | undefined =>
    record(name, given === undefined ? undefined : check(given));

  const read = record("format", checkFormat(bundle));
  const canonical = then("canonical", read, checkCanonical);
  const data = then("data-hash", canonical, checkData);
  const metadata = then("metadata-hash", data, checkMetadata);
  const hashed = then("event-hash", metadata, checkEventHash);
  const logged = then("origin", hashed, checkLedger);
  const included = then("inclusion", logged, checkInclusion);
  const keys = [...(trust?.vkeys ?? []), ...vkeys];
  const signed = then("checkpoint-signature", included, (given) => checkSignature(given, keys));
  const consistent = then("anchor-consistency", signed, checkConsistency);
  const trusted = then("trust-root", consistent, (given) => checkTrust(given, trust));
  const onChain = trusted === undefined ? undefined : await checkOnChain(trusted, chain, confirmations);
  const whole = record("anchor-on-chain", onChain);

  const { position } = read?.event ?? {};
  const event =
    canonical === undefined || position === undefined
      ? null
      : { position, type: canonical.header.type, stream: canonical.header.stream };
  return {
    ok: whole !== undefined && keys.length > 0,
    event,
    checks,
    trust: trust !== undefined ? "given" : vkeys.length > 0 ? "keys" : "none",
  };
}

function notMade(checks: readonly BundleCheck[]): string {
  const failed = checks.find((check) => check.ok === false);
  return failed === undefined
    ? "not made: the bundle cannot be judged by this version"
    : `not made: the check "${failed.name}" failed`;
}

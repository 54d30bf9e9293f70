/** The checks of a bundle in their order, each of which rests on those before it. */
export const BUNDLE_CHECKS = [
  "format",
  "canonical",
  "data-hash",
  "metadata-hash",
  "event-hash",
  "origin",
  "inclusion",
  "checkpoint-signature",
  "anchor-consistency",
  "trust-root",
  "anchor-on-chain",
] as const;

/** The name of a check. */
export type BundleCheckName = (typeof BUNDLE_CHECKS)[number];

/** One check's answer. `ok` null: it could not be made, and `detail` says why. */
export interface BundleCheck {
  name: BundleCheckName;
  ok: boolean | null;
  detail: string;
}

/**
 * What is found of a bundle; `check --json` prints it, with an `ok` that also asks for the chain's check. `ok` is true when every check that could be made holds, nothing in the bundle is of an unknown
 * format, and the checkpoint's signature was among the checks: without a key, anybody could have made the bundle. Which
 * checks could not be made, and why, stands in `checks`. `ok` false with no check false: the bundle could not be judged.
 */
export interface Report {
  ok: boolean;
  /** The event that the bundle claims to prove; null when that cannot be read. `position` in decimal. */
  event: { position: string; type: string; stream: string } | null;
  checks: BundleCheck[];
  /** Where the keys and the chain to believe came from: a trust root, verifier keys alone, or nowhere. */
  trust: "given" | "keys" | "none";
}

/** A check's answer together with what the next check needs; without `next` no later check is made. */
export interface Finding<T> {
  ok: boolean | null;
  detail: string;
  next?: T;
}

/** The check holds. */
export function holds<T>(detail: string, next: T): Finding<T> {
  return { ok: true, detail, next };
}

/** The check could not be made, and the next ones do not depend on it. */
export function passedOver<T>(detail: string, next: T): Finding<T> {
  return { ok: null, detail, next };
}

/** The check fails. */
export function fails(detail: string): Finding<never> {
  return { ok: false, detail };
}

/** Nobody can tell who does not know a later format. */
export function cannotJudge(detail: string): Finding<never> {
  return { ok: null, detail: `cannot judge: ${detail}` };
}

import canonicalize from "canonicalize";
import { LedgerError } from "../errors.ts";
import { copyValue } from "./copy-value.ts";
import { exceedsBytes, type JsonLimits, resolveLimits } from "./limits.ts";

/**
 * The canonical JSON text of a value (RFC 8785): one text for one value, −0 as 0, no Unicode normalisation.
 * JSON's own reading applies to `toJSON` (a Date becomes its ISO text) and to undefined properties, which are dropped.
 * Throws `invalid-value` with the JSON path (`values.path`) for undefined anywhere else, functions, symbols, `BigInt`, NaN and
 * infinities, lone surrogates, U+0000, cycles, nesting over `maxDepth` and instances of classes without `toJSON` (a Map would
 * become `{}`); `too-large` for a text over `maxBytes`.
 */
export function canonicalJson(value: unknown, options?: JsonLimits): string {
  const limits = resolveLimits(options);
  const { copy, isOrdered } = copyValue(value, limits);
  // JSON.stringify writes numbers and well-formed strings as RFC 8785 asks: only the order of keys is not its own.
  const text = isOrdered ? JSON.stringify(copy) : (canonicalize(copy) as string);
  if (exceedsBytes(text, limits.maxBytes)) {
    throw new LedgerError("too-large", `the JSON text is longer than ${limits.maxBytes} bytes`, {
      values: { maxBytes: limits.maxBytes },
    });
  }
  return text;
}

import { checkOrigin } from "@eventchain/core";

const SCHEME = "urn:eventchain:";

/** What may stand in a URN beside the percent sign (RFC 8141, `pchar` and `/`). */
const PLAIN = /[A-Za-z0-9._~!$&'()*+,;=:@/-]/;

/**
 * The URI that stands for a ledger: `urn:eventchain:` and its origin, such as `urn:eventchain:helpdesk.example`; what a URN
 * cannot hold is percent-encoded. Two origins never have the same one.
 * Errors: LedgerError `invalid-name`.
 */
export function sourceOf(origin: string): string {
  checkOrigin(origin);
  const encoded = Array.from(origin, (character) =>
    PLAIN.test(character) ? character : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return `${SCHEME}${encoded.join("")}`;
}

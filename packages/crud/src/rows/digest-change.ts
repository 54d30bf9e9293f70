import { bytesToHex, canonicalJson, sha256, utf8 } from "@eventchain/core";

/** An event of a row, but for the row's key: what it says, and when and by whom it says that it happened. */
export interface ToldChange {
  /** `values` of a row that was created, `changes` of one that was changed, neither of one that was deleted. */
  readonly content: object;
  readonly occurredAt: string | undefined;
  readonly actor: string | undefined;
}

/** What tells a change of a history from every other one: SHA-256 in hex over the canonical JSON of what it tells. */
export function digestChange({ content, occurredAt = "", actor = "" }: ToldChange): string {
  return bytesToHex(sha256(utf8(canonicalJson([content, occurredAt, actor]))));
}

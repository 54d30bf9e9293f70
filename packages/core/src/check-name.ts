import { compareUtf8 } from "./compare-utf8.ts";
import { LedgerError } from "./errors.ts";
import { exceedsBytes } from "./json/limits.ts";

/** The longest stream, type, tag or command id: 512 bytes of UTF-8. */
export const MAX_NAME_BYTES = 512;

/** How many tags an event may have. */
const MAX_TAGS = 1024;

/** What a name names. */
export type NameKind = "stream" | "type" | "tag" | "commandId" | "metadataKey";

/** Options of the name checks. */
export interface NameOptions {
  /** Whether a name may begin with `$`, as those of the ledger's own events do. Default false. */
  system?: boolean;
}

/**
 * Checks a stream's, event type's, tag's, command's or metadata key's name: 1 … 512 bytes of UTF-8, no lone surrogate, no
 * U+0000, and no leading `$` unless `system` is set (command ids may begin with anything). Throws `invalid-name`.
 */
export function checkName(kind: NameKind, name: string, options: NameOptions = {}): void {
  const problem = nameProblem(kind, name, options.system ?? false);
  if (problem === undefined) return;
  const shown = typeof name === "string" ? name.slice(0, 80).toWellFormed() : typeof name;
  throw new LedgerError("invalid-name", `${kind} ${JSON.stringify(shown)} ${problem}`, {
    values: { kind, name: shown },
  });
}

function nameProblem(kind: NameKind, name: string, system: boolean): string | undefined {
  if (typeof name !== "string") return "is not a string";
  if (name === "") return "is empty";
  if (exceedsBytes(name, MAX_NAME_BYTES)) return `is longer than ${MAX_NAME_BYTES} bytes`;
  if (!name.isWellFormed()) return "holds a lone surrogate";
  if (name.includes("\0")) return "holds the character U+0000";
  if (!system && kind !== "commandId" && name.startsWith("$"))
    return "begins with $, which is kept for the ledger's own";
  return undefined;
}

/**
 * A ledger's name: 1–200 printable ASCII characters without space, `+` or `~`; by custom a host name and a path.
 * Throws `invalid-name`.
 */
export function checkOrigin(origin: string): void {
  if (isOrigin(origin)) return;
  const shown = typeof origin === "string" ? origin.slice(0, 80).toWellFormed() : typeof origin;
  throw new LedgerError(
    "invalid-name",
    `origin ${JSON.stringify(shown)} is not 1 to 200 printable ASCII characters without space, + or ~`,
    { values: { kind: "origin", name: shown } },
  );
}

/** Whether `checkOrigin` would pass. */
export function isOrigin(origin: string): boolean {
  return typeof origin === "string" && /^[!-*,-}]{1,200}$/.test(origin);
}

/**
 * The tags checked and sorted by their UTF-8 bytes, as the header holds them. Throws `invalid-name`, also for a tag given
 * twice, and `too-large` for more than 1,024.
 */
export function normaliseTags(tags: readonly string[], options: NameOptions = {}): string[] {
  if (tags.length > MAX_TAGS) {
    throw new LedgerError("too-large", `an event has at most ${MAX_TAGS} tags, not ${tags.length}`, {
      values: { tags: tags.length },
    });
  }
  const sorted = [...tags];
  let isSorted = true;
  let previous: string | undefined;
  for (const tag of sorted) {
    checkName("tag", tag, options);
    if (previous !== undefined && compareUtf8(previous, tag) >= 0) isSorted = false;
    previous = tag;
  }
  if (isSorted) return sorted;
  sorted.sort(compareUtf8);
  const twice = sorted.find((tag, index) => tag === sorted[index + 1]);
  if (twice === undefined) return sorted;
  throw new LedgerError("invalid-name", `tag ${JSON.stringify(twice)} is given twice`, {
    values: { kind: "tag", name: twice },
  });
}

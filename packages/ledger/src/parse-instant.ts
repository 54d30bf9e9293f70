import { LedgerError } from "@eventchain/core";

/** A point in time. */
export interface Instant {
  /** Microseconds since 1970-01-01 UTC; finer digits are cut off. */
  micros: bigint;
  /** RFC 3339 in UTC with 3 to 9 digits of a second, such as "2026-01-31T09:30:00.000Z". */
  text: string;
}

const PATTERN = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/**
 * The instant that a text names.
 * @param text a date-time of RFC 3339 section 5.6: an offset is required, since a local time is no instant. A leap
 *   second (:60) is refused: Postgres and JavaScript have no place for it.
 * @param what what the text is, for the error.
 * Errors: LedgerError `invalid-argument`.
 */
export function parseInstant(text: string, what = "time"): Instant {
  const parts = PATTERN.exec(text);
  if (parts === null) throw badInstant(text, what, "is not a time with an offset");
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [offsetHours, offsetMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  const isDate = local.getUTCMonth() === month - 1 && local.getUTCDate() === day;
  if (!isDate || hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59)
    throw badInstant(text, what, "names a date or time that does not exist");
  const offsetSeconds = (parts[8] === "-" ? -1 : 1) * (offsetHours * 3600 + offsetMinutes * 60);
  const utc = new Date(local.getTime() + (hour * 3600 + minute * 60 + second - offsetSeconds) * 1000);
  if (utc.getUTCFullYear() < 0 || utc.getUTCFullYear() > 9999)
    throw badInstant(text, what, "is not within the years 0 to 9999 in UTC");
  const fraction = (parts[7] ?? "").padEnd(9, "0");
  const shown = fraction.slice(0, 3) + fraction.slice(3).replace(/0+$/, "");
  return {
    micros: BigInt(utc.getTime()) * 1000n + BigInt(fraction.slice(0, 6)),
    text: `${utc.toISOString().slice(0, 19)}.${shown}Z`,
  };
}

/** RFC 3339 in UTC with 6 digits of a second. `micros`: since 1970-01-01, within the years 0 to 9999. */
export function formatInstant(micros: bigint): string {
  const subMillis = ((micros % 1000n) + 1000n) % 1000n;
  const iso = new Date(Number((micros - subMillis) / 1000n)).toISOString();
  return `${iso.slice(0, -1)}${subMillis.toString().padStart(3, "0")}Z`;
}

function badInstant(text: string, what: string, why: string): LedgerError {
  const shown = JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
  return new LedgerError("invalid-argument", `${what} ${shown} ${why}: write it like 2026-01-31T09:30:00Z`, {
    values: { what },
  });
}

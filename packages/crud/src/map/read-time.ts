import { LedgerError } from "@eventchain/core";
import { formatInstant, type Instant, parseInstant } from "@eventchain/ledger";
import { classOf, type SqlValue } from "../values/sql-value.ts";
import type { TimeUnit } from "./types.ts";

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2}(?:\.\d{1,9})?)\d*)?)?\s?(?:([Zz])|([+-]\d{2})(?::?(\d{2}))?)?$/;
const OFFSET = /^([+-])(\d{2}):(\d{2})$/;
const DAY_MS = 86_400_000;
const UNIT_MICROS = { seconds: 1_000_000n, milliseconds: 1_000n, microseconds: 1n } as const;

/** Errors: LedgerError `config-invalid` for a zone that nobody knows. */
export function checkZone(zone: string): void {
  try {
    if (OFFSET.test(zone)) parseInstant(`2000-01-01T00:00:00${zone}`);
    else clockOf(zone);
  } catch (cause) {
    const message = `timeZone ${JSON.stringify(zone)} is none: give "UTC", an offset like "+02:00" or a name like "Europe/Berlin"`;
    throw new LedgerError("config-invalid", message, { values: { path: "timeZone" }, cause });
  }
}

/**
 * The instant that a row's value names; undefined for NULL. A date alone is its midnight. A text without an offset is a
 * local time of `zone`; of one that comes twice when clocks are set back, the first is taken. Numbers need a unit.
 * Errors: LedgerError `invalid-argument` for what names no instant: with no `zone`, for each local time.
 */
export function readTime(value: SqlValue, unit: TimeUnit | undefined, zone: string | undefined): Instant | undefined {
  if (value === null) return undefined;
  if (typeof value === "bigint" || typeof value === "number") return ofNumber(value, unit);
  if (typeof value !== "string") throw refuse(`is ${classOf(value)}, not a time`);
  const parts = DATE_TIME.exec(value);
  if (parts === null) throw refuse(`${JSON.stringify(value.slice(0, 64))} is not a time like 2026-01-31 09:30:00`);
  const [, date, minute = "00:00", second = "00", utc, hours, minutes = "00"] = parts;
  const local = `${date}T${minute}:${second}`;
  if (utc !== undefined) return parseInstant(`${local}Z`);
  if (hours !== undefined) return parseInstant(`${local}${hours}:${minutes}`);
  if (zone === undefined)
    throw refuse(`${JSON.stringify(value)} names no zone, so nobody knows which instant it is: say the map's timeZone`);
  return ofLocal(local, zone);
}

function ofNumber(value: bigint | number, unit: TimeUnit | undefined): Instant {
  if (unit === undefined) throw refuse(`is the number ${value}: say what it counts, {"column", "unit": "seconds"}`);
  const micros =
    typeof value === "bigint"
      ? value * UNIT_MICROS[unit]
      : Number.isFinite(value)
        ? BigInt(Math.round(value * Number(UNIT_MICROS[unit])))
        : undefined;
  if (micros === undefined || micros < -62_167_219_200_000_000n || micros >= 253_402_300_800_000_000n)
    throw refuse(`${value} ${unit} since 1970 is not within the years 0 to 9999`);
  return { micros, text: formatInstant(micros) };
}

function ofLocal(local: string, zone: string): Instant {
  if (zone === "UTC") return parseInstant(`${local}Z`);
  if (OFFSET.test(zone)) return parseInstant(`${local}${zone}`);
  const { micros } = parseInstant(`${local}Z`);
  const localMs = Number(micros / 1000n);
  const clock = clockOf(zone);
  const near = [offsetAt(clock, localMs - DAY_MS), offsetAt(clock, localMs + DAY_MS)];
  const fits = near.filter((offsetMs) => offsetAt(clock, localMs - offsetMs) === offsetMs);
  if (fits.length === 0) throw refuse(`${local} does not exist in ${zone}: clocks were set forward over it`);
  const instant = micros - BigInt(Math.max(...fits)) * 1000n;
  return { micros: instant, text: formatInstant(instant) };
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    const two = "2-digit";
    const parts = { year: "numeric", month: two, day: two, hour: two, minute: two, second: two } as const;
    clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...parts });
    clocks.set(zone, clock);
  }
  return clock;
}

/** How far a zone's clock is ahead of UTC at an instant, in milliseconds. */
function offsetAt(clock: Intl.DateTimeFormat, utcMs: number): number {
  const wholeMs = Math.floor(utcMs / 1000) * 1000;
  const at = Object.fromEntries(clock.formatToParts(wholeMs).map(({ type, value }) => [type, value]));
  const shown = `${at.year?.padStart(4, "0")}-${at.month}-${at.day}T${at.hour}:${at.minute}:${at.second}Z`;
  return Number(parseInstant(shown).micros / 1000n) - wholeMs;
}

function refuse(problem: string): LedgerError {
  return new LedgerError("invalid-argument", problem);
}

import { LedgerError, parseDecimal } from "@eventchain/core";
import { InvalidArgumentError } from "commander";

/** Parsers for commander: what they refuse becomes one line that names the option, and exit code 2. */

/** A position, version, size or count: decimal digits, no sign, no leading zero, up to 2^63 − 1. */
export function decimal(text: string): bigint {
  try {
    return parseDecimal(text, "number");
  } catch (error) {
    if (error instanceof LedgerError)
      throw new InvalidArgumentError("Write a whole number in digits, from 0 to 9223372036854775807.");
    throw error;
  }
}

/** A position: a whole number as above, from 1. */
export function position(text: string): bigint {
  const value = decimal(text);
  if (value === 0n) throw new InvalidArgumentError("Positions start at 1.");
  return value;
}

/** How many at most: a whole number as above that a double holds exactly. */
export function count(text: string): number {
  const value = decimal(text);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new InvalidArgumentError(`Write a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
}

/** A span of seconds, fractions allowed, as ms. */
export function secondsAsMs(text: string): number {
  if (!/^\d{1,9}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError("Write seconds in digits, like 60 or 2.5.");
  return Math.round(Number(text) * 1000);
}

/** A TCP port to count from: `count` ports must fit. */
export function portFor(count: number): (text: string) => number {
  return (text) => {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    const highest = 65_536 - count;
    if (port < 1 || port > highest) throw new InvalidArgumentError(`Write a port from 1 to ${highest}.`);
    return port;
  };
}

/** For an option that may be given several times: collects its values in order. */
export function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), text];
}

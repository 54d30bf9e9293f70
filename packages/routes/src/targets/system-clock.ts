/** The host's clock, where a caller gives no other: milliseconds since 1970-01-01 UTC. */
export function systemClock(): bigint {
  return BigInt(Date.now());
}

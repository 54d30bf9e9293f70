/** Milliseconds since 1970-01-01 UTC by the host's clock: a monotonic one would stand still while the host sleeps. */
export function hostClock(): bigint {
  return BigInt(Date.now());
}

import type { Bytes } from "../encode-bytes.ts";

const FIELD_PRIME = 2n ** 255n - 19n;

/** y of the points of order 8, as x² = (y² − 1) / (d·y² + 1) gives them; both signs of x. */
const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

/** y of every point whose order divides 8: order 1 (1), 2 (−1), 4 (0) and 8 (± the above). */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, FIELD_PRIME - 1n, ORDER_8_Y, FIELD_PRIME - ORDER_8_Y]);

/**
 * Whether an Ed25519 public key is 32 bytes in canonical form and not of small order. A key of small order verifies
 * signatures over many messages at once; a second spelling of a key would have another key id.
 */
export function isSoundKey(publicKey: Bytes): boolean {
  if (publicKey.length !== 32) return false;
  let y = 0n;
  for (let i = 31; i >= 0; i--) y = (y << 8n) | BigInt(publicKey[i] ?? 0);
  y &= 2n ** 255n - 1n;
  return y < FIELD_PRIME && !SMALL_ORDER_Y.has(y);
}

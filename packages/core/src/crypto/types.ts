import type { Bytes } from "../encode-bytes.ts";

/** What the core needs of a platform: Node's own library, or the noble packages in a browser. Both answer alike. */
export interface PlatformCrypto {
  /** SHA-256 (FIPS 180-4), of a text as its UTF-8: 32 bytes. */
  sha256(message: Bytes | string): Bytes;
  /** `length` bytes of the platform's generator for keys. */
  randomBytes(length: number): Bytes;
  /** The Ed25519 public key, 32 bytes, of a 32-byte seed (RFC 8032 section 5.1.5). */
  ed25519PublicKey(seed: Bytes): Bytes;
  /** An Ed25519 signature, 64 bytes (RFC 8032 section 5.1.6). */
  ed25519Sign(message: Bytes, seed: Bytes): Bytes;
  /**
   * Ed25519 checked without the cofactor and strictly: S below the group's order, R compared byte for byte, and no key that
   * is of small order or not canonical. Anything malformed is false.
   */
  ed25519Verify(message: Bytes, signature: Bytes, publicKey: Bytes): boolean;
}

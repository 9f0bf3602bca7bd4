/** The fields of an attestation's payload (docs/PROTOCOL.md, Attestation). */

/** Keys of the payload's map. */
export const ATTESTED = {
  STATEMENT: 0,
  DEVICE: 1,
  NONCE: 2,
  NEXT: 3,
  HASH: 4,
  REMOTE_NEXT: 5,
  REMOTE_HASH: 6,
  EPOCH: 7,
  GUEST: 8,
} as const;
/** The value of STATEMENT: which statement the payload is. */
export const STATEMENT = 1;
/** Length of the nonce, in bytes. */
export const NONCE_BYTES = 16;
/** The protected header {1: -8}: algorithm EdDSA (RFC 9053, 2.2). */
export const SIGN1_PROTECTED = Uint8Array.of(0xa1, 0x01, 0x27);
/** CBOR tag 18, which marks a COSE_Sign1 (RFC 9052, 2). */
export const TAG_18 = 0xd2;

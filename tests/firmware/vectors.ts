// Imports from host.js: the test vectors of tests/vectors, field by field.

/** Fields: message, repeat (u32), digest. */
export const SHA256: u32 = 0;
/** Fields: key, data, tag. */
export const HMAC: u32 = 1;
/** Fields: encoded item, in the reader's subset (u32), and in the writer's (u32). */
export const CBOR: u32 = 2;
/** Fields: message, external data, key, payload, of this profile (u32), authentic (u32). */
export const COSE: u32 = 3;

/** Number of vectors in a set. */
export declare function count(set: u32): u32;
/** Writes a field at `out`; returns its length. */
export declare function field(set: u32, index: u32, number: u32, out: usize): u32;
/** Returns a field that is a number. */
export declare function value(set: u32, index: u32, number: u32): u32;

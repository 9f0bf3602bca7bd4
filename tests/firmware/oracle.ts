// Imports from host.js: hashes by node:crypto to compare with, and control of the test's storage.

/** Writes the SHA-256 of the bytes to `out`: 32 bytes. */
export declare function sha256(ptr: usize, len: u32, out: usize): void;
/** Writes the HMAC-SHA256 of the bytes to `out`: 32 bytes. */
export declare function hmac(key: usize, keyLen: u32, ptr: usize, len: u32, out: usize): void;
/**
 * Lets storage accept this many more bytes; then a write fails part-way. u32.MAX_VALUE: no limit.
 */
export declare function storage_limit(count: u32): void;
/** Sets whether storage can be read. */
export declare function storage_readable(yes: bool): void;
/** Sets one byte of storage. */
export declare function storage_poke(region: u32, offset: u32, value: u32): void;
/** Fills a region of storage. */
export declare function storage_fill(region: u32, value: u32): void;

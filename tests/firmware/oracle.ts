// node:crypto's opinion, and a hand on the storage; host.js supplies both.

/** SHA-256 of the bytes: 32 bytes at `out`. */
export declare function sha256(ptr: usize, len: u32, out: usize): void;
/** HMAC-SHA256 of the bytes: 32 bytes at `out`. */
export declare function hmac(key: usize, keyLen: u32, ptr: usize, len: u32, out: usize): void;
/** Storage takes this many bytes more, then writes fail part-way; u32.MAX_VALUE for no limit. */
export declare function storage_limit(count: u32): void;
/** Whether storage can be read. */
export declare function storage_readable(yes: bool): void;
/** Damages one byte of storage. */
export declare function storage_poke(region: u32, offset: u32, value: u32): void;
/** Fills a region of storage. */
export declare function storage_fill(region: u32, value: u32): void;

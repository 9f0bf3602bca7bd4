/**
 * Addresses and sizes in the recorder's memory, in bytes. The AssemblyScript compiler reads this file
 * for the recorder and the TypeScript compiler for the explorer, so it contains integer constants only.
 */

export const PAGE: u32 = 65_536;
/** Keys are hashed and compared in blocks of this size. A shorter key is padded with zeroes. */
export const BLOCK: u32 = 32;
/** Room for the state region of a guest, in whole blocks. */
export const STATE_ROOM: u32 = 288;
/** Most 8-byte words of the state that the checks of one kind may read. */
export const OBSERVED_WORDS_MAX: u32 = 40;

/** A guest that writes more often than this in one event, or more bytes at once, is refuted. */
export const WRITES_MAX: u32 = 16;
export const WRITE_BYTES_MAX: u32 = 64;
/** A recorded write: WRITE_BYTES_MAX bytes, then a WriteRow. */
export const WRITE_ROW: u32 = 96;
/** An EventRow. */
export const EVENT_ROW: u32 = 64;
export const EVENTS_MAX: u32 = 3000;

/** The registers (Control). */
export const CONTROL: usize = 0;
/** Key of an event: what the guest did (Effects), changes of the state, recorded writes. */
export const EVENT_KEY: usize = 256;
export const EVENT_KEY_CHANGES: usize = EVENT_KEY + BLOCK;
export const WRITES: usize = EVENT_KEY_CHANGES + 8 * OBSERVED_WORDS_MAX;
/** Key of a sent message: MessageHead, changes of the state, signed bytes, message, writes so far. */
export const MESSAGE_KEY: usize = 4096;
export const MESSAGE_KEY_CHANGES: usize = MESSAGE_KEY + BLOCK;
export const SIGNED: usize = MESSAGE_KEY_CHANGES + 8 * OBSERVED_WORDS_MAX;
/** The state region from which events are fired, and a copy of the guest's region. */
export const START_STATE: usize = 9 * 1024;
export const STATE: usize = START_STATE + 512;
/** The words of the state that checks of an event and of a message may read (ObservedWord). */
export const OBSERVED_BY_EVENT: usize = STATE + 512;
export const OBSERVED_BY_MESSAGE: usize = OBSERVED_BY_EVENT + 1024;
/** An odd factor for each word of the state, for the digest. */
export const FACTORS: usize = OBSERVED_BY_MESSAGE + 1024;
/** The bytes that mac_verify() compares. */
export const SCRATCH: usize = 13 * 1024;
/** The rows of events. Row 0 is for events that TypeScript fires one at a time. */
export const EVENTS: usize = 16 * 1024;
/** Messages, signed bytes and tags. First come the tags that mac_sign() returns, one a principal. */
export const BYTES: usize = 4 * PAGE;
/** Lists of numbers of events. */
export const LISTS: usize = 8 * PAGE;
/** Abstract state and event of each new state. */
export const NEW_STATES: usize = 10 * PAGE;
/** The exact visited set: a bit for each abstract state. */
export const VISITED: usize = 11 * PAGE;
/** Bits of an abstract state. */
export const STATE_BITS: u32 = 25;

/**
 * Slots of the memo's two hash tables. Both are emptied when one is 70 % full. The shipped guest needs
 * 130,000 entries; small tables stay in the processor's caches.
 */
export const KEY_SLOTS: u32 = 1 << 18;
export const VERDICT_SLOTS: u32 = 1 << 18;
export const KEY_TABLE: usize = VISITED + (1 << (STATE_BITS - 3));
export const VERDICT_TABLE: usize = KEY_TABLE + 4 * KEY_SLOTS;
/** The memo's entries. */
export const ENTRIES: usize = VERDICT_TABLE + 8 * VERDICT_SLOTS;
export const END: usize = ENTRIES + 1024 * PAGE;

/** Values of EventRow.variantOf. */
export const VARIANT_NONE: u32 = 0;
export const VARIANT_WRITES: u32 = 1;
export const VARIANT_SENDS: u32 = 2;
/** EventRow.failWrites of a variant in which every write fails. */
export const ALL_WRITES_FAIL: u32 = 0xffff;

/** Places of functions in the recorder's table: those of page.ts, and the guest's on_event(). */
export const PREPARE: u32 = 0;
export const READ: u32 = 1;
export const WRITE_32: u32 = 2;
export const WRITE_4: u32 = 3;
export const WRITE_1: u32 = 4;
export const ON_EVENT: u32 = 5;
export const TABLE_SIZE: u32 = 6;

/** Numbers of the ways in which a guest can misuse an import. */
export const MISUSE_POINTER: u32 = 0;
export const MISUSE_GPIO_WRITE: u32 = 1;
export const MISUSE_NET_SEND: u32 = 2;
export const MISUSE_MAC_VERIFY: u32 = 3;
export const MISUSE_MAC_SIGN: u32 = 4;
export const MISUSE_STORAGE_WRITE: u32 = 5;
export const MISUSE_WRITES: u32 = 6;
export const MISUSE_MARK: u32 = 7;

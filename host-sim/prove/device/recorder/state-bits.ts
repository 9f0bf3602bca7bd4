/**
 * The bits of an abstract state: the position of each part. Read by both compilers, as memory-map.ts is.
 * docs/PROOFS.md lists what each part stands for. Only `PHASE` (3 bits) and `BOOT_DUE` (2 bits) have
 * more than one bit.
 */

export const PHASE: u32 = 0;
export const LINKED: u32 = 3;
export const RELAY: u32 = 4;
export const EPOCH: u32 = 5;
/** Of the three principals that send commands, in their order. */
export const LAST_SEQ: u32 = 6;
export const QUIET_MS: u32 = 9;
export const IDENTIFY_MS: u32 = 10;
export const HOLD_MS: u32 = 11;
export const REFUSED_MS: u32 = 12;
export const TELEMETRY_MS: u32 = 13;
export const SAFE_STATE: u32 = 14;
/** The field has the values 0, 1 and 3; the abstract state has 0, 1 and 2. */
export const BOOT_DUE: u32 = 15;
export const TELEMETRY_S: u32 = 17;
export const HOLD_S: u32 = 18;
export const STATUS_DUE: u32 = 19;
export const REFUSED_PENDING: u32 = 20;
export const JOURNAL_NEXT: u32 = 21;
export const JOURNAL_OPEN: u32 = 22;
/** Whether the boot is one of a run that the journal leaves out. */
export const REPEATED: u32 = 23;
export const DROPPED_PENDING: u32 = 24;

/** Numbers of the countdowns: bits of EventRow.ends. */
export const QUIET: u32 = 0;
export const IDENTIFY: u32 = 1;
export const HOLD: u32 = 2;
export const REFUSED: u32 = 3;
export const TELEMETRY: u32 = 4;

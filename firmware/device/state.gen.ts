// Generated from firmware/state.json by `npm run gen`. Do not edit.
// Where each field of the guest's one state region lies. Must not know how any is used.

/** Start of the region. */
export const STATE: usize = memory.data(160, 8);
/** Its length in bytes. */
export const STATE_LEN: u32 = 160;
/** u32: the last event's time in ms, modulo 2^32. */
export const NOW: usize = STATE + 0;
/** u8: PHASE. */
export const PHASE: usize = STATE + 4;
/** u8: 1 while the broker session is up. */
export const LINKED: usize = STATE + 5;
/** u8: relay level. */
export const RELAY: usize = STATE + 6;
/** u8: lamp level. */
export const LAMP: usize = STATE + 7;
/** u8 x 8: the epoch; all zero while not LIVE. */
export const EPOCH: usize = STATE + 8;
/** u32 x 3: last sequence number accepted, by principal, in this epoch. */
export const LAST_SEQ: usize = STATE + 16;
/** u32: ms left of the hold; 0 = no hold. */
export const HOLD_MS: usize = STATE + 28;
/** u32: ms for which button edges are still taken for bounce. */
export const QUIET_MS: usize = STATE + 32;
/** u8: SAFE, configured. */
export const SAFE_STATE: usize = STATE + 36;
/** u8: last fault (PHASE); 0 = none since the boot. */
export const FAULT: usize = STATE + 37;
/** u8: BOOT. */
export const REASON: usize = STATE + 38;
/** u8: ticks, modulo 4, for blinking. */
export const BLINK: usize = STATE + 39;
/** u32: telemetry period in s, configured; 0 = never. */
export const TELEMETRY_S: usize = STATE + 40;
/** u32: hold in s, configured; 0 = the button takes no hold. */
export const HOLD_S: usize = STATE + 44;
/** u32: ms to the next telemetry message. */
export const TELEMETRY_MS: usize = STATE + 48;
/** u32: ms left of identify's blinking. */
export const IDENTIFY_MS: usize = STATE + 52;
/** i16: temperature, 0.1 degrees Celsius. */
export const TEMPERATURE: usize = STATE + 56;
/** i16: least temperature while killed, since the boot. */
export const KILLED_MIN: usize = STATE + 58;
/** i16: greatest temperature while killed, since the boot. */
export const KILLED_MAX: usize = STATE + 60;
/** u8: 1 when a status message is owed. */
export const STATUS_DUE: usize = STATE + 62;
/** u8: 1 until the boot is in the journal; 3 if a torn record was found too. */
export const BOOT_DUE: usize = STATE + 63;
/** u32: samples while killed, since the boot. */
export const KILLED_SAMPLES: usize = STATE + 64;
/** u32: sequence number of the journal's next record. */
export const JOURNAL_NEXT: usize = STATE + 68;
/** u8 x 32: chain hash of the journal's last record; zero before the first. */
export const JOURNAL_HASH: usize = STATE + 72;
/** u32: refusals not yet in the journal. */
export const REFUSED_PENDING: usize = STATE + 104;
/** u32: ms until a refusal may be written again. */
export const REFUSED_MS: usize = STATE + 108;
/** u32: commands executed, since the boot. */
export const EXECUTED: usize = STATE + 112;
/** u32: commands refused with a reason, since the boot. */
export const REFUSED: usize = STATE + 116;
/** u32: messages dropped without a word, since the boot. */
export const DROPPED: usize = STATE + 120;
/** u32: boots in this journal. */
export const BOOTS: usize = STATE + 124;
/** u32: generation of the newest retained block. */
export const RETAINED_GENERATION: usize = STATE + 128;
/** u32: generation of the newest configuration block. */
export const CONFIG_GENERATION: usize = STATE + 132;
/** u8: CODE of the last refusal that is pending. */
export const REFUSED_CODE: usize = STATE + 136;
/** u8: 1 once the journal's head is known; 0 if storage could not be read at the boot. */
export const JOURNAL_OPEN: usize = STATE + 137;
/** u32: length of the hold that runs, in s: what the configuration said when it was taken. */
export const HOLD_TAKEN_S: usize = STATE + 140;

// The gate: contacts and time in, permit out. A pure function: no globals, no memory, no imports.
// It must not know what a radio, a network, a key or a command is.
//
// Word: payload in the low 16 bits, its bitwise complement in the high 16. Payload: phase code in
// bits 15..8, tick count in bits 7..0. A word that does not check is KILLED, hence 0 (zeroed RAM) is.
//
// Inputs: bit 0 NO, bit 1 NC (1 = contact closed), bit 2 rail sense (1 = rail up),
// bits 15..8 ticks since the last sample (1 tick = 1 ms, saturating at 255). Other bits are ignored.
//
// Phase codes lie at least 4 bits apart; LIVE lies at least 4 from each other code and carries bit 7
// of the count, which no count uses. Flips that keep a word checking come in pairs (payload and
// complement), so from any word step() returns while not LIVE, at least 10 flips reach the permit.

/** Uninterrupted clean ON before the permit, in ms. */
const ARM_MS: u32 = 50;
/** Both contacts equal for longer than this is a fault, not travel, in ms. */
const TRAVEL_MS: u32 = 20;
/** A rail up for as long as this at KILL, from the first sample that saw it, is a fault, in ms. */
const DISCHARGE_MS: u32 = 100;
/** Samples further apart than this leave the time between them unseen: arming starts again, in ms. */
const GAP_MS: u32 = 10;

const CODE_KILLED: u32 = 0x00;
const CODE_TRAVEL: u32 = 0x0f;
const CODE_ARMING: u32 = 0x33;
const CODE_FAULT_CONTACT: u32 = 0x55;
const CODE_FAULT_RAIL: u32 = 0x66;
const CODE_LIVE: u32 = 0xff;
/** The only count a LIVE word has. */
const COUNT_LIVE: u32 = 0x80;

const KILLED: u32 = CODE_KILLED << 8;
const TRAVEL: u32 = CODE_TRAVEL << 8;
const ARMING: u32 = CODE_ARMING << 8;
const FAULT_CONTACT: u32 = CODE_FAULT_CONTACT << 8;
const FAULT_RAIL: u32 = CODE_FAULT_RAIL << 8;
const LIVE: u32 = (CODE_LIVE << 8) | COUNT_LIVE;
const LIVE_WORD: u32 = (~LIVE << 16) | LIVE;

/** The word's payload; KILLED for a word that does not check. */
function payloadOf(w: u32): u32 {
  return ((w >>> 16) ^ w) << 16 === 0xffff0000 ? w & 0xffff : KILLED;
}

/** The next payload. A payload that is neither of a known phase nor LIVE to the bit is KILLED. */
function next(payload: u32, inputs: u32): u32 {
  const code = payload & 0xff00;
  const count = payload & 0xff;
  const position = inputs & 3;
  const rail = inputs & 4;
  const elapsed = (inputs >>> 8) & 0xff;

  if (code === FAULT_CONTACT) return position === 2 ? KILLED : FAULT_CONTACT;
  if (code === FAULT_RAIL) return (inputs & 7) === 2 ? KILLED : FAULT_RAIL;
  if (position === 1) {
    if (payload === LIVE) return LIVE;
    // A count that no step returns is a damaged word's: it may not shorten the arming.
    if (code !== ARMING || count >= ARM_MS || elapsed > GAP_MS) return ARMING;
    return count + elapsed >= ARM_MS ? LIVE : ARMING + count + elapsed;
  }
  if (position !== 2) {
    if (code !== TRAVEL) return TRAVEL;
    return count + elapsed > TRAVEL_MS ? FAULT_CONTACT : TRAVEL + count + elapsed;
  }
  // Count 0 says that the rail was down at the last sample: the first sample with it up counts 1.
  if (rail === 0) return KILLED;
  if (code !== KILLED || count === 0) return KILLED + 1;
  return count + elapsed > DISCHARGE_MS ? FAULT_RAIL : KILLED + count + elapsed;
}

/**
 * One sample. `w`: the word of the last sample (0 at power-on). `inputs`: see the head of this file.
 * Returns the next word. Never traps.
 */
export function step(w: u32, inputs: u32): u32 {
  const payload = next(payloadOf(w), inputs);
  return (~payload << 16) | payload;
}

/** Whether the radio may be powered: true for exactly one of the 2^32 words. */
export function permits(w: u32): bool {
  return w === LIVE_WORD;
}

/**
 * The phase for display and announcement: 0 KILLED, 1 TRAVEL, 2 ARMING, 3 LIVE, 4 FAULT_CONTACT,
 * 5 FAULT_RAIL. Any word that does not check is KILLED.
 */
export function phase(w: u32): u32 {
  if (w === LIVE_WORD) return 3;
  const code = payloadOf(w) & 0xff00;
  if (code === TRAVEL) return 1;
  if (code === ARMING) return 2;
  if (code === FAULT_CONTACT) return 4;
  return code === FAULT_RAIL ? 5 : 0;
}

// The gate: a pure function from the switch's contacts, the rail sense and time to the permit of
// the radio. The module has no globals, no memory and no imports.
//
// Word: the payload is in the low 16 bits, its bitwise complement in the high 16. Payload: phase
// code in bits 15 to 8, count in bits 7 to 0. A word whose halves are not complements counts as
// KILLED; so does 0, which cleared RAM holds.
//
// Inputs: bit 0 NO, bit 1 NC (1 = contact closed), bit 2 rail sense (1 = rail up), bits 15 to 8 the
// time since the last sample in ms, saturating at 255. Other bits are ignored.
//
// Phase codes differ from each other in at least 4 bits. The code of LIVE differs from every other
// in at least 4 bits, and its count has bit 7, which no other count has. A bit flip in the payload
// keeps the word good only with the same flip in the complement. So at least 10 flips lead from a
// word that step() returns in any other phase to the word that permits.

/** Time of clean ON without a gap before the permit, in ms. */
const ARM_MS: u32 = 50;
/** Longest time of travel, in ms: both contacts equal for longer than this is a fault. */
const TRAVEL_MS: u32 = 20;
/** Longest time, in ms, that the rail may be up at KILL, from the first sample that shows it up. */
const DISCHARGE_MS: u32 = 100;
/** Longest time between two samples while arming, in ms: after a longer gap arming starts again. */
const GAP_MS: u32 = 10;

const CODE_KILLED: u32 = 0x00;
const CODE_TRAVEL: u32 = 0x0f;
const CODE_ARMING: u32 = 0x33;
const CODE_FAULT_CONTACT: u32 = 0x55;
const CODE_FAULT_RAIL: u32 = 0x66;
const CODE_LIVE: u32 = 0xff;
/** The only count of a LIVE word. */
const COUNT_LIVE: u32 = 0x80;

const KILLED: u32 = CODE_KILLED << 8;
const TRAVEL: u32 = CODE_TRAVEL << 8;
const ARMING: u32 = CODE_ARMING << 8;
const FAULT_CONTACT: u32 = CODE_FAULT_CONTACT << 8;
const FAULT_RAIL: u32 = CODE_FAULT_RAIL << 8;
const LIVE: u32 = (CODE_LIVE << 8) | COUNT_LIVE;
const LIVE_WORD: u32 = (~LIVE << 16) | LIVE;

/** The word's payload; KILLED if its halves are not complements. */
function payloadOf(w: u32): u32 {
  return ((w >>> 16) ^ w) << 16 === 0xffff0000 ? w & 0xffff : KILLED;
}

/**
 * The next payload. A payload of an unknown phase, or of LIVE with another count, counts as KILLED.
 */
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
    // No step returns a count of ARM_MS or more: the word is damaged, and must not shorten the
    // arming.
    if (code !== ARMING || count >= ARM_MS || elapsed > GAP_MS) return ARMING;
    return count + elapsed >= ARM_MS ? LIVE : ARMING + count + elapsed;
  }
  if (position !== 2) {
    if (code !== TRAVEL) return TRAVEL;
    return count + elapsed > TRAVEL_MS ? FAULT_CONTACT : TRAVEL + count + elapsed;
  }
  // Count 0 means that the rail was down at the last sample. The first sample with the rail up sets
  // it to 1.
  if (rail === 0) return KILLED;
  if (code !== KILLED || count === 0) return KILLED + 1;
  return count + elapsed > DISCHARGE_MS ? FAULT_RAIL : KILLED + count + elapsed;
}

/**
 * Takes one sample. `w`: the word that the last sample returned; 0 at power-on. `inputs`: see the
 * head of this file. Returns the next word. Never traps.
 */
export function step(w: u32, inputs: u32): u32 {
  const payload = next(payloadOf(w), inputs);
  return (~payload << 16) | payload;
}

/** The permit: whether the radio may be powered. True for exactly one of the 2^32 words. */
export function permits(w: u32): bool {
  return w === LIVE_WORD;
}

/**
 * The phase of a word: 0 KILLED, 1 TRAVEL, 2 ARMING, 3 LIVE, 4 FAULT_CONTACT, 5 FAULT_RAIL. A word
 * whose halves are not complements is KILLED.
 */
export function phase(w: u32): u32 {
  if (w === LIVE_WORD) return 3;
  const code = payloadOf(w) & 0xff00;
  if (code === TRAVEL) return 1;
  if (code === ARMING) return 2;
  if (code === FAULT_CONTACT) return 4;
  return code === FAULT_RAIL ? 5 : 0;
}

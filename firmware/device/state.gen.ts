// Generated from firmware/state.json by `npm run gen`. Do not edit.
// The guest's state region as a class.

/** Start of the region. */
export const STATE: usize = memory.data(272, 8);
/** Its length in bytes. */
export const STATE_LEN: u32 = 272;

@unmanaged
export class State {
  /** Time of the last event in ms, modulo 2^32. The only absolute time. */
  now: u32;
  /** Phase of the gate (PHASE). */
  phase: u8;
  /** 1 while the broker session is up. */
  linked: u8;
  /** Level of the relay. */
  relay: u8;
  /** Level of the lamp. */
  lamp: u8;
  /** The epoch as a little-endian number; 0 while not LIVE. */
  epoch: u64;
  private lastSeq0: u32;
  private lastSeq1: u32;
  private lastSeq2: u32;
  /** Last sequence number accepted in this epoch, by principal. `index` < 3. */
  @inline getLastSeq(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + 16 + (index as usize) * 4);
  }
  @inline setLastSeq(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + 16 + (index as usize) * 4, value);
  }
  /** Time left of the hold, in ms; 0 = no hold. */
  holdMs: u32;
  /** Time left in which a button edge counts as bounce, in ms. */
  quietMs: u32;
  /** Configured safe state (SAFE). */
  safeState: u8;
  /** Last fault (PHASE); 0 = none since the boot. */
  fault: u8;
  /** Reason of the boot (BOOT). */
  reason: u8;
  /** Ticks, modulo 4, for blinking the lamp. */
  blink: u8;
  /** Configured telemetry period, in s; 0 = no telemetry. */
  telemetryS: u32;
  /** Configured hold, in s; 0 = a press takes no hold. */
  holdS: u32;
  /** Time left until the next telemetry message, in ms. */
  telemetryMs: u32;
  /** Time left of the blinking that identify began, in ms. */
  identifyMs: u32;
  /** Temperature, in 0.1 degrees Celsius. */
  temperature: i16;
  /** Lowest temperature while killed, since the boot. */
  killedMin: i16;
  /** Highest temperature while killed, since the boot. */
  killedMax: i16;
  /** 1 if a status message is to be sent. */
  statusDue: u8;
  /** 1 until the boot is in the journal; 3 if a torn record was found as well. */
  bootDue: u8;
  /** Number of temperature samples while killed, since the boot. */
  killedSamples: u32;
  private journalNext0: u32;
  private journalNext1: u32;
  /** Sequence number of each ring's next record, by RING. `index` < 2. */
  @inline getJournalNext(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + 68 + (index as usize) * 4);
  }
  @inline setJournalNext(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + 68 + (index as usize) * 4, value);
  }
  /** Refusals that are not in the journal yet. */
  refusedPending: u32;
  private journalHash0: u64;
  private journalHash1: u64;
  private journalHash2: u64;
  private journalHash3: u64;
  private journalHash4: u64;
  private journalHash5: u64;
  private journalHash6: u64;
  private journalHash7: u64;
  /** Chain hash of each ring's last record, by RING; all zero before the first. Address of 64 bytes. */
  @inline get journalHashPtr(): usize {
    return changetype<usize>(this) + 80;
  }
  /** Time left until refusals and drops may be written to the journal again, in ms. */
  refusedMs: u32;
  /** Commands executed, since the boot. */
  executed: u32;
  /** Commands refused with a reason, since the boot. */
  refused: u32;
  /** Messages dropped without a reply, since the boot. */
  dropped: u32;
  /** Number of boots in this journal. */
  boots: u32;
  /** Generation of the newest retained block. */
  retainedGeneration: u32;
  /** Generation of the newest configuration block. */
  configGeneration: u32;
  /** The CODEs of the pending refusals: bit 0 for STALE_EPOCH. */
  refusedCodes: u8;
  /** 1 once the journal's head is known; 0 if storage could not be read at the boot. */
  journalOpen: u8;
  /** The PRINCIPALs of the pending refusals: a bit for each. */
  refusedBy: u8;
  /** How often the interval between records of refusals and drops has doubled. */
  refusedStep: u8;
  /** Length of the active hold, in s: the configured one when the hold began. */
  holdTakenS: u32;
  /** Session clock: ms since the gate went LIVE. */
  clock: u64;
  /** Reports (status, telemetry) sent in this epoch. */
  counter: u32;
  private lastResult0: u32;
  private lastResult1: u32;
  private lastResult2: u32;
  /** CODE of the last accepted command, by principal. `index` < 3. */
  @inline getLastResult(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + 196 + (index as usize) * 4);
  }
  @inline setLastResult(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + 196 + (index as usize) * 4, value);
  }
  private lastTag0: u64;
  private lastTag1: u64;
  private lastTag2: u64;
  private lastTag3: u64;
  private lastTag4: u64;
  private lastTag5: u64;
  /** First 16 bytes of the tag of the last accepted command, two words per principal. `index` < 6. */
  @inline getLastTag(index: u32): u64 {
    return load<u64>(changetype<usize>(this) + 208 + (index as usize) * 8);
  }
  @inline setLastTag(index: u32, value: u64): void {
    store<u64>(changetype<usize>(this) + 208 + (index as usize) * 8, value);
  }
  /** Boots in a row for this reason with no other local record in between, this one included; 0 once there was one. */
  run: u32;
  private droppedPending0: u32;
  private droppedPending1: u32;
  private droppedPending2: u32;
  /** Drops that are not in the journal yet: while not LIVE, malformed, wrong tag. `index` < 3. */
  @inline getDroppedPending(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + 260 + (index as usize) * 4);
  }
  @inline setDroppedPending(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + 260 + (index as usize) * 4, value);
  }
}

export const state: State = changetype<State>(STATE);

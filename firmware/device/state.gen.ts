// Generated from firmware/state.json by `npm run gen`. Do not edit.
// The guest's state region, as a type.

/** Start of the region. */
export const STATE: usize = memory.data(216, 8);
/** Its length in bytes. */
export const STATE_LEN: u32 = 216;

@unmanaged
export class State {
  /** the last event's time in ms, modulo 2^32. */
  now: u32;
  /** PHASE. */
  phase: u8;
  /** 1 while the broker session is up. */
  linked: u8;
  /** relay level. */
  relay: u8;
  /** lamp level. */
  lamp: u8;
  /** the epoch, its first byte lowest; 0 while not LIVE. */
  epoch: u64;
  private lastSeq0: u32;
  private lastSeq1: u32;
  private lastSeq2: u32;
  /** last sequence number accepted, by principal, in this epoch. `index` < 3. */
  @inline getLastSeq(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + 16 + (index as usize) * 4);
  }
  @inline setLastSeq(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + 16 + (index as usize) * 4, value);
  }
  /** ms left of the hold; 0 = no hold. */
  holdMs: u32;
  /** ms for which button edges are still taken for bounce. */
  quietMs: u32;
  /** SAFE, configured. */
  safeState: u8;
  /** last fault (PHASE); 0 = none since the boot. */
  fault: u8;
  /** BOOT. */
  reason: u8;
  /** ticks, modulo 4, for blinking. */
  blink: u8;
  /** telemetry period in s, configured; 0 = never. */
  telemetryS: u32;
  /** hold in s, configured; 0 = the button takes no hold. */
  holdS: u32;
  /** ms to the next telemetry message. */
  telemetryMs: u32;
  /** ms left of identify's blinking. */
  identifyMs: u32;
  /** temperature, 0.1 degrees Celsius. */
  temperature: i16;
  /** least temperature while killed, since the boot. */
  killedMin: i16;
  /** greatest temperature while killed, since the boot. */
  killedMax: i16;
  /** 1 when a status message is owed. */
  statusDue: u8;
  /** 1 until the boot is in the journal; 3 if a torn record was found too. */
  bootDue: u8;
  /** samples while killed, since the boot. */
  killedSamples: u32;
  /** sequence number of the journal's next record. */
  journalNext: u32;
  private journalHash0: u64;
  private journalHash1: u64;
  private journalHash2: u64;
  private journalHash3: u64;
  /** Address of 32 bytes: chain hash of the journal's last record; zero before the first. */
  @inline get journalHashPtr(): usize {
    return changetype<usize>(this) + 72;
  }
  /** refusals not yet in the journal. */
  refusedPending: u32;
  /** ms until a refusal may be written again. */
  refusedMs: u32;
  /** commands executed, since the boot. */
  executed: u32;
  /** commands refused with a reason, since the boot. */
  refused: u32;
  /** messages dropped without a word, since the boot. */
  dropped: u32;
  /** boots in this journal. */
  boots: u32;
  /** generation of the newest retained block. */
  retainedGeneration: u32;
  /** generation of the newest configuration block. */
  configGeneration: u32;
  /** CODE of the last refusal that is pending. */
  refusedCode: u8;
  /** 1 once the journal's head is known; 0 if storage could not be read at the boot. */
  journalOpen: u8;
  /** length of the hold that runs, in s: what the configuration said when it was taken. */
  holdTakenS: u32;
  /** session clock: ms since the gate went LIVE. */
  clock: u64;
  /** reports (status, telemetry) sent in this epoch. */
  counter: u32;
  private lastResult0: u32;
  private lastResult1: u32;
  private lastResult2: u32;
  /** CODE of the last command accepted, by principal. `index` < 3. */
  @inline getLastResult(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + 156 + (index as usize) * 4);
  }
  @inline setLastResult(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + 156 + (index as usize) * 4, value);
  }
  private lastTag0: u64;
  private lastTag1: u64;
  private lastTag2: u64;
  private lastTag3: u64;
  private lastTag4: u64;
  private lastTag5: u64;
  /** first 16 bytes of the tag of the last command accepted, two words a principal. `index` < 6. */
  @inline getLastTag(index: u32): u64 {
    return load<u64>(changetype<usize>(this) + 168 + (index as usize) * 8);
  }
  @inline setLastTag(index: u32, value: u64): void {
    store<u64>(changetype<usize>(this) + 168 + (index as usize) * 8, value);
  }
}

export const state: State = changetype<State>(STATE);

/** Generated from firmware/state.json by `npm run gen`. Do not edit. */

/** Bytes in the guest's state region. */
export const STATE_BYTES = 216;

/** Where each of its fields lies: offset, bytes an element, elements. */
export const STATE_FIELDS = {
  /** the last event's time in ms, modulo 2^32. */
  NOW: { offset: 0, size: 4, count: 1 },
  /** PHASE. */
  PHASE: { offset: 4, size: 1, count: 1 },
  /** 1 while the broker session is up. */
  LINKED: { offset: 5, size: 1, count: 1 },
  /** relay level. */
  RELAY: { offset: 6, size: 1, count: 1 },
  /** lamp level. */
  LAMP: { offset: 7, size: 1, count: 1 },
  /** the epoch, its first byte lowest; 0 while not LIVE. */
  EPOCH: { offset: 8, size: 8, count: 1 },
  /** last sequence number accepted, by principal, in this epoch. */
  LAST_SEQ: { offset: 16, size: 4, count: 3 },
  /** ms left of the hold; 0 = no hold. */
  HOLD_MS: { offset: 28, size: 4, count: 1 },
  /** ms for which button edges are still taken for bounce. */
  QUIET_MS: { offset: 32, size: 4, count: 1 },
  /** SAFE, configured. */
  SAFE_STATE: { offset: 36, size: 1, count: 1 },
  /** last fault (PHASE); 0 = none since the boot. */
  FAULT: { offset: 37, size: 1, count: 1 },
  /** BOOT. */
  REASON: { offset: 38, size: 1, count: 1 },
  /** ticks, modulo 4, for blinking. */
  BLINK: { offset: 39, size: 1, count: 1 },
  /** telemetry period in s, configured; 0 = never. */
  TELEMETRY_S: { offset: 40, size: 4, count: 1 },
  /** hold in s, configured; 0 = the button takes no hold. */
  HOLD_S: { offset: 44, size: 4, count: 1 },
  /** ms to the next telemetry message. */
  TELEMETRY_MS: { offset: 48, size: 4, count: 1 },
  /** ms left of identify's blinking. */
  IDENTIFY_MS: { offset: 52, size: 4, count: 1 },
  /** temperature, 0.1 degrees Celsius. */
  TEMPERATURE: { offset: 56, size: 2, count: 1 },
  /** least temperature while killed, since the boot. */
  KILLED_MIN: { offset: 58, size: 2, count: 1 },
  /** greatest temperature while killed, since the boot. */
  KILLED_MAX: { offset: 60, size: 2, count: 1 },
  /** 1 when a status message is owed. */
  STATUS_DUE: { offset: 62, size: 1, count: 1 },
  /** 1 until the boot is in the journal; 3 if a torn record was found too. */
  BOOT_DUE: { offset: 63, size: 1, count: 1 },
  /** samples while killed, since the boot. */
  KILLED_SAMPLES: { offset: 64, size: 4, count: 1 },
  /** sequence number of the journal's next record. */
  JOURNAL_NEXT: { offset: 68, size: 4, count: 1 },
  /** chain hash of the journal's last record; zero before the first. */
  JOURNAL_HASH: { offset: 72, size: 1, count: 32 },
  /** refusals not yet in the journal. */
  REFUSED_PENDING: { offset: 104, size: 4, count: 1 },
  /** ms until a refusal may be written again. */
  REFUSED_MS: { offset: 108, size: 4, count: 1 },
  /** commands executed, since the boot. */
  EXECUTED: { offset: 112, size: 4, count: 1 },
  /** commands refused with a reason, since the boot. */
  REFUSED: { offset: 116, size: 4, count: 1 },
  /** messages dropped without a word, since the boot. */
  DROPPED: { offset: 120, size: 4, count: 1 },
  /** boots in this journal. */
  BOOTS: { offset: 124, size: 4, count: 1 },
  /** generation of the newest retained block. */
  RETAINED_GENERATION: { offset: 128, size: 4, count: 1 },
  /** generation of the newest configuration block. */
  CONFIG_GENERATION: { offset: 132, size: 4, count: 1 },
  /** CODE of the last refusal that is pending. */
  REFUSED_CODE: { offset: 136, size: 1, count: 1 },
  /** 1 once the journal's head is known; 0 if storage could not be read at the boot. */
  JOURNAL_OPEN: { offset: 137, size: 1, count: 1 },
  /** length of the hold that runs, in s: what the configuration said when it was taken. */
  HOLD_TAKEN_S: { offset: 140, size: 4, count: 1 },
  /** session clock: ms since the gate went LIVE. */
  CLOCK: { offset: 144, size: 8, count: 1 },
  /** reports (status, telemetry) sent in this epoch. */
  COUNTER: { offset: 152, size: 4, count: 1 },
  /** CODE of the last command accepted, by principal. */
  LAST_RESULT: { offset: 156, size: 4, count: 3 },
  /** first 16 bytes of the tag of the last command accepted, two words a principal. */
  LAST_TAG: { offset: 168, size: 8, count: 6 },
} as const;
export type StateField = keyof typeof STATE_FIELDS;

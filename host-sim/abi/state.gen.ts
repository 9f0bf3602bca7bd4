/** Generated from firmware/state.json by `npm run gen`. Do not edit. */

/** Size of the guest's state region, in bytes. */
export const STATE_BYTES = 272;

/** Its fields: offset in the region, size of an element in bytes, number of elements. */
export const STATE_FIELDS = {
  /** Time of the last event in ms, modulo 2^32. The only absolute time. */
  NOW: { offset: 0, size: 4, count: 1 },
  /** Phase of the gate (PHASE). */
  PHASE: { offset: 4, size: 1, count: 1 },
  /** 1 while the broker session is up. */
  LINKED: { offset: 5, size: 1, count: 1 },
  /** Level of the relay. */
  RELAY: { offset: 6, size: 1, count: 1 },
  /** Level of the lamp. */
  LAMP: { offset: 7, size: 1, count: 1 },
  /** The epoch as a little-endian number; 0 while not LIVE. */
  EPOCH: { offset: 8, size: 8, count: 1 },
  /** Last sequence number accepted in this epoch, by principal. */
  LAST_SEQ: { offset: 16, size: 4, count: 3 },
  /** Time left of the hold, in ms; 0 = no hold. */
  HOLD_MS: { offset: 28, size: 4, count: 1 },
  /** Time left in which a button edge counts as bounce, in ms. */
  QUIET_MS: { offset: 32, size: 4, count: 1 },
  /** Configured safe state (SAFE). */
  SAFE_STATE: { offset: 36, size: 1, count: 1 },
  /** Last fault (PHASE); 0 = none since the boot. */
  FAULT: { offset: 37, size: 1, count: 1 },
  /** Reason of the boot (BOOT). */
  REASON: { offset: 38, size: 1, count: 1 },
  /** Ticks, modulo 4, for blinking the lamp. */
  BLINK: { offset: 39, size: 1, count: 1 },
  /** Configured telemetry period, in s; 0 = no telemetry. */
  TELEMETRY_S: { offset: 40, size: 4, count: 1 },
  /** Configured hold, in s; 0 = a press takes no hold. */
  HOLD_S: { offset: 44, size: 4, count: 1 },
  /** Time left until the next telemetry message, in ms. */
  TELEMETRY_MS: { offset: 48, size: 4, count: 1 },
  /** Time left of the blinking that identify began, in ms. */
  IDENTIFY_MS: { offset: 52, size: 4, count: 1 },
  /** Temperature, in 0.1 degrees Celsius. */
  TEMPERATURE: { offset: 56, size: 2, count: 1 },
  /** Lowest temperature while killed, since the boot. */
  KILLED_MIN: { offset: 58, size: 2, count: 1 },
  /** Highest temperature while killed, since the boot. */
  KILLED_MAX: { offset: 60, size: 2, count: 1 },
  /** 1 if a status message is to be sent. */
  STATUS_DUE: { offset: 62, size: 1, count: 1 },
  /** 1 until the boot is in the journal; 3 if a torn record was found as well. */
  BOOT_DUE: { offset: 63, size: 1, count: 1 },
  /** Number of temperature samples while killed, since the boot. */
  KILLED_SAMPLES: { offset: 64, size: 4, count: 1 },
  /** Sequence number of each ring's next record, by RING. */
  JOURNAL_NEXT: { offset: 68, size: 4, count: 2 },
  /** Refusals that are not in the journal yet. */
  REFUSED_PENDING: { offset: 76, size: 4, count: 1 },
  /** Chain hash of each ring's last record, by RING; all zero before the first. */
  JOURNAL_HASH: { offset: 80, size: 1, count: 64 },
  /** Time left until refusals and drops may be written to the journal again, in ms. */
  REFUSED_MS: { offset: 144, size: 4, count: 1 },
  /** Commands executed, since the boot. */
  EXECUTED: { offset: 148, size: 4, count: 1 },
  /** Commands refused with a reason, since the boot. */
  REFUSED: { offset: 152, size: 4, count: 1 },
  /** Messages dropped without a reply, since the boot. */
  DROPPED: { offset: 156, size: 4, count: 1 },
  /** Number of boots in this journal. */
  BOOTS: { offset: 160, size: 4, count: 1 },
  /** Generation of the newest retained block. */
  RETAINED_GENERATION: { offset: 164, size: 4, count: 1 },
  /** Generation of the newest configuration block. */
  CONFIG_GENERATION: { offset: 168, size: 4, count: 1 },
  /** The CODEs of the pending refusals: bit 0 for STALE_EPOCH. */
  REFUSED_CODES: { offset: 172, size: 1, count: 1 },
  /** 1 once the journal's head is known; 0 if storage could not be read at the boot. */
  JOURNAL_OPEN: { offset: 173, size: 1, count: 1 },
  /** The PRINCIPALs of the pending refusals: a bit for each. */
  REFUSED_BY: { offset: 174, size: 1, count: 1 },
  /** How often the interval between records of refusals and drops has doubled. */
  REFUSED_STEP: { offset: 175, size: 1, count: 1 },
  /** Length of the active hold, in s: the configured one when the hold began. */
  HOLD_TAKEN_S: { offset: 176, size: 4, count: 1 },
  /** Session clock: ms since the gate went LIVE. */
  CLOCK: { offset: 184, size: 8, count: 1 },
  /** Reports (status, telemetry) sent in this epoch. */
  COUNTER: { offset: 192, size: 4, count: 1 },
  /** CODE of the last accepted command, by principal. */
  LAST_RESULT: { offset: 196, size: 4, count: 3 },
  /** First 16 bytes of the tag of the last accepted command, two words per principal. */
  LAST_TAG: { offset: 208, size: 8, count: 6 },
  /** Boots in a row for this reason with no other local record in between, this one included; 0 once there was one. */
  RUN: { offset: 256, size: 4, count: 1 },
  /** Drops that are not in the journal yet: while not LIVE, malformed, wrong tag. */
  DROPPED_PENDING: { offset: 260, size: 4, count: 3 },
} as const;
export type StateField = keyof typeof STATE_FIELDS;

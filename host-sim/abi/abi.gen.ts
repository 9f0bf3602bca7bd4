/** Generated from firmware/abi.json by `npm run gen`. Do not edit. */

/** Version of this table. */
export const ABI_VERSION = 2;
/** Period of the TICK event, in ms. */
export const TICK_MS = 250;
/** Largest message in either direction, in bytes; rx_buffer() has room for it. */
export const MESSAGE_MAX = 1024;
/** Longest message that mac_verify() and mac_sign() accept, in bytes; a longer one traps the guest. */
export const MAC_MESSAGE_MAX = 2048;
/** A principal's secret, in bytes. */
export const SECRET_BYTES = 32;
/** Length of an HMAC-SHA256 tag, in bytes. */
export const TAG_BYTES = 32;
/** Length of an epoch, in bytes; the host never draws an epoch of all zeroes. */
export const EPOCH_BYTES = 8;
/** First bytes of a command's tag that its reply carries. */
export const REPLY_TAG_BYTES = 16;
/** The nonce in a question for the epoch, in bytes. */
export const NONCE_BYTES = 8;
/** How far ahead of the session clock a command's deadline may be, in ms. */
export const DEADLINE_MAX_MS = 60000;
/** Longest log line, in bytes of ASCII. */
export const LOG_MAX = 120;
/** Most import calls in one event (or in init()); one more traps the guest. */
export const CALLS_MAX = 4096;
/** Largest state region, in bytes. */
export const STATE_MAX = 512;
/** Number of records in the journal: both rings. */
export const JOURNAL_SLOTS = 512;
/** Number of records in each of the journal's rings (RING). */
export const RING_SLOTS = 256;
/** Size of a journal record, in bytes. */
export const JOURNAL_SLOT_BYTES = 64;
/** Bits 2 to 0: PHASE. */
export const INPUT_PHASE_MASK = 7;
/** Bit 3: rail sense. */
export const INPUT_RAIL = 8;
/** Bit 4: the broker session is up. */
export const INPUT_LINK = 16;
/** Bit 5: the button is pressed. */
export const INPUT_BUTTON = 32;
/** Bits 15 to 8: levels of the lines that the board senses; 0 on a board without such lines. */
export const INPUT_LINES_SHIFT = 8;
/** Bits 31 to 16: temperature, signed, in 0.1 degrees Celsius. */
export const INPUT_TEMPERATURE_SHIFT = 16;

/** Why the guest boots: the argument of init(). */
export const BOOT = {
  /** The supply was applied; the retained block is empty. */
  POWER_ON: 0,
  /** The gate left LIVE. */
  CUT: 1,
  /** The guest did not return within the watchdog's time. */
  WATCHDOG: 2,
  /** The guest trapped. */
  TRAP: 3,
  /** The supply dropped too low; the retained block cannot be trusted. */
  BROWN_OUT: 4,
  /** Reset pin, or a reflash. */
  RESET: 5,
} as const;
export const BOOT_NAMES = ["POWER_ON","CUT","WATCHDOG","TRAP","BROWN_OUT","RESET"] as const;

/** The kind of an event, and its arguments: on_event(kind, a, b). `now` is the time since the host's power-on in ms, modulo 2^32. */
export const EVENT = {
  /** a = now, b = inputs word (INPUT). */
  TICK: 0,
  /** a = now, b = 1 pressed, 0 released; contact bounce is not filtered. */
  BUTTON: 1,
  /** a = now, b = length in bytes; the message is in rx_buffer(). */
  RX: 2,
  /** a = now, b = 1 if the broker session is up, 0 if it is down. */
  LINK: 3,
  /** a = now, b = phase (PHASE). */
  GATE: 4,
  /** a = bytes 0 to 3 of the new epoch, b = bytes 4 to 7, little-endian; a GATE event with LIVE follows. */
  EPOCH: 5,
  /** a = now, b = inputs word; a sensed line changed. Only on boards that sense lines. */
  INPUT: 6,
} as const;
export const EVENT_NAMES = ["TICK","BUTTON","RX","LINK","GATE","EPOCH","INPUT"] as const;

/** Phase of the gate, as phase() of gate.wasm returns it. */
export const PHASE = {
  /** Off. */
  KILLED: 0,
  /** Off: the switch is between its contacts. */
  TRAVEL: 1,
  /** Off: clean ON, but not yet for long enough. */
  ARMING: 2,
  /** The radio may be powered. */
  LIVE: 3,
  /** Off: both contacts open or both closed for longer than travel takes. */
  FAULT_CONTACT: 4,
  /** Off was commanded, but the rail is still up. */
  FAULT_RAIL: 5,
} as const;
export const PHASE_NAMES = ["KILLED","TRAVEL","ARMING","LIVE","FAULT_CONTACT","FAULT_RAIL"] as const;

/** What an import returns. Misuse by the guest (a bad pointer, an unknown pin) traps the guest instead. */
export const STATUS = {
  /** Done. */
  OK: 0,
  /** Not possible now: killed, or no link. */
  DENIED: 1,
  /** The queue has no room. */
  FULL: 2,
  /** The tag does not match the principal's key. */
  BAD_TAG: 3,
  /** The principal has no key on this device. */
  NO_KEY: 4,
  /** The storage could not be read or written. */
  IO: 5,
} as const;
export const STATUS_NAMES = ["OK","DENIED","FULL","BAD_TAG","NO_KEY","IO"] as const;

/** Outputs that gpio_write() drives. */
export const PIN = {
  /** The actuator: 1 = energised. */
  RELAY: 0,
  /** The status lamp: 1 = lit. */
  LAMP: 1,
  /** Output line 0 of a board that has such lines. */
  LINE_0: 2,
  /** Output line 1 of a board that has such lines. */
  LINE_1: 3,
  /** Output line 2 of a board that has such lines. */
  LINE_2: 4,
  /** Output line 3 of a board that has such lines. */
  LINE_3: 5,
  /** Output line 4 of a board that has such lines. */
  LINE_4: 6,
} as const;
export const PIN_NAMES = ["RELAY","LAMP","LINE_0","LINE_1","LINE_2","LINE_3","LINE_4"] as const;

/** Where net_send() sends: the last level of the topic. */
export const CHANNEL = {
  /** The reply to a command. */
  REPLY: 0,
  /** The device's state; sent on every change and when the link comes up. */
  STATUS: 1,
  /** A periodic measurement. */
  TELEMETRY: 2,
} as const;
export const CHANNEL_NAMES = ["REPLY","STATUS","TELEMETRY"] as const;

/** Storage regions of storage_read() and storage_write(). */
export const REGION = {
  /** 64 bytes that survive every restart, but not a loss of supply. */
  RETAINED: 0,
  /** 64 bytes that survive a loss of supply. */
  CONFIG: 1,
  /** The journal's rings, in the order of RING: JOURNAL_SLOTS x JOURNAL_SLOT_BYTES bytes that survive a loss of supply. */
  JOURNAL: 2,
} as const;
export const REGION_NAMES = ["RETAINED","CONFIG","JOURNAL"] as const;

/** Who commands the device. Each principal has one secret, from which the host derives two keys. */
export const PRINCIPAL = {
  /** The person who has the switch. */
  OWNER: 0,
  /** The company that sells a service for the device. */
  PROVIDER: 1,
  /** The company that made the device. */
  MANUFACTURER: 2,
} as const;
export const PRINCIPAL_NAMES = ["OWNER","PROVIDER","MANUFACTURER"] as const;
export const PRINCIPAL_KIDS = ["owner","provider","manufacturer"] as const;

/** Which of the two keys derived from a principal's secret (docs/PROTOCOL.md). */
export const KEY = {
  /** For commands of the principal. */
  COMMAND: 0,
  /** For messages to the principal. */
  REPLY: 1,
} as const;
export const KEY_NAMES = ["COMMAND","REPLY"] as const;

/** Operation of a command. */
export const OP = {
  /** {1: bool level}. */
  RELAY_SET: 0,
  /** {}. */
  RELAY_GET: 1,
  /** {}. */
  STATUS: 2,
  /** {}. */
  TELEMETRY_READ: 3,
  /** {1: safe state, 2: telemetry period in s, 3: hold in s}, each optional, at least one. */
  CONFIG_SET: 4,
  /** {1: first sequence number, 2: how many, at most 8, 3: RING}. */
  JOURNAL_READ: 5,
  /** {}: the lamp blinks for 5 s. */
  IDENTIFY: 6,
} as const;
export const OP_NAMES = ["RELAY_SET","RELAY_GET","STATUS","TELEMETRY_READ","CONFIG_SET","JOURNAL_READ","IDENTIFY"] as const;
export const OP_WIRES = ["relay.set","relay.get","status","telemetry.read","config.set","journal.read","identify"] as const;

/** Outcome in a reply: OK, or the reason of the refusal. */
export const CODE = {
  /** Done. */
  OK: 0,
  /** The gate is not LIVE. */
  KILLED: 1,
  /** The command's epoch is not the current one, so it cannot execute any more. It may have executed before the epoch ended. */
  STALE_EPOCH: 2,
  /** The sequence number is not above the principal's last one. The reply carries the last one, and the result if these are the same bytes again. */
  REPLAY: 3,
  /** Never sent: a sender without a key gets no reply. */
  BAD_MAC: 4,
  /** The principal does not have the right to the operation. */
  FORBIDDEN: 5,
  /** A press of the button holds the actuator. */
  HOLD: 6,
  /** Not a well-formed command of this protocol. */
  MALFORMED: 7,
  /** Allowed, but the device could not do it; for example, storage failed. */
  FAILED: 8,
  /** The deadline is past on the session clock, or more than DEADLINE_MAX_MS ahead. */
  EXPIRED: 9,
} as const;
export const CODE_NAMES = ["OK","KILLED","STALE_EPOCH","REPLAY","BAD_MAC","FORBIDDEN","HOLD","MALFORMED","FAILED","EXPIRED"] as const;

/** Level of the relay after a loss of supply. */
export const SAFE = {
  /** De-energised. */
  OFF: 0,
  /** Energised. */
  ON: 1,
} as const;
export const SAFE_NAMES = ["OFF","ON"] as const;

/** The journal's rings. Each kind of record belongs to one of them. */
export const RING = {
  /** What happens at the device. */
  LOCAL: 0,
  /** What the network caused. It cannot evict a local record. */
  REMOTE: 1,
} as const;
export const RING_NAMES = ["LOCAL","REMOTE"] as const;

/** Kind of a journal record, with the meaning of its detail, by, argument and value. */
export const RECORD = {
  /** Local: a boot; detail = BOOT, value = 1 if a torn record was found, plus 2 x how many boots in a row had this reason. */
  BOOT: 0,
  /** Local: the gate went LIVE; value = first 4 bytes of the epoch. */
  LIVE: 1,
  /** Local: the gate found a fault; detail = PHASE. */
  FAULT: 2,
  /** Remote: commands refused since the last such record; detail = a bit for each CODE from STALE_EPOCH on, by = a bit for each PRINCIPAL, value = how many. */
  REFUSED: 3,
  /** Local: a hold; detail = 1 if the button began it, 0 if it ended; value = relay level. */
  HOLD: 4,
  /** Remote: a new configuration; detail = safe state, value = telemetry period in s x 65536 + hold in s. */
  CONFIG: 5,
  /** Local: a fault ended at a clean KILL position; detail = its PHASE. */
  CLEAR: 6,
  /** Remote: a command that changes something was executed; detail = OP, by = PRINCIPAL, argument = the level of relay.set, value = its number. */
  COMMAND: 7,
  /** Remote: messages dropped since the last such record, by reason; by + 256 x argument = while not LIVE, value = malformed x 65536 + wrong tag. */
  DROPPED: 8,
} as const;
export const RECORD_NAMES = ["BOOT","LIVE","FAULT","REFUSED","HOLD","CONFIG","CLEAR","COMMAND","DROPPED"] as const;

/** Coverage marks: mark(id) reports that a safety branch was taken. */
export const MARK = {
  /** A command was executed. */
  ACCEPTED: 0,
  /** Dropped: a message arrived while the gate was not LIVE. */
  KILLED: 1,
  /** Refused: the epoch is not the current one. */
  STALE_EPOCH: 2,
  /** Refused: the sequence number is not above the last one. */
  REPLAY: 3,
  /** Dropped: the tag is not good under the key of the principal that the message names. */
  BAD_MAC: 4,
  /** Refused: the principal does not have the right. */
  FORBIDDEN: 5,
  /** Refused: a hold is active. */
  HOLD: 6,
  /** Dropped: not a COSE_Mac0 of this profile. */
  MALFORMED_ENVELOPE: 7,
  /** Refused: the tag is good, but the payload is malformed. */
  MALFORMED_PAYLOAD: 8,
  /** Refused: storage failed. */
  FAILED: 9,
  /** The retained block was good and was used. */
  RETAINED_USED: 10,
  /** The retained block was not good; the relay took its safe state. */
  RETAINED_LOST: 11,
  /** The button began a hold. */
  HOLD_BEGUN: 12,
  /** The hold ended. */
  HOLD_ENDED: 13,
  /** A button edge was ignored as bounce. */
  BOUNCE: 14,
  /** A torn journal record was found at boot. */
  JOURNAL_TORN: 15,
  /** A journal record could not be written. */
  JOURNAL_FAILED: 16,
  /** A refusal was counted, to be written with the next record of refusals. */
  REFUSALS_COALESCED: 17,
  /** Refused: the deadline. */
  EXPIRED: 18,
  /** Refused, with the result: the same bytes again. */
  DUPLICATE: 19,
  /** A question for the epoch was answered. */
  QUESTION: 20,
} as const;
export const MARK_NAMES = ["ACCEPTED","KILLED","STALE_EPOCH","REPLAY","BAD_MAC","FORBIDDEN","HOLD","MALFORMED_ENVELOPE","MALFORMED_PAYLOAD","FAILED","RETAINED_USED","RETAINED_LOST","HOLD_BEGUN","HOLD_ENDED","BOUNCE","JOURNAL_TORN","JOURNAL_FAILED","REFUSALS_COALESCED","EXPIRED","DUPLICATE","QUESTION"] as const;

/** Imports of module `board`: number of parameters, and whether it returns a status. */
export const IMPORTS = {
  gpio_write: { params: 2, returns: false },
  radio_request: { params: 1, returns: false },
  net_send: { params: 4, returns: true },
  mac_verify: { params: 4, returns: true },
  mac_sign: { params: 4, returns: true },
  random: { params: 2, returns: false },
  storage_read: { params: 4, returns: true },
  storage_write: { params: 4, returns: true },
  log: { params: 2, returns: false },
  mark: { params: 1, returns: false },
} as const;

/** Exports that a guest must have, besides `memory`. */
export const EXPORTS = {
  abi_version: { params: 0, returns: true },
  init: { params: 1, returns: false },
  on_event: { params: 3, returns: false },
  rx_buffer: { params: 0, returns: true },
  state_ptr: { params: 0, returns: true },
  state_len: { params: 0, returns: true },
} as const;

/** Exports of a guest. */
export interface GuestExports {
  memory: WebAssembly.Memory;
  abi_version(): number;
  init(boot_reason: number): void;
  on_event(kind: number, a: number, b: number): void;
  rx_buffer(): number;
  state_ptr(): number;
  state_len(): number;
}

/** Imports of a guest, as the host implements them. */
export interface BoardImports {
  gpio_write(pin: number, level: number): void;
  radio_request(on: number): void;
  net_send(principal: number, channel: number, ptr: number, len: number): number;
  mac_verify(principal: number, ptr: number, len: number, tag: number): number;
  mac_sign(principal: number, ptr: number, len: number, tag: number): number;
  random(ptr: number, len: number): void;
  storage_read(region: number, offset: number, ptr: number, len: number): number;
  storage_write(region: number, offset: number, ptr: number, len: number): number;
  log(ptr: number, len: number): void;
  mark(id: number): void;
}

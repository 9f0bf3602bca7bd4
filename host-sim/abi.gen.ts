/** Generated from firmware/abi.json by `npm run gen`. Do not edit. */

/** Version of this table. */
export const ABI_VERSION = 2;
/** Period of the TICK event, in ms. */
export const TICK_MS = 250;
/** Largest message in either direction, in bytes; rx_buffer() holds this many. */
export const MESSAGE_MAX = 1024;
/** Longest message that mac_verify() and mac_sign() take, in bytes; a longer one traps. */
export const MAC_MESSAGE_MAX = 2048;
/** An HMAC-SHA256 tag, in bytes. */
export const TAG_BYTES = 32;
/** An epoch, in bytes; the host never draws one of all zeroes. */
export const EPOCH_BYTES = 8;
/** How many bytes of a command's tag its reply bears, from the first on. */
export const REPLY_TAG_BYTES = 16;
/** The nonce of a question for the epoch, in bytes. */
export const NONCE_BYTES = 8;
/** Furthest deadline of a command, in ms after the session clock. */
export const DEADLINE_MAX_MS = 60000;
/** Longest log line, in bytes of ASCII. */
export const LOG_MAX = 120;
/** Import calls that one event (or init) may make; one more traps the guest. */
export const CALLS_MAX = 4096;
/** Largest state region, in bytes. */
export const STATE_MAX = 512;
/** Records in the journal's ring. */
export const JOURNAL_SLOTS = 512;
/** One journal record, in bytes. */
export const JOURNAL_SLOT_BYTES = 64;
/** bits 2..0: PHASE. */
export const INPUT_PHASE_MASK = 7;
/** bit 3: rail sense. */
export const INPUT_RAIL = 8;
/** bit 4: broker session up. */
export const INPUT_LINK = 16;
/** bit 5: button pressed. */
export const INPUT_BUTTON = 32;
/** bits 15..8: levels of the lines that the board senses; 0 where it has none. */
export const INPUT_LINES_SHIFT = 8;
/** bits 31..16: temperature, signed, 0.1 degrees Celsius. */
export const INPUT_TEMPERATURE_SHIFT = 16;

/** Why the guest boots: the argument of init(). */
export const BOOT = {
  /** Supply applied: the retained block is empty. */
  POWER_ON: 0,
  /** The gate left LIVE. */
  CUT: 1,
  /** The guest did not return within WATCHDOG_MS. */
  WATCHDOG: 2,
  /** The guest trapped. */
  TRAP: 3,
  /** Supply sagged: the retained block cannot be trusted. */
  BROWN_OUT: 4,
  /** Reset pin, or a reflash. */
  RESET: 5,
} as const;
export const BOOT_NAMES = ["POWER_ON","CUT","WATCHDOG","TRAP","BROWN_OUT","RESET"] as const;

/** What on_event(kind, a, b) tells. `now` is ms since the host's power-on, modulo 2^32. */
export const EVENT = {
  /** a = now, b = inputs word (INPUT). */
  TICK: 0,
  /** a = now, b = 1 pressed, 0 released; bounce included. */
  BUTTON: 1,
  /** a = now, b = length; the message stands in rx_buffer(). */
  RX: 2,
  /** a = now, b = 1 broker session up, 0 down. */
  LINK: 3,
  /** a = now, b = phase (PHASE). */
  GATE: 4,
  /** a = bytes 0..3 of the new epoch, b = bytes 4..7, little-endian; GATE LIVE follows. */
  EPOCH: 5,
  /** a = now, b = inputs word; a line that the board senses changed. Only where it has such lines. */
  INPUT: 6,
} as const;
export const EVENT_NAMES = ["TICK","BUTTON","RX","LINK","GATE","EPOCH","INPUT"] as const;

/** Phase of the gate, as gate.phase() returns it. */
export const PHASE = {
  /** Off. */
  KILLED: 0,
  /** Off: the switch is between its contacts. */
  TRAVEL: 1,
  /** Off: clean ON, not yet for long enough. */
  ARMING: 2,
  /** The radio may be powered. */
  LIVE: 3,
  /** Off: both contacts equal for longer than travel takes. */
  FAULT_CONTACT: 4,
  /** Off was commanded and the rail is still up. */
  FAULT_RAIL: 5,
} as const;
export const PHASE_NAMES = ["KILLED","TRAVEL","ARMING","LIVE","FAULT_CONTACT","FAULT_RAIL"] as const;

/** What an import returns. Misuse (bad pointer, unknown pin) does not return: it traps the guest. */
export const STATUS = {
  /** Done. */
  OK: 0,
  /** Not now: killed, or no link. */
  DENIED: 1,
  /** No room in the queue. */
  FULL: 2,
  /** The tag is not the principal's. */
  BAD_TAG: 3,
  /** The principal has no key on this device. */
  NO_KEY: 4,
  /** Storage could not be read or written. */
  IO: 5,
} as const;
export const STATUS_NAMES = ["OK","DENIED","FULL","BAD_TAG","NO_KEY","IO"] as const;

/** What gpio_write() drives. */
export const PIN = {
  /** The actuator: 1 = energised. */
  RELAY: 0,
  /** The status lamp: 1 = lit. */
  LAMP: 1,
  /** A line of the board's own, where it has so many. */
  LINE_0: 2,
  /** Likewise. */
  LINE_1: 3,
  /** Likewise. */
  LINE_2: 4,
  /** Likewise. */
  LINE_3: 5,
  /** Likewise. */
  LINE_4: 6,
} as const;
export const PIN_NAMES = ["RELAY","LAMP","LINE_0","LINE_1","LINE_2","LINE_3","LINE_4"] as const;

/** Where net_send() sends: the last level of the topic. */
export const CHANNEL = {
  /** Answer to a command. */
  REPLY: 0,
  /** State, on every change and when the link comes up. */
  STATUS: 1,
  /** Periodic measurement. */
  TELEMETRY: 2,
} as const;
export const CHANNEL_NAMES = ["REPLY","STATUS","TELEMETRY"] as const;

/** What storage_read() and storage_write() address. */
export const REGION = {
  /** 64 bytes that survive every restart but not loss of supply. */
  RETAINED: 0,
  /** 64 bytes that survive loss of supply. */
  CONFIG: 1,
  /** JOURNAL_SLOTS x JOURNAL_SLOT_BYTES that survive loss of supply. */
  JOURNAL: 2,
} as const;
export const REGION_NAMES = ["RETAINED","CONFIG","JOURNAL"] as const;

/** Who commands the device. Each has a key for commands and another for what the device says to it. */
export const PRINCIPAL = {
  /** Who holds the switch. */
  OWNER: 0,
  /** Who sells a service for the device. */
  PROVIDER: 1,
  /** Who made the device. */
  MANUFACTURER: 2,
} as const;
export const PRINCIPAL_NAMES = ["OWNER","PROVIDER","MANUFACTURER"] as const;
export const PRINCIPAL_KIDS = ["owner","provider","manufacturer"] as const;

/** Which of the two keys that the host derives from a principal's secret (docs/PROTOCOL.md). */
export const KEY = {
  /** Of the principal's commands. */
  COMMAND: 0,
  /** Of what the device says to the principal. */
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
  /** {1: first sequence number, 2: how many, at most 8}. */
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
  /** The command's epoch is not this one: it cannot execute any more. It may have executed before the switch was moved. */
  STALE_EPOCH: 2,
  /** The sequence number is not above the principal's last. The reply tells the last one, and the result if these are the same bytes again. */
  REPLAY: 3,
  /** Never sent: a sender without a key is not told. */
  BAD_MAC: 4,
  /** The principal has no right to the operation. */
  FORBIDDEN: 5,
  /** A local hand holds the actuator. */
  HOLD: 6,
  /** Not a command of this version. */
  MALFORMED: 7,
  /** Allowed, but the device could not: storage, say. */
  FAILED: 8,
  /** The deadline has passed on the session clock, or is more than DEADLINE_MAX_MS ahead. */
  EXPIRED: 9,
} as const;
export const CODE_NAMES = ["OK","KILLED","STALE_EPOCH","REPLAY","BAD_MAC","FORBIDDEN","HOLD","MALFORMED","FAILED","EXPIRED"] as const;

/** The relay's level after a loss of supply. */
export const SAFE = {
  /** De-energised. */
  OFF: 0,
  /** Energised. */
  ON: 1,
} as const;
export const SAFE_NAMES = ["OFF","ON"] as const;

/** Kind of a journal record, with its detail and value. */
export const RECORD = {
  /** detail = BOOT, value = 1 if a torn record was found. */
  BOOT: 0,
  /** The gate went LIVE; value = first 4 bytes of the epoch. */
  LIVE: 1,
  /** detail = PHASE. */
  FAULT: 2,
  /** detail = CODE, value = refusals since the last such record. */
  REFUSED: 3,
  /** detail = 1 begun by the button, 0 ended; value = relay level. */
  HOLD: 4,
  /** detail = safe state, value = telemetry period x 65536 + hold, in s. */
  CONFIG: 5,
  /** A fault ended at a clean KILL position. */
  CLEAR: 6,
} as const;
export const RECORD_NAMES = ["BOOT","LIVE","FAULT","REFUSED","HOLD","CONFIG","CLEAR"] as const;

/** Coverage marks: mark(id) says that a safety branch was taken. */
export const MARK = {
  /** A command was executed. */
  ACCEPTED: 0,
  /** A message arrived while not LIVE, and was dropped. */
  KILLED: 1,
  /** Refused: the epoch is not this one. */
  STALE_EPOCH: 2,
  /** Refused: sequence number. */
  REPLAY: 3,
  /** Dropped: no key made this tag. */
  BAD_MAC: 4,
  /** Refused: no right. */
  FORBIDDEN: 5,
  /** Refused: a local hand holds the relay. */
  HOLD: 6,
  /** Dropped: not a COSE_Mac0 of this profile. */
  MALFORMED_ENVELOPE: 7,
  /** Refused: a good tag over a bad payload. */
  MALFORMED_PAYLOAD: 8,
  /** Refused: storage. */
  FAILED: 9,
  /** The retained block was good and was used. */
  RETAINED_USED: 10,
  /** The retained block was not good: safe state. */
  RETAINED_LOST: 11,
  /** The button took the relay. */
  HOLD_BEGUN: 12,
  /** The hold ran out. */
  HOLD_ENDED: 13,
  /** A button edge was ignored as bounce. */
  BOUNCE: 14,
  /** A torn record was found at boot. */
  JOURNAL_TORN: 15,
  /** A record could not be written. */
  JOURNAL_FAILED: 16,
  /** A refusal was counted and not written one by one. */
  REFUSALS_COALESCED: 17,
  /** Refused: the deadline. */
  EXPIRED: 18,
  /** Refused, with the result: the same bytes again. */
  DUPLICATE: 19,
  /** A question for the epoch was answered. */
  QUESTION: 20,
} as const;
export const MARK_NAMES = ["ACCEPTED","KILLED","STALE_EPOCH","REPLAY","BAD_MAC","FORBIDDEN","HOLD","MALFORMED_ENVELOPE","MALFORMED_PAYLOAD","FAILED","RETAINED_USED","RETAINED_LOST","HOLD_BEGUN","HOLD_ENDED","BOUNCE","JOURNAL_TORN","JOURNAL_FAILED","REFUSALS_COALESCED","EXPIRED","DUPLICATE","QUESTION"] as const;

/** Imports of module `board`: name, parameter count, whether it returns a status. */
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

/** The guest's side of the boundary. */
export interface GuestExports {
  memory: WebAssembly.Memory;
  abi_version(): number;
  init(boot_reason: number): void;
  on_event(kind: number, a: number, b: number): void;
  rx_buffer(): number;
  state_ptr(): number;
  state_len(): number;
}

/** The host's side of the boundary. */
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

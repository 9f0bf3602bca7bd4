// Generated from firmware/abi.json by `npm run gen`. Do not edit.
// The guest's whole view of its host: imports of module `board`, and constants.

/** Version of this table. */
export const ABI_VERSION: u32 = 2;
/** Period of the TICK event, in ms. */
export const TICK_MS: u32 = 250;
/** Largest message in either direction, in bytes; rx_buffer() holds this many. */
export const MESSAGE_MAX: u32 = 1024;
/** Longest message that mac_verify() and mac_sign() take, in bytes; a longer one traps. */
export const MAC_MESSAGE_MAX: u32 = 2048;
/** An HMAC-SHA256 tag, in bytes. */
export const TAG_BYTES: u32 = 32;
/** An epoch, in bytes; the host never draws one of all zeroes. */
export const EPOCH_BYTES: u32 = 8;
/** How many bytes of a command's tag its reply bears, from the first on. */
export const REPLY_TAG_BYTES: u32 = 16;
/** The nonce of a question for the epoch, in bytes. */
export const NONCE_BYTES: u32 = 8;
/** Furthest deadline of a command, in ms after the session clock. */
export const DEADLINE_MAX_MS: u32 = 60000;
/** Longest log line, in bytes of ASCII. */
export const LOG_MAX: u32 = 120;
/** Import calls that one event (or init) may make; one more traps the guest. */
export const CALLS_MAX: u32 = 4096;
/** Largest state region, in bytes. */
export const STATE_MAX: u32 = 512;
/** Records in the journal's ring. */
export const JOURNAL_SLOTS: u32 = 512;
/** One journal record, in bytes. */
export const JOURNAL_SLOT_BYTES: u32 = 64;
/** bits 2..0: PHASE. */
export const INPUT_PHASE_MASK: u32 = 7;
/** bit 3: rail sense. */
export const INPUT_RAIL: u32 = 8;
/** bit 4: broker session up. */
export const INPUT_LINK: u32 = 16;
/** bit 5: button pressed. */
export const INPUT_BUTTON: u32 = 32;
/** bits 15..8: levels of the lines that the board senses; 0 where it has none. */
export const INPUT_LINES_SHIFT: u32 = 8;
/** bits 31..16: temperature, signed, 0.1 degrees Celsius. */
export const INPUT_TEMPERATURE_SHIFT: u32 = 16;

// BOOT: Why the guest boots: the argument of init().
/** Supply applied: the retained block is empty. */
export const BOOT_POWER_ON: u32 = 0;
/** The gate left LIVE. */
export const BOOT_CUT: u32 = 1;
/** The guest did not return within WATCHDOG_MS. */
export const BOOT_WATCHDOG: u32 = 2;
/** The guest trapped. */
export const BOOT_TRAP: u32 = 3;
/** Supply sagged: the retained block cannot be trusted. */
export const BOOT_BROWN_OUT: u32 = 4;
/** Reset pin, or a reflash. */
export const BOOT_RESET: u32 = 5;
export const BOOT_COUNT: u32 = 6;

// EVENT: What on_event(kind, a, b) tells. `now` is ms since the host's power-on, modulo 2^32.
/** a = now, b = inputs word (INPUT). */
export const EVENT_TICK: u32 = 0;
/** a = now, b = 1 pressed, 0 released; bounce included. */
export const EVENT_BUTTON: u32 = 1;
/** a = now, b = length; the message stands in rx_buffer(). */
export const EVENT_RX: u32 = 2;
/** a = now, b = 1 broker session up, 0 down. */
export const EVENT_LINK: u32 = 3;
/** a = now, b = phase (PHASE). */
export const EVENT_GATE: u32 = 4;
/** a = bytes 0..3 of the new epoch, b = bytes 4..7, little-endian; GATE LIVE follows. */
export const EVENT_EPOCH: u32 = 5;
/** a = now, b = inputs word; a line that the board senses changed. Only where it has such lines. */
export const EVENT_INPUT: u32 = 6;
export const EVENT_COUNT: u32 = 7;

// PHASE: Phase of the gate, as gate.phase() returns it.
/** Off. */
export const PHASE_KILLED: u32 = 0;
/** Off: the switch is between its contacts. */
export const PHASE_TRAVEL: u32 = 1;
/** Off: clean ON, not yet for long enough. */
export const PHASE_ARMING: u32 = 2;
/** The radio may be powered. */
export const PHASE_LIVE: u32 = 3;
/** Off: both contacts equal for longer than travel takes. */
export const PHASE_FAULT_CONTACT: u32 = 4;
/** Off was commanded and the rail is still up. */
export const PHASE_FAULT_RAIL: u32 = 5;
export const PHASE_COUNT: u32 = 6;

// STATUS: What an import returns. Misuse (bad pointer, unknown pin) does not return: it traps the guest.
/** Done. */
export const STATUS_OK: u32 = 0;
/** Not now: killed, or no link. */
export const STATUS_DENIED: u32 = 1;
/** No room in the queue. */
export const STATUS_FULL: u32 = 2;
/** The tag is not the principal's. */
export const STATUS_BAD_TAG: u32 = 3;
/** The principal has no key on this device. */
export const STATUS_NO_KEY: u32 = 4;
/** Storage could not be read or written. */
export const STATUS_IO: u32 = 5;
export const STATUS_COUNT: u32 = 6;

// PIN: What gpio_write() drives.
/** The actuator: 1 = energised. */
export const PIN_RELAY: u32 = 0;
/** The status lamp: 1 = lit. */
export const PIN_LAMP: u32 = 1;
/** A line of the board's own, where it has so many. */
export const PIN_LINE_0: u32 = 2;
/** Likewise. */
export const PIN_LINE_1: u32 = 3;
/** Likewise. */
export const PIN_LINE_2: u32 = 4;
/** Likewise. */
export const PIN_LINE_3: u32 = 5;
/** Likewise. */
export const PIN_LINE_4: u32 = 6;
export const PIN_COUNT: u32 = 7;

// CHANNEL: Where net_send() sends: the last level of the topic.
/** Answer to a command. */
export const CHANNEL_REPLY: u32 = 0;
/** State, on every change and when the link comes up. */
export const CHANNEL_STATUS: u32 = 1;
/** Periodic measurement. */
export const CHANNEL_TELEMETRY: u32 = 2;
export const CHANNEL_COUNT: u32 = 3;

// REGION: What storage_read() and storage_write() address.
/** 64 bytes that survive every restart but not loss of supply. */
export const REGION_RETAINED: u32 = 0;
/** 64 bytes that survive loss of supply. */
export const REGION_CONFIG: u32 = 1;
/** JOURNAL_SLOTS x JOURNAL_SLOT_BYTES that survive loss of supply. */
export const REGION_JOURNAL: u32 = 2;
export const REGION_COUNT: u32 = 3;

// PRINCIPAL: Who commands the device. Each has a key for commands and another for what the device says to it.
/** Who holds the switch. */
export const PRINCIPAL_OWNER: u32 = 0;
/** Who sells a service for the device. */
export const PRINCIPAL_PROVIDER: u32 = 1;
/** Who made the device. */
export const PRINCIPAL_MANUFACTURER: u32 = 2;
export const PRINCIPAL_COUNT: u32 = 3;

// KEY: Which of the two keys that the host derives from a principal's secret (docs/PROTOCOL.md).
/** Of the principal's commands. */
export const KEY_COMMAND: u32 = 0;
/** Of what the device says to the principal. */
export const KEY_REPLY: u32 = 1;
export const KEY_COUNT: u32 = 2;

// OP: Operation of a command.
/** {1: bool level}. */
export const OP_RELAY_SET: u32 = 0;
/** {}. */
export const OP_RELAY_GET: u32 = 1;
/** {}. */
export const OP_STATUS: u32 = 2;
/** {}. */
export const OP_TELEMETRY_READ: u32 = 3;
/** {1: safe state, 2: telemetry period in s, 3: hold in s}, each optional, at least one. */
export const OP_CONFIG_SET: u32 = 4;
/** {1: first sequence number, 2: how many, at most 8}. */
export const OP_JOURNAL_READ: u32 = 5;
/** {}: the lamp blinks for 5 s. */
export const OP_IDENTIFY: u32 = 6;
export const OP_COUNT: u32 = 7;

// CODE: Outcome in a reply: OK, or the reason of the refusal.
/** Done. */
export const CODE_OK: u32 = 0;
/** The gate is not LIVE. */
export const CODE_KILLED: u32 = 1;
/** The command's epoch is not this one: it cannot execute any more. It may have executed before the switch was moved. */
export const CODE_STALE_EPOCH: u32 = 2;
/** The sequence number is not above the principal's last. The reply tells the last one, and the result if these are the same bytes again. */
export const CODE_REPLAY: u32 = 3;
/** Never sent: a sender without a key is not told. */
export const CODE_BAD_MAC: u32 = 4;
/** The principal has no right to the operation. */
export const CODE_FORBIDDEN: u32 = 5;
/** A local hand holds the actuator. */
export const CODE_HOLD: u32 = 6;
/** Not a command of this version. */
export const CODE_MALFORMED: u32 = 7;
/** Allowed, but the device could not: storage, say. */
export const CODE_FAILED: u32 = 8;
/** The deadline has passed on the session clock, or is more than DEADLINE_MAX_MS ahead. */
export const CODE_EXPIRED: u32 = 9;
export const CODE_COUNT: u32 = 10;

// SAFE: The relay's level after a loss of supply.
/** De-energised. */
export const SAFE_OFF: u32 = 0;
/** Energised. */
export const SAFE_ON: u32 = 1;
export const SAFE_COUNT: u32 = 2;

// RECORD: Kind of a journal record, with its detail and value.
/** detail = BOOT, value = 1 if a torn record was found. */
export const RECORD_BOOT: u32 = 0;
/** The gate went LIVE; value = first 4 bytes of the epoch. */
export const RECORD_LIVE: u32 = 1;
/** detail = PHASE. */
export const RECORD_FAULT: u32 = 2;
/** detail = CODE, value = refusals since the last such record. */
export const RECORD_REFUSED: u32 = 3;
/** detail = 1 begun by the button, 0 ended; value = relay level. */
export const RECORD_HOLD: u32 = 4;
/** detail = safe state, value = telemetry period x 65536 + hold, in s. */
export const RECORD_CONFIG: u32 = 5;
/** A fault ended at a clean KILL position. */
export const RECORD_CLEAR: u32 = 6;
export const RECORD_COUNT: u32 = 7;

// MARK: Coverage marks: mark(id) says that a safety branch was taken.
/** A command was executed. */
export const MARK_ACCEPTED: u32 = 0;
/** A message arrived while not LIVE, and was dropped. */
export const MARK_KILLED: u32 = 1;
/** Refused: the epoch is not this one. */
export const MARK_STALE_EPOCH: u32 = 2;
/** Refused: sequence number. */
export const MARK_REPLAY: u32 = 3;
/** Dropped: no key made this tag. */
export const MARK_BAD_MAC: u32 = 4;
/** Refused: no right. */
export const MARK_FORBIDDEN: u32 = 5;
/** Refused: a local hand holds the relay. */
export const MARK_HOLD: u32 = 6;
/** Dropped: not a COSE_Mac0 of this profile. */
export const MARK_MALFORMED_ENVELOPE: u32 = 7;
/** Refused: a good tag over a bad payload. */
export const MARK_MALFORMED_PAYLOAD: u32 = 8;
/** Refused: storage. */
export const MARK_FAILED: u32 = 9;
/** The retained block was good and was used. */
export const MARK_RETAINED_USED: u32 = 10;
/** The retained block was not good: safe state. */
export const MARK_RETAINED_LOST: u32 = 11;
/** The button took the relay. */
export const MARK_HOLD_BEGUN: u32 = 12;
/** The hold ran out. */
export const MARK_HOLD_ENDED: u32 = 13;
/** A button edge was ignored as bounce. */
export const MARK_BOUNCE: u32 = 14;
/** A torn record was found at boot. */
export const MARK_JOURNAL_TORN: u32 = 15;
/** A record could not be written. */
export const MARK_JOURNAL_FAILED: u32 = 16;
/** A refusal was counted and not written one by one. */
export const MARK_REFUSALS_COALESCED: u32 = 17;
/** Refused: the deadline. */
export const MARK_EXPIRED: u32 = 18;
/** Refused, with the result: the same bytes again. */
export const MARK_DUPLICATE: u32 = 19;
/** A question for the epoch was answered. */
export const MARK_QUESTION: u32 = 20;
export const MARK_COUNT: u32 = 21;

/** Drives a pin (PIN) to 0 or 1. Traps on any other, and on one that the board does not have. */
@external("board", "gpio_write")
export declare function gpio_write(pin: u32, level: u32): void;
/** Asks for the radio. radio = permit AND requested. */
@external("board", "radio_request")
export declare function radio_request(on: u32): void;
/** Queues a message to a principal. DENIED while killed or without a link. */
@external("board", "net_send")
export declare function net_send(principal: u32, channel: u32, ptr: u32, len: u32): u32;
/** Whether `tag` (TAG_BYTES) is HMAC-SHA256 of the bytes under the key of the principal's commands. BAD_TAG, NO_KEY. */
@external("board", "mac_verify")
export declare function mac_verify(principal: u32, ptr: u32, len: u32, tag: u32): u32;
/** Writes the tag of the bytes under the key of what the device says to the principal. NO_KEY. */
@external("board", "mac_sign")
export declare function mac_sign(principal: u32, ptr: u32, len: u32, tag: u32): u32;
/** Random bytes, at most 64. */
@external("board", "random")
export declare function random(ptr: u32, len: u32): void;
/** Reads from a region (REGION). Traps beyond its end. */
@external("board", "storage_read")
export declare function storage_read(region: u32, offset: u32, ptr: u32, len: u32): u32;
/** Writes to a region, first byte first. Loss of supply may leave any prefix. */
@external("board", "storage_write")
export declare function storage_write(region: u32, offset: u32, ptr: u32, len: u32): u32;
/** One line of ASCII, at most LOG_MAX. */
@external("board", "log")
export declare function log(ptr: u32, len: u32): void;
/** Coverage mark (MARK). */
@external("board", "mark")
export declare function mark(id: u32): void;

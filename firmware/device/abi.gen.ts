// Generated from firmware/abi.json by `npm run gen`. Do not edit.
// The guest ABI: the imports of module `board`, and constants.

/** Version of this table. */
export const ABI_VERSION: u32 = 2;
/** Period of the TICK event, in ms. */
export const TICK_MS: u32 = 250;
/** Largest message in either direction, in bytes; rx_buffer() has room for it. */
export const MESSAGE_MAX: u32 = 1024;
/** Longest message that mac_verify() and mac_sign() accept, in bytes; a longer one traps the guest. */
export const MAC_MESSAGE_MAX: u32 = 2048;
/** A principal's secret, in bytes. */
export const SECRET_BYTES: u32 = 32;
/** Length of an HMAC-SHA256 tag, in bytes. */
export const TAG_BYTES: u32 = 32;
/** Length of an epoch, in bytes; the host never draws an epoch of all zeroes. */
export const EPOCH_BYTES: u32 = 8;
/** First bytes of a command's tag that its reply carries. */
export const REPLY_TAG_BYTES: u32 = 16;
/** The nonce in a question for the epoch, in bytes. */
export const NONCE_BYTES: u32 = 8;
/** How far ahead of the session clock a command's deadline may be, in ms. */
export const DEADLINE_MAX_MS: u32 = 60000;
/** Longest log line, in bytes of ASCII. */
export const LOG_MAX: u32 = 120;
/** Most import calls in one event (or in init()); one more traps the guest. */
export const CALLS_MAX: u32 = 4096;
/** Largest state region, in bytes. */
export const STATE_MAX: u32 = 512;
/** Number of records in the journal: both rings. */
export const JOURNAL_SLOTS: u32 = 512;
/** Number of records in each of the journal's rings (RING). */
export const RING_SLOTS: u32 = 256;
/** Size of a journal record, in bytes. */
export const JOURNAL_SLOT_BYTES: u32 = 64;
/** Bits 2 to 0: PHASE. */
export const INPUT_PHASE_MASK: u32 = 7;
/** Bit 3: rail sense. */
export const INPUT_RAIL: u32 = 8;
/** Bit 4: the broker session is up. */
export const INPUT_LINK: u32 = 16;
/** Bit 5: the button is pressed. */
export const INPUT_BUTTON: u32 = 32;
/** Bits 15 to 8: levels of the lines that the board senses; 0 on a board without such lines. */
export const INPUT_LINES_SHIFT: u32 = 8;
/** Bits 31 to 16: temperature, signed, in 0.1 degrees Celsius. */
export const INPUT_TEMPERATURE_SHIFT: u32 = 16;

// BOOT: Why the guest boots: the argument of init().
/** The supply was applied; the retained block is empty. */
export const BOOT_POWER_ON: u32 = 0;
/** The gate left LIVE. */
export const BOOT_CUT: u32 = 1;
/** The guest did not return within the watchdog's time. */
export const BOOT_WATCHDOG: u32 = 2;
/** The guest trapped. */
export const BOOT_TRAP: u32 = 3;
/** The supply dropped too low; the retained block cannot be trusted. */
export const BOOT_BROWN_OUT: u32 = 4;
/** Reset pin, or a reflash. */
export const BOOT_RESET: u32 = 5;
export const BOOT_COUNT: u32 = 6;

// EVENT: The kind of an event, and its arguments: on_event(kind, a, b). `now` is the time since the host's power-on in ms, modulo 2^32.
/** a = now, b = inputs word (INPUT). */
export const EVENT_TICK: u32 = 0;
/** a = now, b = 1 pressed, 0 released; contact bounce is not filtered. */
export const EVENT_BUTTON: u32 = 1;
/** a = now, b = length in bytes; the message is in rx_buffer(). */
export const EVENT_RX: u32 = 2;
/** a = now, b = 1 if the broker session is up, 0 if it is down. */
export const EVENT_LINK: u32 = 3;
/** a = now, b = phase (PHASE). */
export const EVENT_GATE: u32 = 4;
/** a = bytes 0 to 3 of the new epoch, b = bytes 4 to 7, little-endian; a GATE event with LIVE follows. */
export const EVENT_EPOCH: u32 = 5;
/** a = now, b = inputs word; a sensed line changed. Only on boards that sense lines. */
export const EVENT_INPUT: u32 = 6;
export const EVENT_COUNT: u32 = 7;

// PHASE: Phase of the gate, as phase() of gate.wasm returns it.
/** Off. */
export const PHASE_KILLED: u32 = 0;
/** Off: the switch is between its contacts. */
export const PHASE_TRAVEL: u32 = 1;
/** Off: clean ON, but not yet for long enough. */
export const PHASE_ARMING: u32 = 2;
/** The radio may be powered. */
export const PHASE_LIVE: u32 = 3;
/** Off: both contacts open or both closed for longer than travel takes. */
export const PHASE_FAULT_CONTACT: u32 = 4;
/** Off was commanded, but the rail is still up. */
export const PHASE_FAULT_RAIL: u32 = 5;
export const PHASE_COUNT: u32 = 6;

// STATUS: What an import returns. Misuse by the guest (a bad pointer, an unknown pin) traps the guest instead.
/** Done. */
export const STATUS_OK: u32 = 0;
/** Not possible now: killed, or no link. */
export const STATUS_DENIED: u32 = 1;
/** The queue has no room. */
export const STATUS_FULL: u32 = 2;
/** The tag does not match the principal's key. */
export const STATUS_BAD_TAG: u32 = 3;
/** The principal has no key on this device. */
export const STATUS_NO_KEY: u32 = 4;
/** The storage could not be read or written. */
export const STATUS_IO: u32 = 5;
export const STATUS_COUNT: u32 = 6;

// PIN: Outputs that gpio_write() drives.
/** The actuator: 1 = energised. */
export const PIN_RELAY: u32 = 0;
/** The status lamp: 1 = lit. */
export const PIN_LAMP: u32 = 1;
/** Output line 0 of a board that has such lines. */
export const PIN_LINE_0: u32 = 2;
/** Output line 1 of a board that has such lines. */
export const PIN_LINE_1: u32 = 3;
/** Output line 2 of a board that has such lines. */
export const PIN_LINE_2: u32 = 4;
/** Output line 3 of a board that has such lines. */
export const PIN_LINE_3: u32 = 5;
/** Output line 4 of a board that has such lines. */
export const PIN_LINE_4: u32 = 6;
export const PIN_COUNT: u32 = 7;

// CHANNEL: Where net_send() sends: the last level of the topic.
/** The reply to a command. */
export const CHANNEL_REPLY: u32 = 0;
/** The device's state; sent on every change and when the link comes up. */
export const CHANNEL_STATUS: u32 = 1;
/** A periodic measurement. */
export const CHANNEL_TELEMETRY: u32 = 2;
export const CHANNEL_COUNT: u32 = 3;

// REGION: Storage regions of storage_read() and storage_write().
/** 64 bytes that survive every restart, but not a loss of supply. */
export const REGION_RETAINED: u32 = 0;
/** 64 bytes that survive a loss of supply. */
export const REGION_CONFIG: u32 = 1;
/** The journal's rings, in the order of RING: JOURNAL_SLOTS x JOURNAL_SLOT_BYTES bytes that survive a loss of supply. */
export const REGION_JOURNAL: u32 = 2;
export const REGION_COUNT: u32 = 3;

// PRINCIPAL: Who commands the device. Each principal has one secret, from which the host derives two keys.
/** The person who has the switch. */
export const PRINCIPAL_OWNER: u32 = 0;
/** The company that sells a service for the device. */
export const PRINCIPAL_PROVIDER: u32 = 1;
/** The company that made the device. */
export const PRINCIPAL_MANUFACTURER: u32 = 2;
export const PRINCIPAL_COUNT: u32 = 3;

// KEY: Which of the two keys derived from a principal's secret (docs/PROTOCOL.md).
/** For commands of the principal. */
export const KEY_COMMAND: u32 = 0;
/** For messages to the principal. */
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
/** {1: first sequence number, 2: how many, at most 8, 3: RING}. */
export const OP_JOURNAL_READ: u32 = 5;
/** {}: the lamp blinks for 5 s. */
export const OP_IDENTIFY: u32 = 6;
export const OP_COUNT: u32 = 7;

// CODE: Outcome in a reply: OK, or the reason of the refusal.
/** Done. */
export const CODE_OK: u32 = 0;
/** The gate is not LIVE. */
export const CODE_KILLED: u32 = 1;
/** The command's epoch is not the current one, so it cannot execute any more. It may have executed before the epoch ended. */
export const CODE_STALE_EPOCH: u32 = 2;
/** The sequence number is not above the principal's last one. The reply carries the last one, and the result if these are the same bytes again. */
export const CODE_REPLAY: u32 = 3;
/** Never sent: a sender without a key gets no reply. */
export const CODE_BAD_MAC: u32 = 4;
/** The principal does not have the right to the operation. */
export const CODE_FORBIDDEN: u32 = 5;
/** A press of the button holds the actuator. */
export const CODE_HOLD: u32 = 6;
/** Not a well-formed command of this protocol. */
export const CODE_MALFORMED: u32 = 7;
/** Allowed, but the device could not do it; for example, storage failed. */
export const CODE_FAILED: u32 = 8;
/** The deadline is past on the session clock, or more than DEADLINE_MAX_MS ahead. */
export const CODE_EXPIRED: u32 = 9;
export const CODE_COUNT: u32 = 10;

// SAFE: Level of the relay after a loss of supply.
/** De-energised. */
export const SAFE_OFF: u32 = 0;
/** Energised. */
export const SAFE_ON: u32 = 1;
export const SAFE_COUNT: u32 = 2;

// RING: The journal's rings. Each kind of record belongs to one of them.
/** What happens at the device. */
export const RING_LOCAL: u32 = 0;
/** What the network caused. It cannot evict a local record. */
export const RING_REMOTE: u32 = 1;
export const RING_COUNT: u32 = 2;

// RECORD: Kind of a journal record, with the meaning of its detail, by, argument and value.
/** Local: a boot; detail = BOOT, value = 1 if a torn record was found, plus 2 x how many boots in a row had this reason. */
export const RECORD_BOOT: u32 = 0;
/** Local: the gate went LIVE; value = first 4 bytes of the epoch. */
export const RECORD_LIVE: u32 = 1;
/** Local: the gate found a fault; detail = PHASE. */
export const RECORD_FAULT: u32 = 2;
/** Remote: commands refused since the last such record; detail = a bit for each CODE from STALE_EPOCH on, by = a bit for each PRINCIPAL, value = how many. */
export const RECORD_REFUSED: u32 = 3;
/** Local: a hold; detail = 1 if the button began it, 0 if it ended; value = relay level. */
export const RECORD_HOLD: u32 = 4;
/** Remote: a new configuration; detail = safe state, value = telemetry period in s x 65536 + hold in s. */
export const RECORD_CONFIG: u32 = 5;
/** Local: a fault ended at a clean KILL position; detail = its PHASE. */
export const RECORD_CLEAR: u32 = 6;
/** Remote: a command that changes something was executed; detail = OP, by = PRINCIPAL, argument = the level of relay.set, value = its number. */
export const RECORD_COMMAND: u32 = 7;
/** Remote: messages dropped since the last such record, by reason; by + 256 x argument = while not LIVE, value = malformed x 65536 + wrong tag. */
export const RECORD_DROPPED: u32 = 8;
export const RECORD_COUNT: u32 = 9;

// MARK: Coverage marks: mark(id) reports that a safety branch was taken.
/** A command was executed. */
export const MARK_ACCEPTED: u32 = 0;
/** Dropped: a message arrived while the gate was not LIVE. */
export const MARK_KILLED: u32 = 1;
/** Refused: the epoch is not the current one. */
export const MARK_STALE_EPOCH: u32 = 2;
/** Refused: the sequence number is not above the last one. */
export const MARK_REPLAY: u32 = 3;
/** Dropped: the tag is not good under the key of the principal that the message names. */
export const MARK_BAD_MAC: u32 = 4;
/** Refused: the principal does not have the right. */
export const MARK_FORBIDDEN: u32 = 5;
/** Refused: a hold is active. */
export const MARK_HOLD: u32 = 6;
/** Dropped: not a COSE_Mac0 of this profile. */
export const MARK_MALFORMED_ENVELOPE: u32 = 7;
/** Refused: the tag is good, but the payload is malformed. */
export const MARK_MALFORMED_PAYLOAD: u32 = 8;
/** Refused: storage failed. */
export const MARK_FAILED: u32 = 9;
/** The retained block was good and was used. */
export const MARK_RETAINED_USED: u32 = 10;
/** The retained block was not good; the relay took its safe state. */
export const MARK_RETAINED_LOST: u32 = 11;
/** The button began a hold. */
export const MARK_HOLD_BEGUN: u32 = 12;
/** The hold ended. */
export const MARK_HOLD_ENDED: u32 = 13;
/** A button edge was ignored as bounce. */
export const MARK_BOUNCE: u32 = 14;
/** A torn journal record was found at boot. */
export const MARK_JOURNAL_TORN: u32 = 15;
/** A journal record could not be written. */
export const MARK_JOURNAL_FAILED: u32 = 16;
/** A refusal was counted, to be written with the next record of refusals. */
export const MARK_REFUSALS_COALESCED: u32 = 17;
/** Refused: the deadline. */
export const MARK_EXPIRED: u32 = 18;
/** Refused, with the result: the same bytes again. */
export const MARK_DUPLICATE: u32 = 19;
/** A question for the epoch was answered. */
export const MARK_QUESTION: u32 = 20;
export const MARK_COUNT: u32 = 21;

/** Drives a pin (PIN) to level 0 or 1. Traps on any other level, and on a pin that the board does not have. */
@external("board", "gpio_write")
export declare function gpio_write(pin: u32, level: u32): void;
/** Requests the radio (1), or no longer requests it (0). radio = permit AND requested. */
@external("board", "radio_request")
export declare function radio_request(on: u32): void;
/** Queues a message to a principal. DENIED while killed or without a link. */
@external("board", "net_send")
export declare function net_send(principal: u32, channel: u32, ptr: u32, len: u32): u32;
/** Checks whether `tag` (TAG_BYTES) is the HMAC-SHA256 of the bytes under the key for commands of the principal. BAD_TAG, NO_KEY. */
@external("board", "mac_verify")
export declare function mac_verify(principal: u32, ptr: u32, len: u32, tag: u32): u32;
/** Writes the tag of the bytes under the key for messages to the principal. NO_KEY if it has none. */
@external("board", "mac_sign")
export declare function mac_sign(principal: u32, ptr: u32, len: u32, tag: u32): u32;
/** Writes random bytes, at most 64. */
@external("board", "random")
export declare function random(ptr: u32, len: u32): void;
/** Reads from a region (REGION). Traps beyond the region's end. */
@external("board", "storage_read")
export declare function storage_read(region: u32, offset: u32, ptr: u32, len: u32): u32;
/** Writes to a region, first byte first: a loss of supply may leave any prefix written. */
@external("board", "storage_write")
export declare function storage_write(region: u32, offset: u32, ptr: u32, len: u32): u32;
/** Logs a line of ASCII, at most LOG_MAX bytes. */
@external("board", "log")
export declare function log(ptr: u32, len: u32): void;
/** Reports a coverage mark (MARK). */
@external("board", "mark")
export declare function mark(id: u32): void;

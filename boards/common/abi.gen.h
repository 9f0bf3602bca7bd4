/* Generated from firmware/abi.json by `npm run gen`. Do not edit. */
#ifndef ABI_GEN_H
#define ABI_GEN_H

/* Version of this table. */
#define KS_ABI_VERSION 2u
/* Period of the TICK event, in ms. */
#define KS_TICK_MS 250u
/* Largest message in either direction, in bytes; rx_buffer() holds this many. */
#define KS_MESSAGE_MAX 1024u
/* Longest message that mac_verify() and mac_sign() take, in bytes; a longer one traps. */
#define KS_MAC_MESSAGE_MAX 2048u
/* An HMAC-SHA256 tag, in bytes. */
#define KS_TAG_BYTES 32u
/* An epoch, in bytes; the host never draws one of all zeroes. */
#define KS_EPOCH_BYTES 8u
/* How many bytes of a command's tag its reply bears, from the first on. */
#define KS_REPLY_TAG_BYTES 16u
/* The nonce of a question for the epoch, in bytes. */
#define KS_NONCE_BYTES 8u
/* Furthest deadline of a command, in ms after the session clock. */
#define KS_DEADLINE_MAX_MS 60000u
/* Longest log line, in bytes of ASCII. */
#define KS_LOG_MAX 120u
/* Import calls that one event (or init) may make; one more traps the guest. */
#define KS_CALLS_MAX 4096u
/* Largest state region, in bytes. */
#define KS_STATE_MAX 512u
/* Records in the journal's ring. */
#define KS_JOURNAL_SLOTS 512u
/* One journal record, in bytes. */
#define KS_JOURNAL_SLOT_BYTES 64u
/* bits 2..0: PHASE. */
#define KS_INPUT_PHASE_MASK 7u
/* bit 3: rail sense. */
#define KS_INPUT_RAIL 8u
/* bit 4: broker session up. */
#define KS_INPUT_LINK 16u
/* bit 5: button pressed. */
#define KS_INPUT_BUTTON 32u
/* bits 15..8: levels of the lines that the board senses; 0 where it has none. */
#define KS_INPUT_LINES_SHIFT 8u
/* bits 31..16: temperature, signed, 0.1 degrees Celsius. */
#define KS_INPUT_TEMPERATURE_SHIFT 16u

/* Why the guest boots: the argument of init(). */
enum {
    KS_BOOT_POWER_ON = 0, /* Supply applied: the retained block is empty. */
    KS_BOOT_CUT = 1, /* The gate left LIVE. */
    KS_BOOT_WATCHDOG = 2, /* The guest did not return within WATCHDOG_MS. */
    KS_BOOT_TRAP = 3, /* The guest trapped. */
    KS_BOOT_BROWN_OUT = 4, /* Supply sagged: the retained block cannot be trusted. */
    KS_BOOT_RESET = 5, /* Reset pin, or a reflash. */
    KS_BOOT_COUNT = 6
};
#define KS_BOOT_NAMES "POWER_ON", "CUT", "WATCHDOG", "TRAP", "BROWN_OUT", "RESET"

/* What on_event(kind, a, b) tells. `now` is ms since the host's power-on, modulo 2^32. */
enum {
    KS_EVENT_TICK = 0, /* a = now, b = inputs word (INPUT). */
    KS_EVENT_BUTTON = 1, /* a = now, b = 1 pressed, 0 released; bounce included. */
    KS_EVENT_RX = 2, /* a = now, b = length; the message stands in rx_buffer(). */
    KS_EVENT_LINK = 3, /* a = now, b = 1 broker session up, 0 down. */
    KS_EVENT_GATE = 4, /* a = now, b = phase (PHASE). */
    KS_EVENT_EPOCH = 5, /* a = bytes 0..3 of the new epoch, b = bytes 4..7, little-endian; GATE LIVE follows. */
    KS_EVENT_INPUT = 6, /* a = now, b = inputs word; a line that the board senses changed. Only where it has such lines. */
    KS_EVENT_COUNT = 7
};
#define KS_EVENT_NAMES "TICK", "BUTTON", "RX", "LINK", "GATE", "EPOCH", "INPUT"

/* Phase of the gate, as gate.phase() returns it. */
enum {
    KS_PHASE_KILLED = 0, /* Off. */
    KS_PHASE_TRAVEL = 1, /* Off: the switch is between its contacts. */
    KS_PHASE_ARMING = 2, /* Off: clean ON, not yet for long enough. */
    KS_PHASE_LIVE = 3, /* The radio may be powered. */
    KS_PHASE_FAULT_CONTACT = 4, /* Off: both contacts equal for longer than travel takes. */
    KS_PHASE_FAULT_RAIL = 5, /* Off was commanded and the rail is still up. */
    KS_PHASE_COUNT = 6
};
#define KS_PHASE_NAMES "KILLED", "TRAVEL", "ARMING", "LIVE", "FAULT_CONTACT", "FAULT_RAIL"

/* What an import returns. Misuse (bad pointer, unknown pin) does not return: it traps the guest. */
enum {
    KS_STATUS_OK = 0, /* Done. */
    KS_STATUS_DENIED = 1, /* Not now: killed, or no link. */
    KS_STATUS_FULL = 2, /* No room in the queue. */
    KS_STATUS_BAD_TAG = 3, /* The tag is not the principal's. */
    KS_STATUS_NO_KEY = 4, /* The principal has no key on this device. */
    KS_STATUS_IO = 5, /* Storage could not be read or written. */
    KS_STATUS_COUNT = 6
};
#define KS_STATUS_NAMES "OK", "DENIED", "FULL", "BAD_TAG", "NO_KEY", "IO"

/* What gpio_write() drives. */
enum {
    KS_PIN_RELAY = 0, /* The actuator: 1 = energised. */
    KS_PIN_LAMP = 1, /* The status lamp: 1 = lit. */
    KS_PIN_LINE_0 = 2, /* A line of the board's own, where it has so many. */
    KS_PIN_LINE_1 = 3, /* Likewise. */
    KS_PIN_LINE_2 = 4, /* Likewise. */
    KS_PIN_LINE_3 = 5, /* Likewise. */
    KS_PIN_LINE_4 = 6, /* Likewise. */
    KS_PIN_COUNT = 7
};
#define KS_PIN_NAMES "RELAY", "LAMP", "LINE_0", "LINE_1", "LINE_2", "LINE_3", "LINE_4"

/* Where net_send() sends: the last level of the topic. */
enum {
    KS_CHANNEL_REPLY = 0, /* Answer to a command. */
    KS_CHANNEL_STATUS = 1, /* State, on every change and when the link comes up. */
    KS_CHANNEL_TELEMETRY = 2, /* Periodic measurement. */
    KS_CHANNEL_COUNT = 3
};
#define KS_CHANNEL_NAMES "REPLY", "STATUS", "TELEMETRY"

/* What storage_read() and storage_write() address. */
enum {
    KS_REGION_RETAINED = 0, /* 64 bytes that survive every restart but not loss of supply. */
    KS_REGION_CONFIG = 1, /* 64 bytes that survive loss of supply. */
    KS_REGION_JOURNAL = 2, /* JOURNAL_SLOTS x JOURNAL_SLOT_BYTES that survive loss of supply. */
    KS_REGION_COUNT = 3
};
#define KS_REGION_NAMES "RETAINED", "CONFIG", "JOURNAL"

/* Who commands the device. Each has a key for commands and another for what the device says to it. */
enum {
    KS_PRINCIPAL_OWNER = 0, /* Who holds the switch. */
    KS_PRINCIPAL_PROVIDER = 1, /* Who sells a service for the device. */
    KS_PRINCIPAL_MANUFACTURER = 2, /* Who made the device. */
    KS_PRINCIPAL_COUNT = 3
};
#define KS_PRINCIPAL_NAMES "OWNER", "PROVIDER", "MANUFACTURER"
#define KS_PRINCIPAL_KIDS "owner", "provider", "manufacturer"

/* Which of the two keys that the host derives from a principal's secret (docs/PROTOCOL.md). */
enum {
    KS_KEY_COMMAND = 0, /* Of the principal's commands. */
    KS_KEY_REPLY = 1, /* Of what the device says to the principal. */
    KS_KEY_COUNT = 2
};
#define KS_KEY_NAMES "COMMAND", "REPLY"

/* Operation of a command. */
enum {
    KS_OP_RELAY_SET = 0, /* {1: bool level}. */
    KS_OP_RELAY_GET = 1, /* {}. */
    KS_OP_STATUS = 2, /* {}. */
    KS_OP_TELEMETRY_READ = 3, /* {}. */
    KS_OP_CONFIG_SET = 4, /* {1: safe state, 2: telemetry period in s, 3: hold in s}, each optional, at least one. */
    KS_OP_JOURNAL_READ = 5, /* {1: first sequence number, 2: how many, at most 8}. */
    KS_OP_IDENTIFY = 6, /* {}: the lamp blinks for 5 s. */
    KS_OP_COUNT = 7
};
#define KS_OP_NAMES "RELAY_SET", "RELAY_GET", "STATUS", "TELEMETRY_READ", "CONFIG_SET", "JOURNAL_READ", "IDENTIFY"

/* Outcome in a reply: OK, or the reason of the refusal. */
enum {
    KS_CODE_OK = 0, /* Done. */
    KS_CODE_KILLED = 1, /* The gate is not LIVE. */
    KS_CODE_STALE_EPOCH = 2, /* The command's epoch is not this one: it cannot execute any more. It may have executed before the switch was moved. */
    KS_CODE_REPLAY = 3, /* The sequence number is not above the principal's last. The reply tells the last one, and the result if these are the same bytes again. */
    KS_CODE_BAD_MAC = 4, /* Never sent: a sender without a key is not told. */
    KS_CODE_FORBIDDEN = 5, /* The principal has no right to the operation. */
    KS_CODE_HOLD = 6, /* A local hand holds the actuator. */
    KS_CODE_MALFORMED = 7, /* Not a command of this version. */
    KS_CODE_FAILED = 8, /* Allowed, but the device could not: storage, say. */
    KS_CODE_EXPIRED = 9, /* The deadline has passed on the session clock, or is more than DEADLINE_MAX_MS ahead. */
    KS_CODE_COUNT = 10
};
#define KS_CODE_NAMES "OK", "KILLED", "STALE_EPOCH", "REPLAY", "BAD_MAC", "FORBIDDEN", "HOLD", "MALFORMED", "FAILED", "EXPIRED"

/* The relay's level after a loss of supply. */
enum {
    KS_SAFE_OFF = 0, /* De-energised. */
    KS_SAFE_ON = 1, /* Energised. */
    KS_SAFE_COUNT = 2
};
#define KS_SAFE_NAMES "OFF", "ON"

/* Kind of a journal record, with its detail and value. */
enum {
    KS_RECORD_BOOT = 0, /* detail = BOOT, value = 1 if a torn record was found. */
    KS_RECORD_LIVE = 1, /* The gate went LIVE; value = first 4 bytes of the epoch. */
    KS_RECORD_FAULT = 2, /* detail = PHASE. */
    KS_RECORD_REFUSED = 3, /* detail = CODE, value = refusals since the last such record. */
    KS_RECORD_HOLD = 4, /* detail = 1 begun by the button, 0 ended; value = relay level. */
    KS_RECORD_CONFIG = 5, /* detail = safe state, value = telemetry period x 65536 + hold, in s. */
    KS_RECORD_CLEAR = 6, /* A fault ended at a clean KILL position. */
    KS_RECORD_COUNT = 7
};
#define KS_RECORD_NAMES "BOOT", "LIVE", "FAULT", "REFUSED", "HOLD", "CONFIG", "CLEAR"

/* Coverage marks: mark(id) says that a safety branch was taken. */
enum {
    KS_MARK_ACCEPTED = 0, /* A command was executed. */
    KS_MARK_KILLED = 1, /* A message arrived while not LIVE, and was dropped. */
    KS_MARK_STALE_EPOCH = 2, /* Refused: the epoch is not this one. */
    KS_MARK_REPLAY = 3, /* Refused: sequence number. */
    KS_MARK_BAD_MAC = 4, /* Dropped: no key made this tag. */
    KS_MARK_FORBIDDEN = 5, /* Refused: no right. */
    KS_MARK_HOLD = 6, /* Refused: a local hand holds the relay. */
    KS_MARK_MALFORMED_ENVELOPE = 7, /* Dropped: not a COSE_Mac0 of this profile. */
    KS_MARK_MALFORMED_PAYLOAD = 8, /* Refused: a good tag over a bad payload. */
    KS_MARK_FAILED = 9, /* Refused: storage. */
    KS_MARK_RETAINED_USED = 10, /* The retained block was good and was used. */
    KS_MARK_RETAINED_LOST = 11, /* The retained block was not good: safe state. */
    KS_MARK_HOLD_BEGUN = 12, /* The button took the relay. */
    KS_MARK_HOLD_ENDED = 13, /* The hold ran out. */
    KS_MARK_BOUNCE = 14, /* A button edge was ignored as bounce. */
    KS_MARK_JOURNAL_TORN = 15, /* A torn record was found at boot. */
    KS_MARK_JOURNAL_FAILED = 16, /* A record could not be written. */
    KS_MARK_REFUSALS_COALESCED = 17, /* A refusal was counted and not written one by one. */
    KS_MARK_EXPIRED = 18, /* Refused: the deadline. */
    KS_MARK_DUPLICATE = 19, /* Refused, with the result: the same bytes again. */
    KS_MARK_QUESTION = 20, /* A question for the epoch was answered. */
    KS_MARK_COUNT = 21
};
#define KS_MARK_NAMES "ACCEPTED", "KILLED", "STALE_EPOCH", "REPLAY", "BAD_MAC", "FORBIDDEN", "HOLD", "MALFORMED_ENVELOPE", "MALFORMED_PAYLOAD", "FAILED", "RETAINED_USED", "RETAINED_LOST", "HOLD_BEGUN", "HOLD_ENDED", "BOUNCE", "JOURNAL_TORN", "JOURNAL_FAILED", "REFUSALS_COALESCED", "EXPIRED", "DUPLICATE", "QUESTION"

/* X(name, wasm3 signature): every import of module `board`. */
#define KS_IMPORTS(X) \
    X(gpio_write, "v(ii)") \
    X(radio_request, "v(i)") \
    X(net_send, "i(iiii)") \
    X(mac_verify, "i(iiii)") \
    X(mac_sign, "i(iiii)") \
    X(random, "v(ii)") \
    X(storage_read, "i(iiii)") \
    X(storage_write, "i(iiii)") \
    X(log, "v(ii)") \
    X(mark, "v(i)")

/* X(name, parameters, results): every export that a guest must have, besides its memory. */
#define KS_EXPORTS(X) \
    X(abi_version, 0, 1) \
    X(init, 1, 0) \
    X(on_event, 3, 0) \
    X(rx_buffer, 0, 1) \
    X(state_ptr, 0, 1) \
    X(state_len, 0, 1)

#endif

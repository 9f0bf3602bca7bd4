/* Generated from firmware/abi.json by `npm run gen`. Do not edit. */
#ifndef ABI_GEN_H
#define ABI_GEN_H

/* Version of this table. */
#define KS_ABI_VERSION 2u
/* Period of the TICK event, in ms. */
#define KS_TICK_MS 250u
/* Largest message in either direction, in bytes; rx_buffer() has room for it. */
#define KS_MESSAGE_MAX 1024u
/* Longest message that mac_verify() and mac_sign() accept, in bytes; a longer one traps the guest. */
#define KS_MAC_MESSAGE_MAX 2048u
/* A principal's secret, in bytes. */
#define KS_SECRET_BYTES 32u
/* Length of an HMAC-SHA256 tag, in bytes. */
#define KS_TAG_BYTES 32u
/* Length of an epoch, in bytes; the host never draws an epoch of all zeroes. */
#define KS_EPOCH_BYTES 8u
/* First bytes of a command's tag that its reply carries. */
#define KS_REPLY_TAG_BYTES 16u
/* The nonce in a question for the epoch, in bytes. */
#define KS_NONCE_BYTES 8u
/* How far ahead of the session clock a command's deadline may be, in ms. */
#define KS_DEADLINE_MAX_MS 60000u
/* Longest log line, in bytes of ASCII. */
#define KS_LOG_MAX 120u
/* Most import calls in one event (or in init()); one more traps the guest. */
#define KS_CALLS_MAX 4096u
/* Largest state region, in bytes. */
#define KS_STATE_MAX 512u
/* Number of records in the journal: both rings. */
#define KS_JOURNAL_SLOTS 512u
/* Number of records in each of the journal's rings (RING). */
#define KS_RING_SLOTS 256u
/* Size of a journal record, in bytes. */
#define KS_JOURNAL_SLOT_BYTES 64u
/* Bits 2 to 0: PHASE. */
#define KS_INPUT_PHASE_MASK 7u
/* Bit 3: rail sense. */
#define KS_INPUT_RAIL 8u
/* Bit 4: the broker session is up. */
#define KS_INPUT_LINK 16u
/* Bit 5: the button is pressed. */
#define KS_INPUT_BUTTON 32u
/* Bits 15 to 8: levels of the lines that the board senses; 0 on a board without such lines. */
#define KS_INPUT_LINES_SHIFT 8u
/* Bits 31 to 16: temperature, signed, in 0.1 degrees Celsius. */
#define KS_INPUT_TEMPERATURE_SHIFT 16u

/* Why the guest boots: the argument of init(). */
enum {
    KS_BOOT_POWER_ON = 0, /* The supply was applied; the retained block is empty. */
    KS_BOOT_CUT = 1, /* The gate left LIVE. */
    KS_BOOT_WATCHDOG = 2, /* The guest did not return within the watchdog's time. */
    KS_BOOT_TRAP = 3, /* The guest trapped. */
    KS_BOOT_BROWN_OUT = 4, /* The supply dropped too low; the retained block cannot be trusted. */
    KS_BOOT_RESET = 5, /* Reset pin, or a reflash. */
    KS_BOOT_COUNT = 6
};
#define KS_BOOT_NAMES "POWER_ON", "CUT", "WATCHDOG", "TRAP", "BROWN_OUT", "RESET"

/* The kind of an event, and its arguments: on_event(kind, a, b). `now` is the time since the host's power-on in ms, modulo 2^32. */
enum {
    KS_EVENT_TICK = 0, /* a = now, b = inputs word (INPUT). */
    KS_EVENT_BUTTON = 1, /* a = now, b = 1 pressed, 0 released; contact bounce is not filtered. */
    KS_EVENT_RX = 2, /* a = now, b = length in bytes; the message is in rx_buffer(). */
    KS_EVENT_LINK = 3, /* a = now, b = 1 if the broker session is up, 0 if it is down. */
    KS_EVENT_GATE = 4, /* a = now, b = phase (PHASE). */
    KS_EVENT_EPOCH = 5, /* a = bytes 0 to 3 of the new epoch, b = bytes 4 to 7, little-endian; a GATE event with LIVE follows. */
    KS_EVENT_INPUT = 6, /* a = now, b = inputs word; a sensed line changed. Only on boards that sense lines. */
    KS_EVENT_COUNT = 7
};
#define KS_EVENT_NAMES "TICK", "BUTTON", "RX", "LINK", "GATE", "EPOCH", "INPUT"

/* Phase of the gate, as phase() of gate.wasm returns it. */
enum {
    KS_PHASE_KILLED = 0, /* Off. */
    KS_PHASE_TRAVEL = 1, /* Off: the switch is between its contacts. */
    KS_PHASE_ARMING = 2, /* Off: clean ON, but not yet for long enough. */
    KS_PHASE_LIVE = 3, /* The radio may be powered. */
    KS_PHASE_FAULT_CONTACT = 4, /* Off: both contacts open or both closed for longer than travel takes. */
    KS_PHASE_FAULT_RAIL = 5, /* Off was commanded, but the rail is still up. */
    KS_PHASE_COUNT = 6
};
#define KS_PHASE_NAMES "KILLED", "TRAVEL", "ARMING", "LIVE", "FAULT_CONTACT", "FAULT_RAIL"

/* What an import returns. Misuse by the guest (a bad pointer, an unknown pin) traps the guest instead. */
enum {
    KS_STATUS_OK = 0, /* Done. */
    KS_STATUS_DENIED = 1, /* Not possible now: killed, or no link. */
    KS_STATUS_FULL = 2, /* The queue has no room. */
    KS_STATUS_BAD_TAG = 3, /* The tag does not match the principal's key. */
    KS_STATUS_NO_KEY = 4, /* The principal has no key on this device. */
    KS_STATUS_IO = 5, /* The storage could not be read or written. */
    KS_STATUS_COUNT = 6
};
#define KS_STATUS_NAMES "OK", "DENIED", "FULL", "BAD_TAG", "NO_KEY", "IO"

/* Outputs that gpio_write() drives. */
enum {
    KS_PIN_RELAY = 0, /* The actuator: 1 = energised. */
    KS_PIN_LAMP = 1, /* The status lamp: 1 = lit. */
    KS_PIN_LINE_0 = 2, /* Output line 0 of a board that has such lines. */
    KS_PIN_LINE_1 = 3, /* Output line 1 of a board that has such lines. */
    KS_PIN_LINE_2 = 4, /* Output line 2 of a board that has such lines. */
    KS_PIN_LINE_3 = 5, /* Output line 3 of a board that has such lines. */
    KS_PIN_LINE_4 = 6, /* Output line 4 of a board that has such lines. */
    KS_PIN_COUNT = 7
};
#define KS_PIN_NAMES "RELAY", "LAMP", "LINE_0", "LINE_1", "LINE_2", "LINE_3", "LINE_4"

/* Where net_send() sends: the last level of the topic. */
enum {
    KS_CHANNEL_REPLY = 0, /* The reply to a command. */
    KS_CHANNEL_STATUS = 1, /* The device's state; sent on every change and when the link comes up. */
    KS_CHANNEL_TELEMETRY = 2, /* A periodic measurement. */
    KS_CHANNEL_COUNT = 3
};
#define KS_CHANNEL_NAMES "REPLY", "STATUS", "TELEMETRY"

/* Storage regions of storage_read() and storage_write(). */
enum {
    KS_REGION_RETAINED = 0, /* 64 bytes that survive every restart, but not a loss of supply. */
    KS_REGION_CONFIG = 1, /* 64 bytes that survive a loss of supply. */
    KS_REGION_JOURNAL = 2, /* The journal's rings, in the order of RING: JOURNAL_SLOTS x JOURNAL_SLOT_BYTES bytes that survive a loss of supply. */
    KS_REGION_COUNT = 3
};
#define KS_REGION_NAMES "RETAINED", "CONFIG", "JOURNAL"

/* Who commands the device. Each principal has one secret, from which the host derives two keys. */
enum {
    KS_PRINCIPAL_OWNER = 0, /* The person who has the switch. */
    KS_PRINCIPAL_PROVIDER = 1, /* The company that sells a service for the device. */
    KS_PRINCIPAL_MANUFACTURER = 2, /* The company that made the device. */
    KS_PRINCIPAL_COUNT = 3
};
#define KS_PRINCIPAL_NAMES "OWNER", "PROVIDER", "MANUFACTURER"
#define KS_PRINCIPAL_KIDS "owner", "provider", "manufacturer"

/* Which of the two keys derived from a principal's secret (docs/PROTOCOL.md). */
enum {
    KS_KEY_COMMAND = 0, /* For commands of the principal. */
    KS_KEY_REPLY = 1, /* For messages to the principal. */
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
    KS_OP_JOURNAL_READ = 5, /* {1: first sequence number, 2: how many, at most 8, 3: RING}. */
    KS_OP_IDENTIFY = 6, /* {}: the lamp blinks for 5 s. */
    KS_OP_COUNT = 7
};
#define KS_OP_NAMES "RELAY_SET", "RELAY_GET", "STATUS", "TELEMETRY_READ", "CONFIG_SET", "JOURNAL_READ", "IDENTIFY"

/* Outcome in a reply: OK, or the reason of the refusal. */
enum {
    KS_CODE_OK = 0, /* Done. */
    KS_CODE_KILLED = 1, /* The gate is not LIVE. */
    KS_CODE_STALE_EPOCH = 2, /* The command's epoch is not the current one, so it cannot execute any more. It may have executed before the epoch ended. */
    KS_CODE_REPLAY = 3, /* The sequence number is not above the principal's last one. The reply carries the last one, and the result if these are the same bytes again. */
    KS_CODE_BAD_MAC = 4, /* Never sent: a sender without a key gets no reply. */
    KS_CODE_FORBIDDEN = 5, /* The principal does not have the right to the operation. */
    KS_CODE_HOLD = 6, /* A press of the button holds the actuator. */
    KS_CODE_MALFORMED = 7, /* Not a well-formed command of this protocol. */
    KS_CODE_FAILED = 8, /* Allowed, but the device could not do it; for example, storage failed. */
    KS_CODE_EXPIRED = 9, /* The deadline is past on the session clock, or more than DEADLINE_MAX_MS ahead. */
    KS_CODE_COUNT = 10
};
#define KS_CODE_NAMES "OK", "KILLED", "STALE_EPOCH", "REPLAY", "BAD_MAC", "FORBIDDEN", "HOLD", "MALFORMED", "FAILED", "EXPIRED"

/* Level of the relay after a loss of supply. */
enum {
    KS_SAFE_OFF = 0, /* De-energised. */
    KS_SAFE_ON = 1, /* Energised. */
    KS_SAFE_COUNT = 2
};
#define KS_SAFE_NAMES "OFF", "ON"

/* The journal's rings. Each kind of record belongs to one of them. */
enum {
    KS_RING_LOCAL = 0, /* What happens at the device. */
    KS_RING_REMOTE = 1, /* What the network caused. It cannot evict a local record. */
    KS_RING_COUNT = 2
};
#define KS_RING_NAMES "LOCAL", "REMOTE"

/* Kind of a journal record, with the meaning of its detail, by, argument and value. */
enum {
    KS_RECORD_BOOT = 0, /* Local: a boot; detail = BOOT, value = 1 if a torn record was found, plus 2 x how many boots in a row had this reason. */
    KS_RECORD_LIVE = 1, /* Local: the gate went LIVE; value = first 4 bytes of the epoch. */
    KS_RECORD_FAULT = 2, /* Local: the gate found a fault; detail = PHASE. */
    KS_RECORD_REFUSED = 3, /* Remote: commands refused since the last such record; detail = a bit for each CODE from STALE_EPOCH on, by = a bit for each PRINCIPAL, value = how many. */
    KS_RECORD_HOLD = 4, /* Local: a hold; detail = 1 if the button began it, 0 if it ended; value = relay level. */
    KS_RECORD_CONFIG = 5, /* Remote: a new configuration; detail = safe state, value = telemetry period in s x 65536 + hold in s. */
    KS_RECORD_CLEAR = 6, /* Local: a fault ended at a clean KILL position; detail = its PHASE. */
    KS_RECORD_COMMAND = 7, /* Remote: a command that changes something was executed; detail = OP, by = PRINCIPAL, argument = the level of relay.set, value = its number. */
    KS_RECORD_DROPPED = 8, /* Remote: messages dropped since the last such record, by reason; by + 256 x argument = while not LIVE, value = malformed x 65536 + wrong tag. */
    KS_RECORD_COUNT = 9
};
#define KS_RECORD_NAMES "BOOT", "LIVE", "FAULT", "REFUSED", "HOLD", "CONFIG", "CLEAR", "COMMAND", "DROPPED"

/* Coverage marks: mark(id) reports that a safety branch was taken. */
enum {
    KS_MARK_ACCEPTED = 0, /* A command was executed. */
    KS_MARK_KILLED = 1, /* Dropped: a message arrived while the gate was not LIVE. */
    KS_MARK_STALE_EPOCH = 2, /* Refused: the epoch is not the current one. */
    KS_MARK_REPLAY = 3, /* Refused: the sequence number is not above the last one. */
    KS_MARK_BAD_MAC = 4, /* Dropped: the tag is not good under the key of the principal that the message names. */
    KS_MARK_FORBIDDEN = 5, /* Refused: the principal does not have the right. */
    KS_MARK_HOLD = 6, /* Refused: a hold is active. */
    KS_MARK_MALFORMED_ENVELOPE = 7, /* Dropped: not a COSE_Mac0 of this profile. */
    KS_MARK_MALFORMED_PAYLOAD = 8, /* Refused: the tag is good, but the payload is malformed. */
    KS_MARK_FAILED = 9, /* Refused: storage failed. */
    KS_MARK_RETAINED_USED = 10, /* The retained block was good and was used. */
    KS_MARK_RETAINED_LOST = 11, /* The retained block was not good; the relay took its safe state. */
    KS_MARK_HOLD_BEGUN = 12, /* The button began a hold. */
    KS_MARK_HOLD_ENDED = 13, /* The hold ended. */
    KS_MARK_BOUNCE = 14, /* A button edge was ignored as bounce. */
    KS_MARK_JOURNAL_TORN = 15, /* A torn journal record was found at boot. */
    KS_MARK_JOURNAL_FAILED = 16, /* A journal record could not be written. */
    KS_MARK_REFUSALS_COALESCED = 17, /* A refusal was counted, to be written with the next record of refusals. */
    KS_MARK_EXPIRED = 18, /* Refused: the deadline. */
    KS_MARK_DUPLICATE = 19, /* Refused, with the result: the same bytes again. */
    KS_MARK_QUESTION = 20, /* A question for the epoch was answered. */
    KS_MARK_COUNT = 21
};
#define KS_MARK_NAMES "ACCEPTED", "KILLED", "STALE_EPOCH", "REPLAY", "BAD_MAC", "FORBIDDEN", "HOLD", "MALFORMED_ENVELOPE", "MALFORMED_PAYLOAD", "FAILED", "RETAINED_USED", "RETAINED_LOST", "HOLD_BEGUN", "HOLD_ENDED", "BOUNCE", "JOURNAL_TORN", "JOURNAL_FAILED", "REFUSALS_COALESCED", "EXPIRED", "DUPLICATE", "QUESTION"

/* X(name, wasm3 signature) for every import of module `board`. */
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

/* X(name, parameters, results) for every export that a guest must have, besides its memory. */
#define KS_EXPORTS(X) \
    X(abi_version, 0, 1) \
    X(init, 1, 0) \
    X(on_event, 3, 0) \
    X(rx_buffer, 0, 1) \
    X(state_ptr, 0, 1) \
    X(state_len, 0, 1)

#endif

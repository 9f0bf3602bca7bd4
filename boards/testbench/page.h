/* The page that a harness and a native board share: what reaches the board by wire, and what it
 * drives. Offsets are the contract with host-sim/targets/native/page.ts; little-endian. The board's
 * side of `page_in` is mapped read-only: no software on it can move its own contacts. */
#ifndef PAGE_H
#define PAGE_H

#include "abi.gen.h"
#include "hal.h"

#define PAGE_IN_BYTES 16384u
#define PAGE_STIMULI_BYTES 15360u
#define PAGE_RECORDS_BYTES (1024u * 1024u)
#define PAGE_KEY_MAX 64u

/* What the doorbell means. */
enum { REQUEST_POLL = 0, REQUEST_STIMULI = 1, REQUEST_CONTINUE = 2 };
/* Written to the harness as one byte: what the board has done about it. */
enum { ANSWER_DONE = 'D', ANSWER_HUNG = 'H', ANSWER_MORE = 'M', ANSWER_POWER_LOSS = 'P' };

/* Stimuli: kind and length (two words each), bytes padded to a word. */
enum {
    STIMULUS_BUTTON = 0,
    STIMULUS_LINK = 1,
    STIMULUS_MESSAGE = 2,
    STIMULUS_INPUT = 3,
    STIMULUS_ATTEST = 4
};
/* Records: kind and length (two words each), bytes padded to a word. */
enum {
    RECORD_TRACE = 0,
    RECORD_RADIO = 1,
    RECORD_GPIO = 2,
    RECORD_SEND = 3,
    RECORD_WRITE = 4,
    RECORD_ATTESTED = 5
};

#define FLAG_STORAGE_FAILS 1u

struct page_in {
    uint32_t request; /* REQUEST */
    uint32_t now;     /* ms */
    uint32_t sense;
    uint32_t inputs;
    uint32_t flags;
    uint32_t write_budget; /* bytes that storage still takes before the supply fails */
    uint32_t boot_ms;
    uint32_t seed;    /* of the device's random stream */
    uint32_t hung_ms; /* processor time without an import call after which a guest is hung */
    uint32_t guest_len;
    uint32_t key_len[KS_PRINCIPAL_COUNT]; /* of a secret; 0: there is none */
    uint8_t key[KS_PRINCIPAL_COUNT][PAGE_KEY_MAX];
    uint32_t stimuli_len;
    uint32_t device_len; /* of the device's name */
    uint8_t device[HAL_DEVICE_MAX];
    uint8_t reserved[PAGE_IN_BYTES - PAGE_STIMULI_BYTES - 15 * 4 - HAL_DEVICE_MAX -
                     KS_PRINCIPAL_COUNT * PAGE_KEY_MAX];
    uint8_t stimuli[PAGE_STIMULI_BYTES];
};
_Static_assert(sizeof(struct page_in) == PAGE_IN_BYTES, "the layout is a contract");

struct page_out {
    uint32_t deadline; /* ms, modulo 2^32 like every time here; less than 2^31 from `now` */
    uint32_t records_len;
    /* What a restart does not touch. */
    uint32_t boot_reason;
    uint32_t boot_at; /* ms */
    uint32_t radio;
    uint32_t pins[KS_PIN_COUNT]; /* level; UINT32_MAX since power-on */
    uint32_t random_ready;
    uint32_t random[4];
    /* Measured by the board: see boards/testbench/README.md. */
    uint32_t edge_entry, edge_radio_off;
    uint32_t arena_used, reserved_word;
    uint8_t reserved[64 - 16 - 4 * (KS_PIN_COUNT - 2)];
    uint8_t retained[64];
    uint8_t config[64];
    uint8_t records[PAGE_RECORDS_BYTES];
    uint8_t journal[KS_JOURNAL_SLOTS * KS_JOURNAL_SLOT_BYTES];
    uint8_t identity[HAL_IDENTITY_BYTES];
};
_Static_assert(offsetof(struct page_out, retained) == 112, "the layout is a contract");

#endif

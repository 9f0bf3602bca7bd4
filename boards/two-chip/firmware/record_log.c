/* See record_log.h. A sector: a header of 16 bytes (magic, turn, the turn's complement, and a word
 * that is cleared before the sector is erased), then slots of 72 bytes: number and its complement,
 * CRC-32 of number and bytes, the bytes. */
#include "record_log.h"

#include <stddef.h>
#include <string.h>

#include "crc32.h"
#include "flash.h"

#define MAGIC 0x4b534c31u
#define HEADER_BYTES 16u
#define SLOT_HEAD 8u
#define SLOT_BYTES (SLOT_HEAD + RECORD_BYTES)
#define SLOTS ((FLASH_SECTOR_BYTES - HEADER_BYTES) / SLOT_BYTES)
#define BLANK 0xffffffffu
#define NOWHERE 0xffffu
/* Slots that are tried for one record before the flash counts as worn out. */
#define TRIES 4u

_Static_assert(LOG_SECTORS *SLOTS < NOWHERE, "a place fits 16 bits");
/* A turn of the ring always frees something: three times as many slots as records. */
_Static_assert(LOG_SECTORS *SLOTS > 3u * RECORD_COUNT, "there is room");

struct header {
    uint32_t magic, turn, not_turn, in_use;
};

/* Sector and slot of each record, as one number. */
static uint16_t places[RECORD_COUNT];
static uint32_t turn;   /* of the newest sector; 0: there is none */
static uint32_t newest; /* sector */
static uint32_t free_slot;

static uint32_t sector_at(uint32_t sector) {
    return FLASH_STORAGE_AT + sector * FLASH_SECTOR_BYTES;
}

static uint32_t slot_at(uint32_t sector, uint32_t slot) {
    return sector_at(sector) + HEADER_BYTES + slot * SLOT_BYTES;
}

static uint32_t word_at(uint32_t at) {
    uint32_t word;
    memcpy(&word, flash_at(at), sizeof word);
    return word;
}

/* The turn of a sector in use; 0 of any other. */
static uint32_t turn_of(uint32_t sector) {
    struct header header;
    memcpy(&header, flash_at(sector_at(sector)), sizeof header);
    const bool good = header.magic == MAGIC && header.turn == ~header.not_turn;
    return good && header.in_use == BLANK ? header.turn : 0;
}

static bool blank(uint32_t at, uint32_t len) {
    for (uint32_t i = 0; i < len; i += 4)
        if (word_at(at + i) != BLANK) return false;
    return true;
}

static uint32_t checksum(uint32_t head, const uint8_t *bytes) {
    return crc32_update(crc32_update(0, &head, sizeof head), bytes, RECORD_BYTES);
}

static bool whole(uint32_t at) {
    return word_at(at + 4) == checksum(word_at(at), flash_at(at + SLOT_HEAD));
}

/* The number of a slot's record; RECORD_COUNT if it is none. */
static uint32_t number_in(uint32_t at) {
    const uint32_t head = word_at(at);
    const uint32_t number = head & 0xffffu;
    return (head >> 16) == (~number & 0xffffu) && number < RECORD_COUNT ? number : RECORD_COUNT;
}

/* Programs bytes, across pages if needed, and reads them back. */
static bool program(uint32_t at, const uint8_t *bytes, uint32_t len) {
    for (uint32_t done = 0; done < len;) {
        const uint32_t room = FLASH_PAGE_BYTES - (at + done) % FLASH_PAGE_BYTES;
        const uint32_t part = len - done < room ? len - done : room;
        if (!flash_program(at + done, bytes + done, part)) return false;
        done += part;
    }
    return memcmp(flash_at(at), bytes, len) == 0;
}

/* Makes the contents of a slot invalid. */
static void spoil(uint32_t at) {
    const uint32_t none = 0;
    (void)flash_program(at, &none, sizeof none);
}

static bool append(uint32_t number, const uint8_t *bytes) {
    uint8_t slot[SLOT_BYTES];
    const uint32_t head = number | (~number & 0xffffu) << 16;
    const uint32_t crc = checksum(head, bytes);
    memcpy(slot, &head, sizeof head);
    memcpy(slot + 4, &crc, sizeof crc);
    memcpy(slot + SLOT_HEAD, bytes, RECORD_BYTES);
    for (uint32_t tries = 0; tries < TRIES && free_slot < SLOTS; tries++) {
        const uint32_t place = free_slot++;
        if (program(slot_at(newest, place), slot, SLOT_BYTES)) {
            places[number] = (uint16_t)(newest * SLOTS + place);
            return true;
        }
        spoil(slot_at(newest, place));
    }
    return false;
}

/* Moves the records of a sector ahead of the newest into it. False if they do not all fit. */
static bool evacuate_sector(uint32_t ahead) {
    const uint32_t old = (newest + ahead) % LOG_SECTORS;
    for (uint32_t number = 0; number < RECORD_COUNT; number++) {
        if (places[number] == NOWHERE || places[number] / SLOTS != old) continue;
        uint8_t bytes[RECORD_BYTES];
        memcpy(bytes, flash_at(slot_at(old, places[number] % SLOTS) + SLOT_HEAD), RECORD_BYTES);
        if (!append(number, bytes)) return false;
    }
    return true;
}

/* The sector that is erased next, and the one after it: what a loss of supply spoils of the
 * newest's room delays the second, and never the first. */
static bool evacuate(void) {
    if (!evacuate_sector(1)) return false;
    (void)evacuate_sector(2);
    return true;
}

/* --- mounting --- */

static void read_sector(uint32_t sector) {
    uint32_t slot = 0;
    for (; slot < SLOTS; slot++) {
        const uint32_t at = slot_at(sector, slot);
        const uint32_t number = number_in(at);
        if (number < RECORD_COUNT) {
            /* Of all slots only the last one written can be torn: its successor is blank. */
            const bool last = slot + 1 == SLOTS || word_at(at + SLOT_BYTES) == BLANK;
            if (!last || whole(at)) places[number] = (uint16_t)(sector * SLOTS + slot);
            else spoil(at);
        } else if (word_at(at) == BLANK && blank(at, SLOT_BYTES)) break;
    }
    if (sector == newest) free_slot = slot;
}

bool log_mount(void) {
    if (!flash_answers()) return false;
    memset(places, 0xff, sizeof places);
    turn = 0;
    free_slot = SLOTS;
    uint32_t oldest = BLANK, count = 0;
    for (uint32_t sector = 0; sector < LOG_SECTORS; sector++) {
        const uint32_t its = turn_of(sector);
        if (its == 0) continue;
        count++;
        if (its < oldest) oldest = its;
        if (its <= turn) continue;
        turn = its;
        newest = sector;
    }
    if (turn == 0) {
        newest = LOG_SECTORS - 1;
        return true;
    }
    for (uint32_t i = 0; i < LOG_SECTORS; i++) {
        const uint32_t sector = (newest + 1 + i) % LOG_SECTORS;
        if (turn_of(sector) != 0) read_sector(sector);
    }
    return true;
}

/* --- writing --- */

/* Clears the word first: what a broken erase leaves is not in use. */
static bool erase(uint32_t sector) {
    const uint32_t none = 0;
    const uint32_t at = sector_at(sector);
    if (word_at(at) != BLANK &&
        !flash_program(at + offsetof(struct header, in_use), &none, sizeof none))
        return false;
    return flash_erase(at / FLASH_SECTOR_BYTES) && blank(at, FLASH_SECTOR_BYTES);
}

/* Begins the next sector. Those after it are then the oldest: their records move here while they
 * are still in use, so that their turn finds them without any. */
static bool next_sector(void) {
    const uint32_t sector = (newest + 1) % LOG_SECTORS;
    const struct header header = {MAGIC, turn + 1, ~(turn + 1), BLANK};
    for (uint32_t number = 0; number < RECORD_COUNT; number++)
        if (places[number] != NOWHERE && places[number] / SLOTS == sector) return false;
    if (!erase(sector)) return false;
    if (!program(sector_at(sector), (const uint8_t *)&header, sizeof header)) return false;
    turn++;
    newest = sector;
    free_slot = 0;
    return evacuate();
}

bool log_write(uint32_t number, const uint8_t *bytes) {
    /* A sector full of live records leaves no room: the ring has others, more than there are
     * records. */
    for (uint32_t turns = 0; turns < LOG_SECTORS; turns++) {
        if (turn != 0 && free_slot < SLOTS && append(number, bytes)) return true;
        if (turn != 0 && free_slot < SLOTS) return false;
        if (!next_sector()) return false;
    }
    return false;
}

const uint8_t *log_find(uint32_t number) {
    if (places[number] == NOWHERE) return NULL;
    return flash_at(slot_at(places[number] / SLOTS, places[number] % SLOTS) + SLOT_HEAD);
}

bool log_forget(void) {
    for (uint32_t sector = 0; sector < LOG_SECTORS; sector++)
        if (turn_of(sector) != 0 && !erase(sector)) return false;
    return log_mount();
}

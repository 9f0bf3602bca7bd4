/* Runs the record log on a simulated flash whose supply fails at every byte of an update and at
 * points of every erase. Prints `ok` and the number of points, or the first error. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash.h"
#include "record_log.h"

#define FLASH_BYTES (FLASH_STORAGE_AT + FLASH_STORAGE_BYTES)
#define FOREVER UINT32_MAX
/* An erase counts as this many bytes. After 0, 1 and 2 of them, 1/8, 1/2 and 7/8 of the sector is
 * erased. */
#define ERASE_POINTS 3u

static uint8_t flash[FLASH_BYTES], before[FLASH_BYTES];
static uint8_t model[RECORD_COUNT][RECORD_BYTES];
static bool known[RECORD_COUNT];
static uint32_t budget = FOREVER;
static jmp_buf lost;
static bool refuses;

static void spend(void) {
    if (budget == FOREVER) return;
    if (budget == 0) longjmp(lost, 1);
    budget--;
}

bool flash_answers(void) { return !refuses; }

bool flash_erase(uint32_t sector) {
    static const uint32_t eighths[ERASE_POINTS] = {1, 4, 7};
    uint8_t *at = flash + sector * FLASH_SECTOR_BYTES;
    if (refuses) return false;
    for (uint32_t i = 0; i < ERASE_POINTS; i++) {
        memset(at, 0xff, FLASH_SECTOR_BYTES / 8 * eighths[i]);
        spend();
    }
    memset(at, 0xff, FLASH_SECTOR_BYTES);
    return true;
}

bool flash_program(uint32_t at, const void *bytes, uint32_t len) {
    if (refuses) return false;
    for (uint32_t i = 0; i < len; i++) {
        spend();
        flash[at + i] &= ((const uint8_t *)bytes)[i];
    }
    return true;
}

const uint8_t *flash_at(uint32_t at) { return flash + at; }

static void fail(const char *what, uint32_t number, uint32_t point) {
    printf("%s: record %u, supply lost after %u\n", what, number, point);
    exit(1);
}

static bool holds(uint32_t number, const uint8_t *bytes, bool there) {
    const uint8_t *found = log_find(number);
    if (!there) return found == NULL;
    return found != NULL && memcmp(found, bytes, RECORD_BYTES) == 0;
}

static void value(uint8_t *bytes, uint32_t number, uint32_t version) {
    for (uint32_t i = 0; i < RECORD_BYTES; i++)
        bytes[i] = (uint8_t)(number * 31u + version * 17u + i * 7u + (version >> 3));
}

static void put(uint32_t number, uint32_t version) {
    value(model[number], number, version);
    known[number] = true;
    if (!log_write(number, model[number])) fail("not written", number, 0);
}

/* Makes one update, with the supply failing after `point`. Returns whether it was completed. */
static bool update(uint32_t number, const uint8_t *next, uint32_t point) {
    memcpy(flash, before, sizeof flash);
    budget = FOREVER;
    if (!log_mount()) fail("not mounted", number, point);
    budget = point;
    if (setjmp(lost) == 0) {
        const bool written = log_write(number, next);
        budget = FOREVER;
        if (!written) fail("not written", number, point);
        if (!log_mount()) fail("not mounted", number, point);
        if (!holds(number, next, true)) fail("new value not there", number, point);
        return true;
    }
    /* The supply fails again during the mount that repairs; the mount after it succeeds. */
    for (volatile uint32_t again = 0; again < 40; again += 13) {
        budget = again;
        if (setjmp(lost) == 0) {
            (void)log_mount();
            break;
        }
    }
    budget = FOREVER;
    if (!log_mount()) fail("not mounted", number, point);
    for (uint32_t each = 0; each < RECORD_COUNT; each++) {
        const bool old = holds(each, model[each], known[each]);
        if (!old && (each != number || !holds(each, next, true))) fail("torn", each, point);
    }
    /* The update of another record is written where the torn one ended. */
    const uint32_t other = (number + 1) % RECORD_COUNT;
    if (known[other]) {
        if (!log_write(other, model[other]) || !log_mount()) fail("not writable", other, point);
        if (!holds(number, model[number], known[number]) && !holds(number, next, true))
            fail("torn later", number, point);
    }
    if (!log_write(number, next) || !log_mount() || !holds(number, next, true))
        fail("not writable afterwards", number, point);
    /* Continues into the next sector: the interrupted update must have left room for it. */
    for (uint32_t i = 0; i < 60; i++)
        if (!log_write(number, next)) fail("not writable a sector later", number, point);
    for (uint32_t each = 0; each < RECORD_COUNT; each++)
        if (each != number && !holds(each, model[each], known[each]))
            fail("lost later", each, point);
    return false;
}

static uint32_t explore(uint32_t number) {
    uint8_t next[RECORD_BYTES];
    uint32_t point = 0;
    value(next, number, 99);
    memcpy(before, flash, sizeof flash);
    while (!update(number, next, point)) point++;
    memcpy(flash, before, sizeof flash);
    if (!log_mount()) fail("not mounted", number, point);
    return point;
}

int main(void) {
    uint32_t points = 0, writes = 0;
    memset(flash, 0xff, sizeof flash);
    if (!log_mount()) fail("not mounted", 0, 0);
    points += explore(0);
    /* Every kind of position in the ring, its ends included. */
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < RECORD_COUNT; i++, writes++) {
            put((i * 7u + round) % RECORD_COUNT, writes);
            if (writes % 457u == 0) points += explore(i % RECORD_COUNT);
        }
    }
    /* The last slots of a sector, and the first of the next. */
    for (uint32_t i = 0; i < 60; i++) {
        put(3, writes++);
        points += explore(4 + i % 3u);
    }
    /* A few records are written often and the others once: the latter are moved before a sector is
     * erased. */
    for (uint32_t i = 0; i < 6000; i++) {
        put(i % 5u, writes++);
        if ((i >= 1150 && i < 1300) || i % 570u < 2) points += explore(i % 5u);
    }
    if (!log_mount()) fail("not mounted", 0, 0);
    for (uint32_t each = 0; each < RECORD_COUNT; each++)
        if (!holds(each, model[each], known[each])) fail("lost", each, 0);
    refuses = true;
    uint8_t next[RECORD_BYTES] = {0};
    if (log_write(5, next)) fail("written to a flash that refuses", 5, 0);
    if (!holds(5, model[5], true)) fail("lost with a flash that refuses", 5, 0);
    printf("ok points=%u writes=%u\n", points, writes);
    return 0;
}

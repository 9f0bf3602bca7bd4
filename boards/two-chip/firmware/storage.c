/* hal.h's storage: the retained region in the block that a restart does not touch, the others in
 * the record log, 64 bytes a record. What was never written reads 0xff. */
#include <string.h>

#include "board.h"
#include "hal.h"
#include "record_log.h"

#define CONFIG_RECORD KS_JOURNAL_SLOTS
#define SEED_RECORD (KS_JOURNAL_SLOTS + 1u)
#define SEED_BYTES 32u

_Static_assert(KS_JOURNAL_SLOT_BYTES == RECORD_BYTES, "a record of the journal is one of the log");
_Static_assert(SEED_RECORD < RECORD_COUNT, "there is a record for each");

static bool mounted;

static bool ready(void) {
    if (!mounted) mounted = log_mount();
    return mounted;
}

static uint32_t record_of(uint32_t region, uint32_t offset) {
    return region == KS_REGION_CONFIG ? CONFIG_RECORD : offset / RECORD_BYTES;
}

static uint32_t part_of(uint32_t offset, uint32_t len) {
    const uint32_t room = RECORD_BYTES - offset % RECORD_BYTES;
    return len < room ? len : room;
}

static void read_record(uint32_t number, uint32_t offset, uint8_t *bytes, uint32_t len) {
    const uint8_t *found = log_find(number);
    if (found == NULL) memset(bytes, 0xff, len);
    else memcpy(bytes, found + offset, len);
}

bool hal_storage_read(uint32_t region, uint32_t offset, uint8_t *bytes, uint32_t len) {
    if (region == KS_REGION_RETAINED) {
        memcpy(bytes, retained()->region + offset, len);
        return true;
    }
    if (!ready()) return false;
    for (uint32_t done = 0; done < len;) {
        const uint32_t at = offset + done, part = part_of(at, len - done);
        read_record(record_of(region, at), at % RECORD_BYTES, bytes + done, part);
        done += part;
    }
    return true;
}

bool hal_storage_write(uint32_t region, uint32_t offset, const uint8_t *bytes, uint32_t len) {
    if (region == KS_REGION_RETAINED) {
        memcpy(retained()->region + offset, bytes, len);
        retained_seal(retained());
        return true;
    }
    if (!ready()) return false;
    for (uint32_t done = 0; done < len;) {
        uint8_t record[RECORD_BYTES];
        const uint32_t at = offset + done, part = part_of(at, len - done);
        const uint32_t number = record_of(region, at);
        read_record(number, 0, record, RECORD_BYTES);
        memcpy(record + at % RECORD_BYTES, bytes + done, part);
        if (!log_write(number, record)) return false;
        done += part;
    }
    return true;
}

bool storage_seed_read(uint8_t *seed) {
    const uint8_t *found = ready() ? log_find(SEED_RECORD) : NULL;
    if (found != NULL) memcpy(seed, found, SEED_BYTES);
    return found != NULL;
}

bool storage_seed_write(const uint8_t *seed) {
    uint8_t record[RECORD_BYTES] = {0};
    memcpy(record, seed, SEED_BYTES);
    return ready() && log_write(SEED_RECORD, record);
}

void storage_forget(void) {
    mounted = log_forget();
    retained_clear(retained());
}

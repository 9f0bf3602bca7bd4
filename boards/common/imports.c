/* The guest's imports. Every range is checked before it is used, misuse traps, and no import enters
 * the guest again. Twin: host-sim/imports.ts. */
#include "imports.h"

#include "guest.h"
#include "host.h"
#include "mac.h"
#include "trace.h"

#define RANDOM_MAX 64u
#define REGION_SMALL 64u

static const char *const pin_names[] = {KS_PIN_NAMES};
static const char *const mark_names[] = {KS_MARK_NAMES};
_Static_assert(KS_BOARD_PINS <= KS_PIN_COUNT, "a pin without a name");
static const uint32_t region_bytes[KS_REGION_COUNT] = {REGION_SMALL, REGION_SMALL,
                                                       KS_JOURNAL_SLOTS *KS_JOURNAL_SLOT_BYTES};

/* The guest's bytes at [ptr, ptr + len). Traps if they are not all its own. */
static uint8_t *range(uint32_t ptr, uint32_t len) {
    uint8_t *bytes = host_guest_ready() ? guest_range(ptr, len) : NULL;
    if (bytes == NULL) host_trap();
    return bytes;
}

static uint8_t *region_range(uint32_t region, uint32_t offset, uint32_t ptr, uint32_t len) {
    if (region >= KS_REGION_COUNT) host_trap();
    const uint32_t size = region_bytes[region];
    if (offset > size || len > size - offset) host_trap();
    return range(ptr, len);
}

static void below(uint32_t value, uint32_t bound) {
    if (value >= bound) host_trap();
}

void import_gpio_write(uint32_t pin, uint32_t level) {
    host_count_call();
    below(pin, KS_BOARD_PINS);
    below(level, 2);
    if (!hal_gpio(pin, level)) return;
    struct line line = {0};
    line_text(&line, "gpio pin=");
    line_text(&line, pin_names[pin]);
    line_text(&line, " level=");
    line_u32(&line, level);
    line_end(&line);
}

void import_radio_request(uint32_t on) {
    host_count_call();
    host_request_radio(on != 0);
}

uint32_t import_net_send(uint32_t channel, uint32_t ptr, uint32_t len) {
    host_count_call();
    below(channel, KS_CHANNEL_COUNT);
    below(len, KS_MESSAGE_MAX + 1);
    const uint8_t *bytes = range(ptr, len);
    if (!host_may_send()) return KS_STATUS_DENIED;
    return host_queue_send(channel, bytes, len) ? KS_STATUS_OK : KS_STATUS_FULL;
}

/* Whether two tags are equal, in a time that does not depend on where they differ. */
static bool same_tag(const uint8_t *a, const uint8_t *b) {
    uint32_t different = 0;
    for (uint32_t i = 0; i < KS_TAG_BYTES; i++) different |= (uint32_t)(a[i] ^ b[i]);
    return different == 0;
}

uint32_t import_mac_verify(uint32_t principal, uint32_t ptr, uint32_t len, uint32_t tag) {
    uint8_t own[KS_TAG_BYTES];
    host_count_call();
    below(principal, KS_PRINCIPAL_DEVICE);
    const uint8_t *message = range(ptr, len);
    const uint8_t *claimed = range(tag, KS_TAG_BYTES);
    below(len, MAC_MESSAGE_MAX + 1);
    if (!hal_mac(principal, message, len, own)) return KS_STATUS_NO_KEY;
    return same_tag(own, claimed) ? KS_STATUS_OK : KS_STATUS_BAD_TAG;
}

uint32_t import_mac_sign(uint32_t ptr, uint32_t len, uint32_t tag) {
    host_count_call();
    const uint8_t *message = range(ptr, len);
    uint8_t *out = range(tag, KS_TAG_BYTES);
    below(len, MAC_MESSAGE_MAX + 1);
    return hal_mac(KS_PRINCIPAL_DEVICE, message, len, out) ? KS_STATUS_OK : KS_STATUS_NO_KEY;
}

void import_random(uint32_t ptr, uint32_t len) {
    host_count_call();
    below(len, RANDOM_MAX + 1);
    hal_random(range(ptr, len), len);
}

uint32_t import_storage_read(uint32_t region, uint32_t offset, uint32_t ptr, uint32_t len) {
    host_count_call();
    uint8_t *bytes = region_range(region, offset, ptr, len);
    return hal_storage_read(region, offset, bytes, len) ? KS_STATUS_OK : KS_STATUS_IO;
}

uint32_t import_storage_write(uint32_t region, uint32_t offset, uint32_t ptr, uint32_t len) {
    host_count_call();
    const uint8_t *bytes = region_range(region, offset, ptr, len);
    return hal_storage_write(region, offset, bytes, len) ? KS_STATUS_OK : KS_STATUS_IO;
}

void import_log(uint32_t ptr, uint32_t len) {
    host_count_call();
    below(len, KS_LOG_MAX + 1);
    const uint8_t *bytes = range(ptr, len);
    struct line line = {0};
    line_text(&line, "log text=\"");
    line_printable(&line, bytes, len);
    line_text(&line, "\"");
    line_end(&line);
}

void import_mark(uint32_t id) {
    host_count_call();
    below(id, KS_MARK_COUNT);
    trace3("mark name=", mark_names[id], "");
}

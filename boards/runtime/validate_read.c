/* See validate_read.h. */
#include "validate_read.h"

#include <string.h>

uint32_t read_long_u32(struct reader *r) {
    uint32_t value = 0;
    for (uint32_t shift = 0; shift < 35; shift += 7) {
        const uint32_t byte = read_byte(r);
        if (shift == 28 && byte > 0x0f) break;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    r->bad = true;
    return 0;
}

void skip_long_signed(struct reader *r, uint32_t bits) {
    for (uint32_t shift = 0; shift < bits; shift += 7) {
        const uint32_t byte = read_byte(r);
        if (shift + 7 > bits) {
            /* The last byte holds the sign in all its unused bits, and ends the number. */
            const uint32_t mask = (uint32_t)(0x7f << (bits - shift - 1)) & 0x7f;
            if (byte >= 0x80 || ((byte & mask) != 0 && (byte & mask) != mask)) break;
        }
        if (byte < 0x80) return;
    }
    r->bad = true;
}

uint32_t read_value_type(struct reader *r) {
    const uint32_t type = read_byte(r);
    if (type != TYPE_I32 && type != TYPE_I64) r->bad = true;
    return type;
}

const uint8_t *read_bytes(struct reader *r, uint32_t len) {
    const uint8_t *at = r->at;
    if ((uint32_t)(r->end - r->at) < len) {
        r->bad = true;
        return at;
    }
    r->at += len;
    return at;
}

/* Source: Unicode 15, table 3-7. */
static bool utf8(const uint8_t *at, uint32_t len) {
    for (uint32_t i = 0; i < len;) {
        const uint32_t lead = at[i++];
        if (lead < 0x80) continue;
        const uint32_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || len - i < more) return false;
        const uint32_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const uint32_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (at[i] < low || at[i] > high) return false;
        for (uint32_t k = 1; k < more; k++)
            if ((at[i + k] & 0xc0) != 0x80) return false;
        i += more;
    }
    return true;
}

struct name read_name(struct reader *r) {
    struct name name;
    name.len = read_u32(r);
    name.at = read_bytes(r, name.len);
    if (r->bad) name.len = 0;
    if (!utf8(name.at, name.len)) r->bad = true;
    return name;
}

bool name_is(struct name name, const char *text) {
    return name.len == strlen(text) && memcmp(name.at, text, name.len) == 0;
}

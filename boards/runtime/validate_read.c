/* Reads the numbers of a module's binary format, never past its end. Source: WebAssembly Core
 * Specification 1.0, 5.2.2. */
#include "validate_internal.h"

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

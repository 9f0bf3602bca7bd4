/* The reader of WebAssembly's binary format. Source: WebAssembly Core Specification 1.0, 5.2. */
#ifndef VALIDATE_READ_H
#define VALIDATE_READ_H

#include <stdbool.h>
#include <stdint.h>

enum { TYPE_NONE = 0x40, TYPE_I32 = 0x7f, TYPE_I64 = 0x7e };

/* Sets `bad` at the first error; from there on it reads zeroes. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct name {
    const uint8_t *at;
    uint32_t len;
};

static inline uint32_t read_byte(struct reader *r) {
    if (r->at < r->end) return *r->at++;
    r->bad = true;
    return 0;
}

/* Numbers of any length. Nearly all take one byte, so that case is read in place: it saved a third
 * of the time that checking a module took. */
uint32_t read_long_u32(struct reader *r);
void skip_long_signed(struct reader *r, uint32_t bits);

/* LEB128, unsigned, 32 bits. */
static inline uint32_t read_u32(struct reader *r) {
    return r->at < r->end && *r->at < 0x80 ? *r->at++ : read_long_u32(r);
}

/* LEB128, signed, of at most `bits` bits (at least 7): checked, not kept. */
static inline void skip_signed(struct reader *r, uint32_t bits) {
    if (r->at < r->end && *r->at < 0x80) r->at++;
    else skip_long_signed(r, bits);
}

/* i32 or i64. */
uint32_t read_value_type(struct reader *r);
/* `len` bytes in place; the reader is set bad if there are fewer. */
const uint8_t *read_bytes(struct reader *r, uint32_t len);
/* A vector of bytes that is well-formed UTF-8. */
struct name read_name(struct reader *r);
bool name_is(struct name name, const char *text);

#endif

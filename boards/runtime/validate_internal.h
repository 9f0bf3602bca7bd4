/* What validate.c and validate_code.c share: the reader and what is known of a module. The bounds
 * are the profile's, so that checking a module needs no allocation and less than 3 KiB of stack. */
#ifndef VALIDATE_INTERNAL_H
#define VALIDATE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "validate.h"

#define TYPES_MAX 64u
#define PARAMS_MAX 32u
#define FUNCTIONS_MAX 256u
#define GLOBALS_MAX 64u
/* Parameters and locals of one function. */
#define LOCALS_MAX 128u
/* Operands on the stack at once. */
#define OPERANDS_MAX 256u
/* Blocks within blocks: the engine's compiler recurses as deep. */
#define NESTING_MAX 64u

enum { TYPE_NONE = 0x40, TYPE_I32 = 0x7f, TYPE_I64 = 0x7e };
enum { OP_END = 0x0b, OP_GLOBAL_GET = 0x23, OP_I32_CONST = 0x41, OP_I64_CONST = 0x42 };

/* Sets `bad` at the first thing wrong; reads zeroes from there on. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct signature {
    const uint8_t *param; /* value types, one byte each */
    uint8_t params;
    uint8_t result; /* TYPE_NONE for none */
    bool all_i32;
};

struct global {
    uint8_t type;
    bool mutable;
    bool imported;
};

struct module {
    uint32_t types, functions, imported, bodies, globals, tables, memories;
    uint32_t table_min, memory_min, memory_max;
    bool memory_bounded, memory_exported, bad_import, elements_fit;
    uint32_t export[EXPORT_COUNT];
    struct signature type[TYPES_MAX];
    uint8_t function[FUNCTIONS_MAX]; /* index of its type */
    struct global global[GLOBALS_MAX];
};

static inline uint32_t read_byte(struct reader *r) {
    if (r->at < r->end) return *r->at++;
    r->bad = true;
    return 0;
}

/* Numbers of any length; nearly all are one byte, so that is read in place: a third of the time
 * that checking a module took. */
uint32_t read_long_u32(struct reader *r);
void skip_long_signed(struct reader *r, uint32_t bits);

/* LEB128, unsigned, 32 bits. */
static inline uint32_t read_u32(struct reader *r) {
    return r->at < r->end && *r->at < 0x80 ? *r->at++ : read_long_u32(r);
}

/* LEB128, signed, of so many bits (at least 7): checked, not kept. */
static inline void skip_signed(struct reader *r, uint32_t bits) {
    if (r->at < r->end && *r->at < 0x80) r->at++;
    else skip_long_signed(r, bits);
}
uint32_t read_value_type(struct reader *r);

/* One function body: locals and instructions. */
void check_body(const struct module *m, uint32_t type, struct reader *r);

#endif

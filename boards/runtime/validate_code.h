/* What a function body may refer to, and the check of one body. The bounds are the profile's; with
 * them, checking a module needs no allocation and less than 3 KiB of stack. */
#ifndef VALIDATE_CODE_H
#define VALIDATE_CODE_H

#include "validate.h"
#include "validate_read.h"

#define TYPES_MAX 64u
#define FUNCTIONS_MAX 256u
#define GLOBALS_MAX 64u
/* Parameters and locals of one function. */
#define LOCALS_MAX 128u
/* Blocks within blocks; the engine's compiler recurses as deep. */
#define NESTING_MAX 16u

enum {
    OP_ELSE = 0x05,
    OP_END = 0x0b,
    OP_GLOBAL_GET = 0x23,
    OP_I32_CONST = 0x41,
    OP_I64_CONST = 0x42
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
    uint32_t table_min, memory_min, memory_max, backed;
    /* What wasm3 needs for the module, from above: words of code and tables, and the deepest nest
     * of else blocks, each of which holds a page of code while it is compiled. */
    uint32_t words, elses, segments;
    bool memory_bounded, memory_exported, bad_import, segments_fit;
    uint32_t export[EXPORT_COUNT];
    struct signature type[TYPES_MAX];
    uint8_t function[FUNCTIONS_MAX]; /* index of its type */
    struct global global[GLOBALS_MAX];
};

/* One function body: locals and instructions. Adds to `m->words`. */
void check_body(struct module *m, uint32_t type, struct reader *r);

#endif

/* Decides whether a module may run, before anything of it runs. The engine trusts a module that
 * passed. */
#ifndef VALIDATE_H
#define VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

/* Where the guest's exports are: function indices, in the order of KS_EXPORTS. */
enum {
    EXPORT_ABI_VERSION,
    EXPORT_INIT,
    EXPORT_ON_EVENT,
    EXPORT_RX_BUFFER,
    EXPORT_STATE_PTR,
    EXPORT_STATE_LEN,
    EXPORT_COUNT
};

struct guest_shape {
    uint32_t exports[EXPORT_COUNT];
    /* False if an element segment lies outside its table: instantiation traps. */
    bool elements_fit;
};

/* Null if the module is a valid guest; `shape` is then filled. Otherwise the reason:
 *   "format"  not WebAssembly, not valid, or beyond the profile: version 1.0 without floating point
 *             and the bounds in validate.c
 *   "import"  one that the board does not have, or with another signature
 *   "export"  one that is missing, or with another signature
 *   "memory"  more than one page, or no maximum */
const char *guest_check(const uint8_t *bytes, uint32_t len, struct guest_shape *shape);

#endif

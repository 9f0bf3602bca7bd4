/* Decides whether a module may run, before anything of it runs. The engine trusts the modules that
 * pass: they compile, they instantiate, and they fit the engine's heap. */
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

/* Parameters of one function. */
#define GUEST_PARAMS_MAX 32u
/* Values of one function at once: parameters, locals, operands, and one for the result of each open
 * block. */
#define GUEST_VALUES_MAX 192u

/* Words of code and tables that any guest may need; a board may have room for fewer. */
#define GUEST_WORDS_MAX 16384u

/* What a board has for its guest. */
struct guest_room {
    uint32_t memory; /* bytes of the guest's page that are backed */
    uint32_t words;  /* of wasm3's heap, for code and tables */
};

struct guest_shape {
    uint32_t exports[EXPORT_COUNT];
    uint32_t words; /* of wasm3's heap that it needs at most */
};

/* Null if the module is a valid guest; `shape` is then filled. Otherwise the reason.
 *
 * - "format": not WebAssembly, not valid, or beyond the profile: version 1.0 without floating
 *   point, and the bounds in this file and in validate_code.h
 * - "import", "export": one that the board does not have, or one that is missing; or with another
 *   signature
 * - "memory": more than one page, or no maximum
 * - "segment": data or elements that do not fit the memory or the table
 * - "size": more code and tables than the board has room for */
const char *guest_check(const uint8_t *bytes, uint32_t len, const struct guest_room *room,
                        struct guest_shape *shape);

#endif

/* What the host does with the guest: check it, start it, call it. Two engines implement this:
 * wasm3, and the module translated to C. */
#ifndef GUEST_H
#define GUEST_H

#include "hal.h"
#include "validate.h"

/* Of wasm3's heap: what it takes for itself, and a margin, in bytes. */
#define GUEST_ENGINE_BYTES 4096u
/* Words of code and tables that a guest may need: what the heap holds. On a core of 64 bits a word
 * is longer, and there are more of them. A build that was measured with the one guest it is for may
 * say so itself. */
#ifndef KS_GUEST_WORDS
#define GUEST_HEAP_WORDS                                                                           \
    ((d_m3FixedHeap - KS_GUEST_MEMORY - KS_GUEST_STACK - GUEST_ENGINE_BYTES) /                     \
     (sizeof(void *) + sizeof(void *) / 8u))
#define KS_GUEST_WORDS (GUEST_HEAP_WORDS < GUEST_WORDS_MAX ? GUEST_HEAP_WORDS : GUEST_WORDS_MAX)
#endif
#define GUEST_ROOM (&(const struct guest_room){KS_GUEST_MEMORY, (uint32_t)(KS_GUEST_WORDS)})

/* Why the image's guest is refused (see guest_check); null if it may start. */
const char *guest_load(const uint8_t *bytes, uint32_t len);
/* Instantiates: memory, data, imports, start function. Traps (host_trap) if that fails. */
void guest_start(void);

/* Calls an export. Each traps (host_trap) if the guest does. */
uint32_t guest_abi_version(void);
uint32_t guest_rx_buffer(void);
uint32_t guest_state_ptr(void);
uint32_t guest_state_len(void);
void guest_init(uint32_t boot_reason);
void guest_on_event(uint32_t kind, uint32_t a, uint32_t b);

/* The guest's bytes at [ptr, ptr + len); null if they are not all its own. */
uint8_t *guest_range(uint32_t ptr, uint32_t len);
/* Bytes taken from the engine's arena so far. */
uint32_t guest_arena_used(void);

#endif

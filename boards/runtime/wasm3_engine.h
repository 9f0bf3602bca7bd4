/* What wasm3.c adds to wasm3. */
#ifndef WASM3_ENGINE_H
#define WASM3_ENGINE_H

#include <stdint.h>

/* The guest may not push the native stack below this address: it traps. */
extern uintptr_t wasm3_stack_floor;
/* Bytes of the fixed heap that are used. */
uint32_t wasm3_arena_used(void);

#endif

/* What wasm3.c adds to wasm3, and the sizes of wasm3's tables. Included before any header of
 * wasm3. */
#ifndef WASM3_ENGINE_H
#define WASM3_ENGINE_H

#include <stdint.h>

#include "validate.h"

/* wasm3's compiler keeps one entry for each value of a function, and each value takes at most two
 * slots. A call puts its result above the highest slot in use, even when there are holes below, so
 * twice as many slots can be reached; constants take 16, a result 2 (see docs/SANDBOX.md). With
 * these sizes no function that guest_check() accepts fails to compile. */
#undef d_m3MaxFunctionStackHeight
#undef d_m3MaxFunctionSlots
#define d_m3MaxFunctionStackHeight (GUEST_VALUES_MAX + 8)
#define d_m3MaxFunctionSlots (4 * GUEST_VALUES_MAX + 32)

/* The guest may not push the native stack below this address: it traps. */
extern uintptr_t wasm3_stack_floor;
/* Bytes of the fixed heap that are used. */
uint32_t wasm3_arena_used(void);
/* Runs compiled code to its end. Returns null, or the reason of the trap. */
const void *wasm3_run(const void *code, void *stack, void *memory);
#ifdef KS_COUNT_OPERATIONS
/* Operations executed since the start. */
extern uint64_t wasm3_operations;
#endif

#endif

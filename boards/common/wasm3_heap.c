/* wasm3's core with its fixed heap, and how much of that heap is used. */
#include <stdint.h>

#include "m3_core.c"

uint32_t m3_arena_used(void);
uint32_t m3_arena_used(void) { return (uint32_t)(fixedHeapPtr - fixedHeap); }

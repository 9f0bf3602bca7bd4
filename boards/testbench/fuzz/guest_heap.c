/* wasm3 with its heap as on a board, made new for every guest of guest_run.c. */
#include "../../runtime/wasm3.c"

void fuzz_engine_reset(void);
void fuzz_engine_reset(void) {
    ASAN_POISON_MEMORY_REGION(heap, sizeof heap);
    heap_used = 0;
    heap_last = SIZE_MAX;
}

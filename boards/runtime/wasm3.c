/* wasm3 as one translation unit, so that the compiler can inline across its files, with the few
 * functions of wasm3 that the engine reads or replaces. */
#include "wasm3_engine.h"

#include "m3_config.h"
#undef M3_NOINLINE
#define M3_NOINLINE

/* Its own is another function's call at every call of the guest's. */
#define m3_Yield m3_YieldUnused
#include "m3_core.c"
#undef m3_Yield
#include "m3_bind.c"
#include "m3_code.c"
#include "m3_env.c"
#include "m3_function.c"
#include "m3_info.c"
#include "m3_module.c"
#include "m3_parse.c"
/* Since wasm3 0.9. */
#if __has_include("m3_validate.c")
#include "m3_validate.c"
#endif

uintptr_t wasm3_stack_floor;

uint32_t wasm3_arena_used(void) {
#if d_m3FixedHeap
    return (uint32_t)(fixedHeapPtr - fixedHeap);
#else
    return 0;
#endif
}

/* Bounds the native stack, which wasm3 does not. */
static inline M3Result yield(void) {
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here < wasm3_stack_floor ? m3Err_trapStackOverflow : m3Err_none;
}

/* memory.grow by -1 wraps in wasm3 and would shrink the memory. */
static M3Result resize_checked(IM3Runtime runtime, u32 pages) {
    if (pages < runtime->memory.numPages) return m3Err_wasmMemoryOverflow;
    return ResizeMemory(runtime, pages);
}

/* A function's locals and constants are a few slots: a call costs more than they do. */
static inline void *clear_slots(void *to, size_t bytes) {
    m3slot_t *slot = to;
    for (; bytes >= sizeof *slot; bytes -= sizeof *slot) *slot++ = 0;
    return to;
}

static inline void *copy_slots(void *to, const void *from, size_t bytes) {
    m3slot_t *slot = to;
    const m3slot_t *source = from;
    for (; bytes >= 4 * sizeof *slot; bytes -= 4 * sizeof *slot, slot += 4, source += 4) {
        const m3slot_t a = source[0], b = source[1], c = source[2], d = source[3];
        slot[0] = a, slot[1] = b, slot[2] = c, slot[3] = d;
    }
    for (; bytes >= sizeof *slot; bytes -= sizeof *slot) *slot++ = *source++;
    return to;
}

#define m3_Yield yield
#define ResizeMemory resize_checked
#define memset(to, value, bytes)                                                                   \
    (__builtin_constant_p(bytes) || !__builtin_constant_p(value) ? (memset)(to, value, bytes)      \
                                                                 : clear_slots(to, bytes))
#define memcpy(to, from, bytes)                                                                    \
    (__builtin_constant_p(bytes) ? (memcpy)(to, from, bytes) : copy_slots(to, from, bytes))
#include "m3_compile.c"

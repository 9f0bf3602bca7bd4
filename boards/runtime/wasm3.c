/* wasm3 as one translation unit, so that the compiler can inline across its files, with the changes
 * that the host needs: bounds that wasm3 0.5 does not check, a heap that sanitizers can see into,
 * and dispatch that needs no native stack. docs/SANDBOX.md lists each known fault of wasm3. */
#include "wasm3_engine.h"

#define M3_IMPLEMENT_ERROR_STRINGS
#include "m3_config.h"
#undef M3_NOINLINE
#define M3_NOINLINE

uintptr_t wasm3_stack_floor;

/* Checked at each call of the guest's, and at each block that is compiled. Between two checks the
 * native stack grows by what the profile bounds: loops within loops, and one import. */
static inline _Bool native_stack_used_up(void) {
    return (uintptr_t)__builtin_frame_address(0) < wasm3_stack_floor;
}

/* --- dispatch ---
 * Every operation ends in a jump to the next one. The jump takes no native stack where the compiler
 * makes a tail call of it: clang by `musttail`; GCC at -O2, except for the cores below. There, and
 * without optimisation, each operation returns to a loop instead. */

#if !defined(KS_DISPATCH_LOOP) && !M3_COMPILER_HAS_ATTRIBUTE(musttail)
#if !defined(__OPTIMIZE__) || (defined(__thumb__) && !defined(__thumb2__)) ||                      \
    defined(__XTENSA_WINDOWED_ABI__)
#define KS_DISPATCH_LOOP
#endif
#endif

#ifdef KS_COUNT_OPERATIONS
uint64_t wasm3_operations;
#define COUNT_OPERATION() wasm3_operations++
#else
#define COUNT_OPERATION() (void)0
#endif

#ifdef KS_DISPATCH_LOOP
/* An operation returns the place of the next one to run_loop(), so straight code and loops take no
 * native stack, and a call of the guest's takes one frame of run_loop(). What an operation returns:
 * a place in the heap, which has the code; or null at the end of a function, or a trap, which is
 * text outside the heap. */
#define RunCode run_code_by_tail_calls
#include "m3_exec_defs.h"
#undef RunCode

/* The register of 64 bits is a cell of memory: a core with few registers passes it on the stack. */
static m3reg_t register0;
static m3ret_t run_loop(pc_t pc, m3stack_t stack, M3MemoryHeader *memory);

#define RunCode(pc, stack, memory, none) run_loop(pc, stack, memory)
#define _r0 register0

#undef d_m3BaseOpSig
#define d_m3BaseOpSig pc_t _pc, m3stack_t _sp, M3MemoryHeader *_mem
#undef d_m3BaseOpArgs
#define d_m3BaseOpArgs _sp, _mem
#undef d_m3BaseOpAllArgs
#define d_m3BaseOpAllArgs _pc, _sp, _mem
/* The head of a loop and the entry of a function do not read the register first. */
#undef d_m3BaseClearRegisters
#define d_m3BaseClearRegisters

#undef nextOpImpl
#undef nextOpDirect
#undef jumpOpDirect
/* The head of a loop and the entry of a function do nothing after this but pass the result on. */
#define nextOpImpl()                                                                               \
    ({                                                                                             \
        return (m3ret_t)_pc;                                                                       \
        (m3ret_t)0;                                                                                \
    })
#define nextOpDirect() return (m3ret_t)_pc
#define jumpOpDirect(PC) return (m3ret_t)(PC)

/* A caller's register survives the call. wasm3 defines Call() with one argument, as the
 * preprocessor sees it, and calls it with four. */
#define JOIN_NAMES(a, b) a##b
#define JOIN(a, b) JOIN_NAMES(a, b)
#define Call(first, ...) JOIN(Call, __VA_OPT__(_run))(first __VA_OPT__(, ) __VA_ARGS__)
#define Call_run(pc, stack, memory, none)                                                          \
    ({                                                                                             \
        const m3reg_t before = register0;                                                          \
        m3ret_t stopped = CALL_BEGINS();                                                           \
        if (M3_LIKELY(!stopped)) stopped = run_loop(pc, stack, memory);                            \
        register0 = before;                                                                        \
        stopped;                                                                                   \
    })
#define CALL_BEGINS() (native_stack_used_up() ? m3Err_trapStackOverflow : m3Err_none)
#else
#include "m3_exec_defs.h"
#define CALL_BEGINS() (native_stack_used_up() ? m3Err_trapStackOverflow : m3Err_none)
#ifdef KS_COUNT_OPERATIONS
#undef nextOpDirect
#undef jumpOpDirect
#define COUNTED(next)                                                                              \
    do {                                                                                           \
        COUNT_OPERATION();                                                                         \
        M3_MUSTTAIL return next;                                                                   \
    } while (0)
#define nextOpDirect() COUNTED(nextOpImpl())
#define jumpOpDirect(PC) COUNTED(jumpOpImpl((pc_t)(PC)))
#endif
#endif

/* --- wasm3, but for its compiler and its operations --- */

/* The heap is ours (wasm3_heap.h); nothing calls wasm3's. A fuzz target has another: fuzz_heap.c.
 */
#ifndef KS_OWN_HEAP
enum { HEAP_BYTES = d_m3FixedHeap };
#undef d_m3FixedHeap
#define d_m3FixedHeap 16
#include "m3_core.h"
#include "wasm3_heap.h"
#undef m3_Malloc
#undef m3_Realloc
#undef m3_AllocStruct
#undef m3_AllocArray
#undef m3_ReallocArray
#undef m3_Free
#define m3_Malloc(name, size) heap_allocate(size)
#define m3_Realloc(name, at, size, old_size) heap_resize(at, size, old_size)
#define m3_AllocStruct(type) (type *)heap_allocate(sizeof(type))
#define m3_AllocArray(type, count) (type *)heap_allocate(sizeof(type) * (count))
#define m3_ReallocArray(type, at, count, old_count)                                                \
    (type *)heap_resize((void *)(at), sizeof(type) * (count), sizeof(type) * (old_count))
#define m3_Free(at)                                                                                \
    do {                                                                                           \
        heap_free((void *)(at));                                                                   \
        (at) = NULL;                                                                               \
    } while (0)
#endif
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

#ifdef KS_OWN_HEAP
uint32_t wasm3_arena_used(void) { return 0; }
#else
uint32_t wasm3_arena_used(void) { return (uint32_t)heap_used; }
#endif

#ifdef KS_DISPATCH_LOOP
#ifdef KS_OWN_HEAP
#error "the dispatch loop recognises code by its place in the heap of wasm3_heap.h"
#endif
typedef m3ret_t (*operation)(pc_t pc, m3stack_t stack, M3MemoryHeader *memory);

static m3ret_t run_loop(pc_t pc, m3stack_t stack, M3MemoryHeader *memory) {
    /* An operation may move the memory: its place is read anew. */
    M3MemoryHeader *none = NULL;
    M3MemoryHeader *const *place = memory == NULL ? &none : &memory->runtime->memory.mallocated;
    for (;;) {
        COUNT_OPERATION();
        const m3ret_t next = ((operation)*pc)(pc + 1, stack, *place);
        if ((uintptr_t)next - (uintptr_t)heap >= sizeof heap) return next;
        pc = (pc_t)next;
    }
}
#endif

const void *wasm3_run(const void *code, void *stack, void *memory) {
    return RunCode((pc_t)code, (m3stack_t)stack, (M3MemoryHeader *)memory, d_m3OpDefaultArgs);
}

/* --- its compiler and its operations --- */

/* memory.grow by -1 wraps in wasm3 and would shrink the memory. */
static M3Result resize_checked(IM3Runtime runtime, u32 pages) {
    if (pages < runtime->memory.numPages) return m3Err_wasmMemoryOverflow;
    return ResizeMemory(runtime, pages);
}

/* The compiler recurses once per nested block, and reads this for each block's type. */
static M3Result read_block_type(i64 *type, u32 bits, bytes_t *at, cbytes_t end) {
    if (native_stack_used_up()) return m3Err_trapStackOverflow;
    return ReadLebSigned(type, bits, at, end);
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

/* Operands that stand for one local share the slot that keeps its old value, and wasm3 counts them.
 * For a local of 64 bits it counts them on the first of its two slots only, so the second is handed
 * out again too early, and the value is lost. Here both are counted. The macros below give the
 * function's definition one name and its only call, where `i` is the operand's index, another. */
static M3Result increment_slots(IM3Compilation o, u16 slot, u8 type);
#define NAME_IM3Compilation increment_one,
#define NAME_o increment_slots_of_i,
#define FIRST_OF(name, ...) name
#define FIRST(...) FIRST_OF(__VA_ARGS__)
#define IncrementSlotUsageCount(a, b) FIRST(NAME_##a)(a, b)
#define increment_slots_of_i(o, slot) increment_slots(o, slot, (o)->typeStack[i])

#define m3_Yield CALL_BEGINS
#define ReadLebSigned read_block_type
#define ResizeMemory resize_checked
#define memset(to, value, bytes)                                                                   \
    (__builtin_constant_p(bytes) || !__builtin_constant_p(value) ? (memset)(to, value, bytes)      \
                                                                 : clear_slots(to, bytes))
#define memcpy(to, from, bytes)                                                                    \
    (__builtin_constant_p(bytes) ? (memcpy)(to, from, bytes) : copy_slots(to, from, bytes))
#include "m3_compile.c"

static M3Result increment_slots(IM3Compilation o, u16 slot, u8 type) {
    const M3Result result = increment_one(o, slot);
    return result == m3Err_none && Is64BitType(type) ? increment_one(o, slot + 1) : result;
}

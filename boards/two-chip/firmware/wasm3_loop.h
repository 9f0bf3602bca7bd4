/* wasm3 on a core without tail calls: an operation returns the next operation's place to a loop
 * (wasm3_run) instead of calling it, so straight code and loops take no native stack, and a call of
 * the guest's takes one frame of the loop. Included before all else where wasm3.c and
 * engine_wasm3.c are compiled; wasm3 itself is unchanged.
 *
 * What an operation returns: 0 at the end of a function, a place in a code page (the next
 * operation, or a loop's head), or a trap, which is text in flash. Code pages lie above
 * KS_CODE_FLOOR and text below it. */
#ifndef WASM3_LOOP_H
#define WASM3_LOOP_H

#define RunCode run_code_by_tail_calls
#include "m3_exec_defs.h"
#undef RunCode

/* The register is a cell of memory: as an argument of 64 bits it was passed on the stack. */
extern m3reg_t wasm3_register;
m3ret_t wasm3_run(pc_t pc, m3stack_t stack, M3MemoryHeader *memory);

#define RunCode(pc, stack, memory, none) wasm3_run(pc, stack, memory)
#define _r0 wasm3_register

#undef d_m3BaseOpSig
#define d_m3BaseOpSig pc_t _pc, m3stack_t _sp, M3MemoryHeader *_mem
#undef d_m3BaseOpArgs
#define d_m3BaseOpArgs _sp, _mem
#undef d_m3BaseOpAllArgs
#define d_m3BaseOpAllArgs _pc, _sp, _mem
/* "regs are unused coming into a loop", says wasm3; nor does a function read them first. */
#undef d_m3BaseClearRegisters
#define d_m3BaseClearRegisters

#undef nextOpImpl
/* A function's entry and a loop's head do nothing after this but pass the result on. */
#define nextOpImpl()                                                                               \
    ({                                                                                             \
        return (m3ret_t)_pc;                                                                       \
        (m3ret_t)0;                                                                                \
    })
#undef nextOpDirect
#define nextOpDirect() return (m3ret_t)_pc
#undef jumpOpDirect
#define jumpOpDirect(PC) return (m3ret_t)(PC)

/* A caller's register outlives the call, as its argument did.
 * wasm3 defines Call(), with one argument as the preprocessor sees it, and calls it with four. */
#define KS_JOIN(a, b) a##b
#define KS_CALL(a, b) KS_JOIN(a, b)
#define Call(first, ...) KS_CALL(Call, __VA_OPT__(_run))(first __VA_OPT__(, ) __VA_ARGS__)
#define Call_run(pc, stack, memory, none)                                                          \
    ({                                                                                             \
        const m3reg_t before = wasm3_register;                                                     \
        m3ret_t stopped = m3_Yield();                                                              \
        if (M3_LIKELY(!stopped)) stopped = wasm3_run(pc, stack, memory);                           \
        wasm3_register = before;                                                                   \
        stopped;                                                                                   \
    })

#endif

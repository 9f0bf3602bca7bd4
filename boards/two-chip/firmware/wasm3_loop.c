/* See wasm3_loop.h. */
#include "wasm3_loop.h"

#include "m3_env.h"

m3reg_t wasm3_register;

typedef m3ret_t (*operation)(pc_t pc, m3stack_t stack, M3MemoryHeader *memory);

m3ret_t wasm3_run(pc_t pc, m3stack_t stack, M3MemoryHeader *memory) {
    /* An operation may move the memory: its place is read anew. */
    M3MemoryHeader *none = NULL;
    M3MemoryHeader *const *place = memory == NULL ? &none : &memory->runtime->memory.mallocated;
    for (;;) {
        const m3ret_t next = ((operation)*pc)(pc + 1, stack, *place);
        if ((uintptr_t)next < KS_CODE_FLOOR) return next;
        pc = (pc_t)next;
    }
}

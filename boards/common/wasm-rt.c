/* See wasm-rt.h. A trap is a restart, so nothing is freed and nothing is unwound. */
#include "wasm-rt.h"

#include <assert.h>

#include "host.h"

#define PAGE_BYTES 65536u
#define TABLE_MAX 64u

static uint8_t *next_data;
static uint32_t next_size;

_Noreturn void wasm_rt_trap(wasm_rt_trap_t trap) {
    (void)trap;
    host_trap();
}

void wasm_rt_next_memory(uint8_t *data, uint32_t size) {
    next_data = data;
    next_size = size;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint64_t pages, uint64_t max_pages,
                             bool is64, uint32_t page_size) {
    assert(page_size == PAGE_BYTES && !is64);
    assert(next_data != NULL && pages <= 1 && max_pages <= 1);
    memset(next_data, 0, next_size);
    *memory = (wasm_rt_memory_t){next_data, pages, max_pages, pages == 0 ? 0 : next_size, false};
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) { (void)memory; }

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint64_t pages) {
    const uint64_t before = memory->pages;
    if (pages > memory->max_pages - before) return UINT32_MAX;
    memory->pages = before + pages;
    memory->size = memory->pages == 0 ? 0 : next_size;
    return before;
}

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t size, uint32_t max) {
    static wasm_rt_funcref_t entries[TABLE_MAX];
    if (size > TABLE_MAX) host_trap();
    memset(entries, 0, sizeof entries);
    *table = (wasm_rt_funcref_table_t){entries, max, size};
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table) { (void)table; }

/* Enumerates the gate in C that runs on boards: gate.wasm translated by wasm2c, called by the loops
 * of loops.ts, also translated by wasm2c. Prints the results. Arguments: the number of chunks of
 * words to go through, then the inputs by which invalid words are stepped. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate.h"
#include "loops.h"

enum { CHUNK = 1 << 26, CHUNKS = 64, PAYLOADS = 1 << 16, BASE = 10 };

static uint8_t pages[2 << 16];

_Noreturn void wasm_rt_trap(wasm_rt_trap_t trap) {
    fprintf(stderr, "trap %d\n", trap);
    exit(EXIT_FAILURE);
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint64_t count, uint64_t most, bool is64,
                             uint32_t page_bytes) {
    if (count * page_bytes != sizeof pages || is64) wasm_rt_trap(WASM_RT_TRAP_OOB);
    *memory = (wasm_rt_memory_t){pages, count, most, sizeof pages, false};
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) { (void)memory; }

static void print(const char *name, uint32_t at, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, pages + at, bytes);
    printf("%s %" PRIx64 "\n", name, value);
}

int main(int argc, char *argv[]) {
    w2c_loops loops;
    w2c_gate gate;
    uint32_t unlike = 0;
    if (argc < 2) return EXIT_FAILURE;
    const uint32_t chunks = (uint32_t)strtoul(argv[1], NULL, BASE);
    if (chunks > CHUNKS) return EXIT_FAILURE;
    wasm2c_gate_instantiate(&gate);
    wasm2c_loops_instantiate(&loops, &gate);
    w2c_loops_steps(&loops, 0, PAYLOADS);
    for (uint32_t chunk = 0; chunk < chunks; chunk++) w2c_loops_words(&loops, chunk * CHUNK, CHUNK);
    for (int position = 2; position < argc; position++) {
        const uint32_t inputs = (uint32_t)strtoul(argv[position], NULL, BASE);
        const uint32_t killed = w2c_gate_step(&gate, 0, inputs);
        for (uint32_t chunk = 0; chunk < chunks; chunk++)
            unlike += w2c_loops_unlikeKilled(&loops, chunk * CHUNK, CHUNK, inputs, killed);
    }
    print("broken", FOUND_COUNT, sizeof(uint32_t));
    print("permitting", FOUND_PERMITTING, sizeof(uint32_t));
    print("misnamed", FOUND_MISNAMED, sizeof(uint32_t));
    print("words", FOUND_WORDS_DIGEST, sizeof(uint64_t));
    print("steps", FOUND_STEPS_DIGEST, sizeof(uint64_t));
    printf("unlike %" PRIx32 "\n", unlike);
    return EXIT_SUCCESS;
}

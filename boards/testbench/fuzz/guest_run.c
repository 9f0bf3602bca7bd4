/* Runs guests one after the other, as host-sim/targets/native/differ.ts has made them, and prints a
 * line for each: the reason of a refusal; or how many calls returned before one trapped, a checksum
 * of the guest's memory, and the operations executed. Compiles every function of a guest, called or
 * not, and fails if the engine refuses what guest_check() accepted, or takes more of its heap than
 * the check predicted. Called as: guest_run FILE; the file has each guest's length and bytes. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
/* As one file with the engine, to reach its module. */
#ifdef GUEST_TRANSLATED
#include "../../runtime/engine_aot.c"
static uint64_t wasm3_operations;
static void compile_all(void) {}
#else
#include "../../runtime/engine_wasm3.c"
#endif

#define EVENTS 3u
/* Under AddressSanitizer the gaps between blocks take room of their own. */
#if defined(__SANITIZE_ADDRESS__)
#define HEAP_IS_PLAIN 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_IS_PLAIN 0
#endif
#endif
#ifndef HEAP_IS_PLAIN
#define HEAP_IS_PLAIN 1
#endif

static uint32_t checksum(void) {
    const uint8_t *memory = guest_range(0, 65536);
    uint32_t sum = 2166136261u;
    if (memory == NULL) return 0;
    for (uint32_t i = 0; i < 65536; i++) sum = (sum ^ memory[i]) * 16777619u;
    return sum;
}

#ifndef GUEST_TRANSLATED
static void compile_all(void) {
    const M3Result result = m3_CompileModule(runtime->modules);
    if (result == m3Err_none) {
        const uint32_t used = wasm3_arena_used() - KS_GUEST_MEMORY - KS_GUEST_STACK;
        const uint32_t word = sizeof(void *) + sizeof(void *) / 8u;
        if (HEAP_IS_PLAIN && used > shape.words * word + GUEST_ENGINE_BYTES)
            printf("MORE HEAP %u than %u words\n", used, shape.words);
        return;
    }
    printf("NOT COMPILED %s\n", result);
}
#endif

/* Returns how many calls returned. */
static uint32_t run(void) {
    static volatile uint32_t done;
    done = 0;
    if (setjmp(fuzz_over) != 0) return done;
    guest_start();
    fuzz_ready = true;
    compile_all();
    guest_init(KS_BOOT_POWER_ON);
    for (done = 1; done <= EVENTS; done = done + 1) guest_on_event(done, 7u * done, 0u - done);
    return done;
}

static void one(const uint8_t *bytes, uint32_t len) {
    fuzz_reset();
    const char *refused = guest_load(bytes, len);
    if (refused != NULL) {
        printf("%s\n", refused);
        return;
    }
    const uint64_t before = wasm3_operations;
    const uint32_t done = run();
    printf("ran %u %08x %llu\n", done, checksum(), (unsigned long long)(wasm3_operations - before));
}

int main(int count, char **arguments) {
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    uint32_t len;
    if (file == NULL) return 2;
    while (fread(&len, 1, sizeof len, file) == sizeof len) {
        /* Exact, so that a sanitizer sees the first byte behind it. */
        uint8_t *bytes = malloc(len);
        if (bytes == NULL || fread(bytes, 1, len, file) != len) return 2;
        one(bytes, len);
        free(bytes);
        fflush(stdout);
    }
    return 0;
}

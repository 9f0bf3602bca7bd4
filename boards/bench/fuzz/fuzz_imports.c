/* libFuzzer: any sequence of import calls with any arguments, over a guest's memory of one page.
 * The input is a sequence of records: import, then four words. */
#include <string.h>

#include "fuzz.h"
#include "imports.h"

static uint8_t *memory;

uint8_t *guest_range(uint32_t ptr, uint32_t len) {
    if (ptr > FUZZ_MEMORY || len > FUZZ_MEMORY - ptr) return NULL;
    return memory + ptr;
}

static void one(uint32_t which, const uint32_t *w) {
    switch (which % 10u) {
    case 0: import_gpio_write(w[0], w[1]); break;
    case 1: import_radio_request(w[0]); break;
    case 2: (void)import_net_send(w[0], w[1], w[2]); break;
    case 3: (void)import_mac_verify(w[0], w[1], w[2], w[3]); break;
    case 4: (void)import_mac_sign(w[0], w[1], w[2]); break;
    case 5: import_random(w[0], w[1]); break;
    case 6: (void)import_storage_read(w[0], w[1], w[2], w[3]); break;
    case 7: (void)import_storage_write(w[0], w[1], w[2], w[3]); break;
    case 8: import_log(w[0], w[1]); break;
    default: import_mark(w[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    /* On the heap and exact, so that the sanitizer sees the first byte beyond. */
    if (memory == NULL) memory = malloc(FUZZ_MEMORY);
    if (memory == NULL) return 0;
    fuzz_reset();
    fuzz_ready = true;
    for (size_t at = 0; at + 17 <= len; at += 17) {
        uint32_t words[4];
        memcpy(words, bytes + at + 1, sizeof words);
        /* A trap ends this call, not the row: the next one finds the host as it was left. */
        if (setjmp(fuzz_over) == 0) one(bytes[at], words);
    }
    return 0;
}

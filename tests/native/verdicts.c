/* Prints what guest_check() says of a module with each bit flipped (every STRIDE-th, from FIRST),
 * then of each of its truncations: one letter each, `.` for good. Called as: verdicts MODULE FIRST
 * STRIDE. */
#include <stdio.h>
#include <stdlib.h>

#include "validate.h"

static char verdict(const uint8_t *bytes, uint32_t len) {
    struct guest_shape shape;
    const char *reason = guest_check(bytes, len, &(struct guest_room){65536, 16384}, &shape);
    return reason == NULL ? '.' : reason[0];
}

int main(int count, char **argv) {
    FILE *file = count == 4 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) return 2;
    static uint8_t buffer[1 << 20];
    const uint32_t len = (uint32_t)fread(buffer, 1, sizeof buffer, file);
    uint8_t *bytes = malloc(len); /* exact, so that a sanitizer sees the first byte too many */
    if (bytes == NULL) return 2;
    for (uint32_t i = 0; i < len; i++) bytes[i] = buffer[i];
    const uint32_t stride = (uint32_t)atoi(argv[3]);
    for (uint32_t bit = (uint32_t)atoi(argv[2]); bit < 8 * len; bit += stride) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        putchar(verdict(bytes, len));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
    for (uint32_t cut = 0; cut < len; cut++) {
        uint8_t *part = malloc(cut + 1u);
        if (part == NULL) return 2;
        for (uint32_t i = 0; i < cut; i++) part[i] = buffer[i];
        putchar(verdict(part, cut));
        free(part);
    }
    return 0;
}

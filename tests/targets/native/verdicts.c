/* Prints what guest_check() says of modules, a line each: the reason of a refusal, or the words
 * that the engine needs. Called as: verdicts FILE; the file has each module's length and bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "validate.h"

int main(int count, char **arguments) {
    const struct guest_room room = {65536, GUEST_WORDS_MAX};
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    uint32_t len;
    if (file == NULL) return 2;
    while (fread(&len, 1, sizeof len, file) == sizeof len) {
        struct guest_shape shape;
        /* Exact, so that a sanitizer sees the first byte too many. */
        uint8_t *bytes = malloc(len == 0 ? 1 : len);
        if (bytes == NULL || fread(bytes, 1, len, file) != len) return 2;
        const char *reason = guest_check(bytes, len, &room, &shape);
        if (reason != NULL) printf("%s\n", reason);
        else printf("%u\n", shape.words);
        free(bytes);
    }
    return 0;
}

/* Test filter for the fixture's frames. For each line of standard input it prints the bytes that
 * frame_read returns, in hexadecimal, and the line that frame_write makes of them. It prints "-"
 * for a line that is no frame. */
#include "frame.h"

#include <stdio.h>
#include <string.h>

int main(void) {
    char line[512];
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint8_t bytes[FRAME_MAX];
        char answer[FRAME_LINE_MAX];
        line[strcspn(line, "\n")] = '\0';
        const int32_t len = frame_read(line, bytes);
        if (len < 0) {
            puts("-");
            continue;
        }
        for (int32_t i = 0; i < len; i++) printf("%02x", bytes[i]);
        printf(" | %.*s", (int)frame_write(2, bytes, (uint32_t)len, answer) - 2, answer);
        puts("");
    }
    return 0;
}

/* See trace.h. A line that would not fit is a defect of this program: it asserts. */
#include "trace.h"

#include <assert.h>
#include <string.h>

#include "crc32.h"

static void put(struct line *line, char byte) {
    assert(line->len < LINE_MAX_BYTES);
    line->text[line->len++] = byte;
}

void line_text(struct line *line, const char *text) {
    while (*text != '\0') put(line, *text++);
}

void line_u32(struct line *line, uint32_t value) {
    char digits[10];
    uint32_t count = 0;
    do digits[count++] = (char)('0' + value % 10u);
    while ((value /= 10u) != 0);
    while (count > 0) put(line, digits[--count]);
}

static void hex(struct line *line, uint32_t byte) {
    static const char digits[] = "0123456789abcdef";
    put(line, digits[(byte >> 4) & 15u]);
    put(line, digits[byte & 15u]);
}

void line_hex(struct line *line, const uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) hex(line, bytes[i]);
}

void line_printable(struct line *line, const uint8_t *bytes, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        const uint8_t byte = bytes[i];
        const bool plain = byte >= 0x20 && byte < 0x7f && byte != 0x22 && byte != 0x5c;
        put(line, plain ? (char)byte : '.');
    }
}

void line_crc(struct line *line, const uint8_t *bytes, uint32_t len) {
    const uint32_t crc = crc32_update(0, bytes, len);
    for (uint32_t shift = 32; shift > 0;) {
        shift -= 8;
        hex(line, crc >> shift);
    }
}

void line_end(const struct line *line) { hal_trace(line->text, line->len); }

void trace3(const char *a, const char *b, const char *c) {
    struct line line;
    line.len = 0;
    line_text(&line, a);
    line_text(&line, b);
    line_text(&line, c);
    line_end(&line);
}

bool trace_is_chatter(const char *line, uint32_t len) {
    static const char words[][2] = {{'m', 'a'}, {'l', 'o'}, {'r', 'x'}, {'t', 'x'}, {'d', 'r'}};
    for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
        if (len >= 2 && line[0] == words[i][0] && line[1] == words[i][1]) return true;
    return false;
}

/* Builds one trace line without printf. */
#ifndef TRACE_H
#define TRACE_H

#include "hal.h"

/* The longest is a log line: its text and the words around it. */
#define LINE_MAX_BYTES 176u

struct line {
    uint32_t len;
    char text[LINE_MAX_BYTES];
};

void line_text(struct line *line, const char *text);
void line_u32(struct line *line, uint32_t value);
/* Lower-case hexadecimal, first byte first. */
void line_hex(struct line *line, const uint8_t *bytes, uint32_t len);
/* Printable ASCII as it is; the quote, the backslash and all else as a full stop. */
void line_printable(struct line *line, const uint8_t *bytes, uint32_t len);
/* CRC-32 (ISO-HDLC) of the bytes in eight digits. */
void line_crc(struct line *line, const uint8_t *bytes, uint32_t len);
void line_end(const struct line *line);
/* A whole line: three texts, one after the other. */
void trace3(const char *a, const char *b, const char *c);

/* Lines of messages and of the guest: mark, log, rx, tx, drop. A console under load leaves them out
 * first. */
bool trace_is_chatter(const char *line, uint32_t len);

#endif

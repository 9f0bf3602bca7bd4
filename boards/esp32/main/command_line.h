/* Assembles lines of text from bytes, and finds the command of a line. */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_LINE_MAX 64u

enum command {
    COMMAND_NONE, /* an empty line */
    COMMAND_STATUS,
    COMMAND_JOURNAL,
    COMMAND_FACTORY_RESET,
    COMMAND_FACTORY_RESET_ALL,
    COMMAND_WIFI_POWER,
    COMMAND_WIFI_COUNTRY,
    COMMAND_HELP,
    COMMAND_UNKNOWN,
    COMMAND_TOO_LONG,
    COMMAND_ATTEST
};

struct command_line {
    uint32_t len; /* beyond COMMAND_LINE_MAX: too long, the rest of the line is dropped */
    char text[COMMAND_LINE_MAX + 1];
    /* What follows the command, where it takes a word; else empty. */
    const char *word;
};

/* Takes one byte. Returns true at the end of a line: call command_of() before the next byte. */
bool command_feed(struct command_line *line, uint8_t byte);
/* The command of a line that has ended. Of an unknown one, `text` is made printable. */
enum command command_of(struct command_line *line);

#endif

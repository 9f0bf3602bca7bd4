/* Lines of text from a serial line, and which command one is. Must not know what commands do, nor
 * who sends the bytes. */
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
    COMMAND_HELP,
    COMMAND_UNKNOWN,
    COMMAND_TOO_LONG
};

struct command_line {
    uint32_t len; /* beyond COMMAND_LINE_MAX: too long, the rest is dropped up to its end */
    char text[COMMAND_LINE_MAX + 1];
};

/* Takes one byte. True at the end of a line: command_of() then tells, and the next byte begins
 * anew.
 */
bool command_feed(struct command_line *line, uint8_t byte);
/* Of a line that has ended. `text` then is what was typed, printable, for the answer. */
enum command command_of(struct command_line *line);

#endif

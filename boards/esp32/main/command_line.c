/* See command_line.h. */
#include "command_line.h"

#include <string.h>

static const struct {
    const char *name;
    enum command command;
} commands[] = {
    {"", COMMAND_NONE},           {"status", COMMAND_STATUS},
    {"journal", COMMAND_JOURNAL}, {"factory-reset", COMMAND_FACTORY_RESET},
    {"help", COMMAND_HELP},
};

bool command_feed(struct command_line *line, uint8_t byte) {
    if (byte == '\n') return true;
    if (byte == '\r') return false;
    if (line->len < COMMAND_LINE_MAX) line->text[line->len] = (char)byte;
    if (line->len <= COMMAND_LINE_MAX) line->len++;
    return false;
}

enum command command_of(struct command_line *line) {
    const uint32_t len = line->len;
    line->len = 0;
    if (len > COMMAND_LINE_MAX) return COMMAND_TOO_LONG;
    line->text[len] = '\0';
    for (uint32_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == len && memcmp(line->text, commands[i].name, len) == 0)
            return commands[i].command;
    for (uint32_t i = 0; i < len; i++) {
        const char c = line->text[i];
        if (c < 0x20 || c > 0x7e || c == '"') line->text[i] = '.';
    }
    return COMMAND_UNKNOWN;
}

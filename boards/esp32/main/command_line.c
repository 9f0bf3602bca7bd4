/* See command_line.h. */
#include "command_line.h"

#include <string.h>

static const struct {
    const char *name;
    enum command command;
    bool word; /* one word follows */
} commands[] = {
    {"", COMMAND_NONE, false},
    {"status", COMMAND_STATUS, false},
    {"journal", COMMAND_JOURNAL, false},
    {"factory-reset", COMMAND_FACTORY_RESET, false},
    {"factory-reset --all", COMMAND_FACTORY_RESET_ALL, false},
    {"wifi-power", COMMAND_WIFI_POWER, true},
    {"wifi-country", COMMAND_WIFI_COUNTRY, true},
    {"attest", COMMAND_ATTEST, true},
    {"help", COMMAND_HELP, false},
};

static bool matches(uint32_t i, struct command_line *line, uint32_t len) {
    const size_t name = strlen(commands[i].name);
    if (len < name || memcmp(line->text, commands[i].name, name) != 0) return false;
    if (!commands[i].word) return len == name;
    if (len < name + 2 || line->text[name] != ' ') return false;
    line->word = line->text + name + 1;
    return true;
}

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
    line->word = "";
    for (uint32_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (matches(i, line, len)) return commands[i].command;
    for (uint32_t i = 0; i < len; i++) {
        const char c = line->text[i];
        if (c < 0x20 || c > 0x7e || c == '"') line->text[i] = '.';
    }
    return COMMAND_UNKNOWN;
}

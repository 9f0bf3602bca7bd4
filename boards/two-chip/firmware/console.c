/* The console on UART0: the trace, which outlives a restart, and what is typed. Lines that begin
 * with `@` are the trace, with `= ` an answer; the commands are those of the other boards. */
#include <string.h>

#include "board.h"
#include "command_line.h"
#include "crc32.h"
#include "guest.h"
#include "hal.h"
#include "host.h"
#include "trace.h"
#include "uart.h"

#define OUT_BYTES 4096u
/* Of these the last are for what the board itself does: a flood of messages may drop its own lines,
 * not those of the cut that ends it. */
#define OUT_RESERVE 1024u
#define MAGIC 0x4b53434fu
#define JOURNAL_LINE 32u
#define JOURNAL_BYTES (KS_JOURNAL_SLOTS * KS_JOURNAL_SLOT_BYTES)
#define TEXT_MAX 240u

/* The boot ROM's table of functions (RP2040 data sheet 2.8.3): "UB" restarts as a USB drive. */
#define ROM_TABLE 0x14u
#define ROM_LOOKUP 0x18u
#define ROM_USB_BOOT ('U' | 'B' << 8)
typedef void *(*rom_lookup)(uint16_t *table, uint32_t code);
typedef void (*rom_usb_boot)(uint32_t lamp_mask, uint32_t disable);

static NO_INIT struct {
    uint32_t magic;
    struct byte_ring ring;
    uint8_t bytes[OUT_BYTES];
} out;
static uint32_t lost;
static uint32_t why;
static struct command_line typed;

void console_boot(uint32_t reason) {
    const bool good = out.magic == MAGIC && out.ring.bytes == out.bytes &&
                      out.ring.size == OUT_BYTES && ring_used(&out.ring) <= OUT_BYTES;
    why = reason;
    if (!good) out.ring = (struct byte_ring){out.bytes, OUT_BYTES, 0, 0};
    out.magic = MAGIC;
    uart_console.out = &out.ring;
}

/* --- lines --- */

static void add(const char *text, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) ring_add(&out.ring, (uint8_t)text[i]);
}

static void put(const char *head, uint32_t head_len, const char *line, uint32_t len,
                uint32_t reserve) {
    const uint32_t primask = irq_save();
    if (head_len + len + 2u + reserve > ring_free(&out.ring)) lost++;
    else {
        add(head, head_len);
        add(line, len);
        add("\r\n", 2);
    }
    irq_restore(primask);
    uart_push(&uart_console);
}

static uint32_t number_text(uint32_t value, char *text) {
    char digits[10];
    uint32_t count = 0, len = 0;
    do digits[count++] = (char)('0' + value % 10u);
    while ((value /= 10u) != 0);
    while (count > 0) text[len++] = digits[--count];
    return len;
}

void hal_trace(const char *line, uint32_t len) {
    char head[12] = "@";
    uint32_t head_len = 1u + number_text(hal_now(), head + 1);
    head[head_len++] = ' ';
    put(head, head_len, line, len, trace_is_chatter(line, len) ? OUT_RESERVE : 0);
}

struct answer {
    uint32_t len;
    char text[TEXT_MAX];
};

static void say(struct answer *answer, const char *text) {
    for (; *text != '\0' && answer->len < TEXT_MAX; text++) answer->text[answer->len++] = *text;
}

static void say_number(struct answer *answer, const char *name, uint32_t value) {
    char digits[11];
    digits[number_text(value, digits)] = '\0';
    say(answer, name);
    say(answer, digits);
}

static void say_hex(struct answer *answer, const uint8_t *bytes, uint32_t len) {
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < len; i++) {
        const char pair[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15u], '\0'};
        say(answer, pair);
    }
}

static void say_word(struct answer *answer, const char *name, uint32_t word) {
    const uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
                              (uint8_t)word};
    say(answer, name);
    say_hex(answer, bytes, sizeof bytes);
}

static void end(const struct answer *answer) { put("= ", 2, answer->text, answer->len, 0); }

void console_answer(const char *text, const char *more) {
    struct answer answer = {0};
    say(&answer, text);
    say(&answer, more);
    end(&answer);
}

uint32_t console_lost(void) { return lost; }

/* --- commands --- */

static void status(void) {
    static const char *const boot_names[] = {KS_BOOT_NAMES};
    static const char *const phase_names[] = {KS_PHASE_NAMES};
    struct answer answer = {0};
    say(&answer, "status chip=rp2040");
    say_number(&answer, " version=", KS_ABI_VERSION);
    say(&answer, " phase=");
    say(&answer, phase_names[host_phase()]);
    say(&answer, " radio=");
    say(&answer, (REG(SIO_OUT) & 1u << PIN_RADIO) != 0 ? "on" : "off");
    say(&answer, " boot=");
    say(&answer, boot_names[why]);
    say_number(&answer, " uptime_ms=", hal_now());
    say_word(&answer, " guest=", guest_digest());
    say(&answer, " owner=");
    say(&answer, owner_missing() == NULL ? "present" : "none");
    say(&answer, " random=");
    say(&answer, random_fault() == NULL ? "good" : random_fault());
    say_number(&answer, " lost=", lost);
    say_number(&answer, " arena=", guest_arena_used());
    say_number(&answer, " stack=", stack_left());
    end(&answer);
}

/* The next line of the journal, when there is room for it. */
static uint32_t journal_at = JOURNAL_BYTES;
static uint32_t journal_crc;

static bool journal_poll(void) {
    struct answer answer = {0};
    uint8_t bytes[JOURNAL_LINE];
    if (journal_at >= JOURNAL_BYTES || ring_free(&out.ring) < TEXT_MAX + OUT_RESERVE) return false;
    if (!hal_storage_read(KS_REGION_JOURNAL, journal_at, bytes, JOURNAL_LINE)) {
        console_answer("error the journal cannot be read", "");
        journal_at = JOURNAL_BYTES;
        return true;
    }
    journal_crc = crc32_update(journal_crc, bytes, JOURNAL_LINE);
    say_number(&answer, "journal at=", journal_at);
    say(&answer, " ");
    say_hex(&answer, bytes, JOURNAL_LINE);
    end(&answer);
    journal_at += JOURNAL_LINE;
    if (journal_at < JOURNAL_BYTES) return true;
    answer.len = 0;
    say_word(&answer, "journal crc=", journal_crc);
    end(&answer);
    return true;
}

static void journal_begin(void) {
    struct answer answer = {0};
    say_number(&answer, "journal len=", JOURNAL_BYTES);
    end(&answer);
    journal_at = journal_crc = 0;
}

static bool held(const char *name) {
    if (contacts_button()) return true;
    console_answer("error hold the button and say it again: ", name);
    return false;
}

static void to_usb_drive(void) {
    if (!held("bootsel")) return;
    const uint16_t *words = (const uint16_t *)0;
    __asm__("" : "+r"(words)); /* the boot ROM begins at address 0 */
    const rom_lookup lookup = (rom_lookup)(uintptr_t)words[ROM_LOOKUP / 2u];
    uint16_t *table = (uint16_t *)(uintptr_t)words[ROM_TABLE / 2u];
    const rom_usb_boot boot = (rom_usb_boot)(uintptr_t)lookup(table, ROM_USB_BOOT);
    (void)irq_save();
    REG(SIO_OUT_CLR) = 1u << PIN_RADIO;
    boot(0, 0);
    hal_restart(KS_BOOT_RESET, 0);
}

static void forget(void) {
    if (!held("factory-reset")) return;
    storage_forget();
    console_answer("done", "");
    hal_restart(KS_BOOT_POWER_ON, 0);
}

static void obey(void) {
    switch (command_of(&typed)) {
    case COMMAND_NONE: return;
    case COMMAND_STATUS: status(); return;
    case COMMAND_JOURNAL: journal_begin(); return;
    case COMMAND_FACTORY_RESET: forget(); return;
    case COMMAND_ATTEST: console_answer("error this board makes no attestations", ""); return;
    case COMMAND_HELP:
        console_answer("help: status, journal, factory-reset and bootsel (hold the button), help",
                       "");
        return;
    case COMMAND_TOO_LONG: console_answer("error line longer than 64 bytes: try help", ""); return;
    default:
        if (strcmp(typed.text, "bootsel") == 0) to_usb_drive();
        else console_answer("error unknown command: try help: ", typed.text);
    }
}

bool console_poll(void) {
    bool any = journal_poll();
    while (ring_used(uart_console.in) > 0) {
        const uint8_t byte = ring_take(uart_console.in);
        any = true;
        if (command_feed(&typed, byte)) obey();
    }
    if (any) uart_resume(&uart_console);
    return any;
}

void console_greet(void) {
    console_answer(guest_missing() == NULL ? "killswitch" : "guest refused reason=",
                   guest_missing() == NULL ? " two-chip" : guest_missing());
    if (owner_missing() != NULL) console_answer("owner none reason=", owner_missing());
}

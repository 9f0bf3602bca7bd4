/* Runs the firmware of boards/esp32 in the virtual world. Argument: a file with the owner's
 * partition. Standard input: the script, lines of `<ms> <command>` in order of time. Standard
 * output: what happens, `<ms> <text>`; a line of the console is `<ms> > <text>`. The commands are
 * those of script_run(). */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crc32.h"
#include "host.h"
#include "image_format.h"
#include "pins.h"
#include "radio_power.h"
#include "world.h"

/* Longer than any run takes, in s. */
#define LONGEST_S 300u
#define REGISTER_PAGE 0x1000u

struct world *world;
void world_boot(void);
void world_restore(void);

static const int8_t inputs[] = {KS_GPIO_INPUTS};

static int32_t hex_of(const char *text, uint8_t *bytes, uint32_t max) {
    uint32_t len = 0;
    unsigned byte;
    for (; len < max && sscanf(text + 2 * len, "%2x", &byte) == 1; len++)
        bytes[len] = (uint8_t)byte;
    return (int32_t)len;
}

static void set_ap(struct world_ap *ap, const char *key, const char *value) {
    const long number = strtol(value, NULL, 10);
    if (strcmp(key, "ssid") == 0) ap->ssid_len = (uint32_t)hex_of(value, ap->ssid, 32);
    else if (strcmp(key, "password") == 0)
        (void)snprintf((char *)ap->password, sizeof ap->password, "%s", value);
    else if (strcmp(key, "auth") == 0) ap->auth = (wifi_auth_mode_t)number;
    else if (strcmp(key, "channel") == 0) ap->channel = (uint32_t)number;
    else if (strcmp(key, "rssi") == 0) ap->rssi = (int)number;
    else if (strcmp(key, "bssid") == 0) ap->bssid = (uint8_t)number;
    else if (strcmp(key, "dhcp") == 0) ap->dhcp = number != 0;
    else if (strcmp(key, "ipv6") == 0) ap->ipv6 = number != 0;
    else if (strcmp(key, "hidden") == 0) ap->hidden = number != 0;
    else if (strcmp(key, "enterprise") == 0) ap->enterprise = number != 0;
    else if (strcmp(key, "on") == 0) ap->on = number != 0;
    else if (strcmp(key, "loudest") == 0) ap->loudest = (int)number;
    else if (strcmp(key, "reason") == 0) ap->reason = (uint32_t)number;
    else if (strcmp(key, "refusals") == 0) ap->refusals = (uint32_t)number;
    else abort();
}

/* `ap N key=value ...`. A new one is on, with WPA2 and DHCP, on channel 6. */
static void run_ap(char *words) {
    const uint32_t index = (uint32_t)strtoul(strtok(words, " "), NULL, 10);
    struct world_ap *ap = &world->aps[index];
    if (!ap->used) {
        *ap = (struct world_ap){.used = true, .on = true, .dhcp = true, .auth = WIFI_AUTH_WPA2_PSK};
        ap->channel = 6;
        ap->rssi = -50;
        ap->loudest = 127;
        ap->bssid = (uint8_t)index;
    }
    for (char *word = strtok(NULL, " "); word != NULL; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        if (value == NULL) abort();
        *value = '\0';
        set_ap(ap, word, value + 1);
    }
    wifi_ap_changed(index);
}

static void run_broker(const char *words) {
    static const char *const names[] = {"up", "down", "refuse", "alert", "unknown-ca", "no-name"};
    char name[16] = "";
    if (sscanf(words, "%15s %u", name, &world->broker_code) < 1) abort();
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) world->broker = (enum world_broker)i;
    if (world->broker == BROKER_DOWN) mqtt_lost();
}

static void report(void) {
    uint64_t up = world->up_total;
    if (wifi_has_address(false)) up += world->now - world->up_since;
    world_say("report boots=%u associations=%u tries=%u sessions=%u up_s=%llu heap=%u "
              "heap_least=%u nvs_writes=%u",
              world->boots, world->associations, world->tries, world->sessions,
              (unsigned long long)(up / 1000000), esp_get_free_heap_size(), world->heap_least,
              world->nvs_writes);
}

/* NO opens for a moment while the host is masked. */
static void glimpse(void) {
    const uint32_t pin = (uint32_t)inputs[0];
    pins_quietly(pin, false);
    host_edge_masked();
    pins_quietly(pin, true);
    world_say("glimpse radio=%s", radio_power_sense() ? "on" : "off");
}

/* The supply fails for a second, so nothing is retained. */
static _Noreturn void supply_loss(void) {
    for (uint32_t pin = 0; pin < WORLD_PINS; pin++) world->hold[pin] = false;
    world_say("supply lost");
    extern uint8_t __start_rtc_noinit[], __stop_rtc_noinit[];
    for (uint8_t *at = __start_rtc_noinit; at < __stop_rtc_noinit; at++)
        *at = (uint8_t)esp_random();
    world_reset(ESP_RST_POWERON, 1000);
}

static void run_bytes(const char *command, const char *words) {
    uint8_t bytes[600];
    if (strcmp(command, "type") == 0) {
        uart_input((const uint8_t *)words, (uint32_t)strlen(words));
        uart_input((const uint8_t *)"\n", 1);
        return;
    }
    const uint32_t len = (uint32_t)hex_of(words, bytes, sizeof bytes);
    if (strcmp(command, "bytes") == 0) uart_input(bytes, len);
    else mqtt_message(bytes, len);
}

void script_run(char *line) {
    char command[16] = "";
    int at = 0;
    if (sscanf(line, "%15s %n", command, &at) != 1) abort();
    char *words = line + at;
    const bool on = *words == '1';
    if (strcmp(command, "type") != 0 && strcmp(command, "bytes") != 0) world_say("script %s", line);
    if (strcmp(command, "no") == 0) pins_set((uint32_t)inputs[0], on);
    else if (strcmp(command, "nc") == 0) pins_set((uint32_t)inputs[1], on);
    else if (strcmp(command, "button") == 0) pins_set((uint32_t)inputs[2], on);
    else if (strcmp(command, "ap") == 0) run_ap(words);
    else if (strcmp(command, "broker") == 0) run_broker(words);
    else if (strcmp(command, "mqtt-init") == 0) world->mqtt_init_fails = !on;
    else if (strcmp(command, "nvs-full") == 0) world->nvs_full = on;
    else if (strcmp(command, "coarse") == 0) world->coarse = on;
    else if (strcmp(command, "panics") == 0)
        world->panics_left = (uint32_t)strtoul(words, NULL, 10);
    else if (strcmp(command, "glimpse") == 0) glimpse();
    else if (strcmp(command, "panic") == 0) world_panic("by the script");
    else if (strcmp(command, "supply") == 0) supply_loss();
    else if (strcmp(command, "flash-busy") == 0) world->flash_busy_until = world->now + 60000;
    else if (strcmp(command, "report") == 0) report();
    else if (strcmp(command, "end") == 0) world->finished = true;
    else if (strcmp(command, "kick") == 0) {
        uint32_t ap = 0, reason = 0;
        if (sscanf(words, "%u %u", &ap, &reason) != 2) abort();
        wifi_kick(ap, reason);
    } else if (strcmp(command, "type") == 0 || strcmp(command, "bytes") == 0 ||
               strcmp(command, "message") == 0)
        run_bytes(command, words);
    else abort();
}

/* Memory at the addresses of the registers. */
static void map_registers(void) {
    static const uint32_t pages[] = {0x3ff00000u, 0x3ff44000u, 0x3ff48000u,
                                     0x60004000u, 0x60008000u, 0x60026000u};
    for (uint32_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (mmap((void *)(uintptr_t)pages[i], REGISTER_PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            abort();
}

static void *shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    return memory;
}

static void read_script(void) {
    static char text[256];
    while (fgets(text, sizeof text, stdin) != NULL) {
        int at = 0;
        unsigned long long ms;
        if (world->lines == WORLD_LINES || sscanf(text, "%llu %n", &ms, &at) != 1) abort();
        text[strcspn(text, "\n")] = '\0';
        world->line_at[world->lines] = ms * 1000;
        (void)snprintf(world->line[world->lines++], sizeof *world->line, "%s", text + at);
    }
}

static void read_flash(const char *path) {
    static const uint8_t module[8] = {0, 0x61, 0x73, 0x6d, 1};
    const uint32_t crc = crc32_update(0, module, sizeof module), len = sizeof module;
    memset(world->guest, 0xff, sizeof world->guest);
    memcpy(world->guest, GUEST_MAGIC, 8);
    memcpy(world->guest + 8, &len, 4);
    memcpy(world->guest + 12, &crc, 4);
    memcpy(world->guest + IMAGE_HEADER_BYTES, module, sizeof module);
    memset(world->owner, 0xff, sizeof world->owner);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(world->owner, 1, sizeof world->owner, file) == 0) abort();
    (void)fclose(file);
}

static void on_abort(int signal) {
    (void)signal;
    world_panic("abort");
}

int main(int count, char **words) {
    if (count != 2) return 2;
    (void)alarm(LONGEST_S);
    map_registers();
    world = shared(sizeof *world);
    world->line = shared(WORLD_LINES * sizeof *world->line);
    read_script();
    read_flash(words[1]);
    world->seed = 1;
    world->heap_least = 180000;
    world->reset = ESP_RST_POWERON;
    while (!world->finished) {
        int status = 0;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            (void)signal(SIGABRT, on_abort);
            world_restore();
            world_boot();
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("FATAL status=%d\n", status);
            return 70;
        }
    }
    return 0;
}

/* A virtual ESP32 board for the firmware of boards/esp32: virtual time, tasks, interrupts, pads,
 * flash, Wi-Fi and a broker behind ESP-IDF's interfaces (tests/boards/esp32/idf). Each boot runs in
 * a child process, so that RAM is new while `world` (shared memory) continues. */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "../idf/drivers.h"
#include "../idf/network.h"
#include "../idf/system.h"

#define WORLD_NEVER UINT64_MAX
#define WORLD_PINS 48u
#define WORLD_APS 8u
#define WORLD_NVS 96u
#define WORLD_LINES 40000u
#define WORLD_PARTITION_BYTES 0x20000u

struct world_ap {
    bool used, on, hidden, dhcp, ipv6, enterprise;
    uint8_t ssid[33], password[65], bssid;
    uint32_t ssid_len, channel;
    int rssi;
    wifi_auth_mode_t auth;
    /* The next `refusals` joins are answered with `reason`. */
    uint32_t reason, refusals;
    /* It does not hear a station above this power, in 0.25 dBm. */
    int loudest;
};

struct world_nvs {
    bool used, text;
    char space[24], key[16];
    uint32_t len;
    uint8_t bytes[256];
};

enum world_broker {
    BROKER_UP,
    BROKER_DOWN,
    BROKER_REFUSE,
    BROKER_ALERT,
    BROKER_UNKNOWN_CA,
    BROKER_NO_NAME
};

struct world {
    uint64_t now; /* us */
    bool finished;
    /* The script: lines of a time in ms and a command. */
    uint32_t lines, next_line;
    uint64_t line_at[WORLD_LINES];
    char (*line)[256];
    /* The board. */
    uint32_t seed, boots;
    esp_reset_reason_t reset;
    bool pads[WORLD_PINS], latch[WORLD_PINS], hold[WORLD_PINS], output[WORLD_PINS];
    bool clock_restored, coarse;
    uint64_t flash_busy_until;
    uint8_t rtc[8192];
    uint32_t panics_left;
    /* Flash. */
    struct world_nvs nvs[WORLD_NVS];
    uint8_t owner[0x2000], guest[64];
    uint32_t owner_writes, nvs_writes;
    bool nvs_full;
    /* The air. */
    struct world_ap aps[WORLD_APS];
    enum world_broker broker;
    uint32_t broker_code;
    bool mqtt_init_fails;
    uint32_t heap_least, associations, sessions, tries;
    uint64_t up_since, up_total;
};

extern struct world *world;

/* Prints `<ms> <text>`. */
__attribute__((format(printf, 1, 2))) void world_say(const char *format, ...);
/* Ends this boot: the next one begins `delay_ms` later for `reason`. */
_Noreturn void world_reset(esp_reset_reason_t reason, uint32_t delay_ms);
/* A panic of the firmware, as ESP-IDF's handler ends it. */
_Noreturn void world_panic(const char *why);
/* Lets virtual time pass with interrupts and events served, in the middle of a task. */
void world_spend(uint64_t us);

/* --- between the files of the world --- */

/* Carries out one command of the script. */
void script_run(char *command);
uint64_t timer_due(void);
void timer_fire(void);
void pins_set(uint32_t pin, bool level);
/* Without an interrupt. */
void pins_quietly(uint32_t pin, bool level);
void pins_boot(void);
void uart_input(const uint8_t *bytes, uint32_t len);
uint64_t wifi_due(void);
void wifi_fire(void);
void wifi_kick(uint32_t ap, uint32_t reason);
void wifi_ap_changed(uint32_t ap);
/* Whether the station has an address; for IPv6, one of that kind. */
bool wifi_has_address(bool ipv6);
/* The same, and the access point still answers. */
bool wifi_reaches(bool ipv6);
uint64_t mqtt_due(void);
void mqtt_fire(void);
void mqtt_lost(void);
void mqtt_message(const uint8_t *bytes, uint32_t len);
/* What the heap has, in bytes; a request beyond it fails. */
void *world_alloc(uint32_t size);
void world_free(void *block);

#endif

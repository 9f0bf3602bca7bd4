/* See network.h. The task, which keeps the times at which the next attempts are due. */
#include "network.h"

#include <string.h>

#include "abi.gen.h"
#include "credentials.h"
#include "esp_random.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "network_parts.h"
#include "partitions.h"
#include "record_ring.h"

#define TASK_STACK 4096u
#define TASK_PRIORITY 5
#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_LAST_MS 30000u
#define OUTBOX_BYTES 4096u
/* A scan cannot start while the station joins: it is tried up to SCAN_TRIES times, SCAN_AGAIN_MS
 * apart. It then takes two to three seconds, and is stopped after SCAN_MS. */
#define SCAN_TRIES 10u
#define SCAN_AGAIN_MS 500u
#define SCAN_MS 10000u

static TaskHandle_t task;
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;
static uint8_t outbox_bytes[OUTBOX_BYTES];
static struct record_ring outbox = {outbox_bytes, OUTBOX_BYTES, 0, 0};
static volatile bool radio;
/* The credentials to join with and their number: written by the console, under the lock. */
static struct improv_wifi wanted;
static uint32_t wanted_number;

static uint32_t mqtt_attempts;
/* When the next attempt is due, in ms from now. */
static uint32_t mqtt_in = NETWORK_NEVER;

static struct scan_list heard;
/* A scan is wanted; a scan runs. */
static volatile bool scanning;
static bool listening;
static uint32_t scan_tries, scan_in = NETWORK_NEVER;

uint32_t network_delay(uint32_t *attempts) {
    uint32_t ceiling = BACKOFF_FIRST_MS;
    for (uint32_t i = 0; i < *attempts && ceiling < BACKOFF_LAST_MS; i++) ceiling *= 2;
    if (ceiling > BACKOFF_LAST_MS) ceiling = BACKOFF_LAST_MS;
    ++*attempts;
    return ceiling / 2 + esp_random() % (ceiling / 2 + 1);
}

void network_tell(uint32_t bits) {
    if (task != NULL) (void)xTaskNotify(task, bits, eSetBits);
}

void network_radio(void) {
    radio = true;
    network_tell(NETWORK_RADIO);
}

void network_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    const uint8_t head = (uint8_t)(principal << 4 | channel);
    portENTER_CRITICAL(&lock);
    (void)ring_push(&outbox, &head, 1, bytes, len);
    portEXIT_CRITICAL(&lock);
    network_tell(NETWORK_OUTBOX);
}

static const struct owner *owner(void) {
    const char *refused;
    return owner_partition(&refused);
}

bool network_ready(void) { return radio && owner() != NULL; }

uint32_t network_join(const struct improv_wifi *wifi) {
    portENTER_CRITICAL(&lock);
    wanted = *wifi;
    const uint32_t number = ++wanted_number;
    portEXIT_CRITICAL(&lock);
    network_tell(NETWORK_JOIN);
    return number;
}

void network_scan(void) {
    scanning = true;
    network_tell(NETWORK_SCAN);
}

const struct scan_list *network_heard(void) { return scanning ? NULL : &heard; }

struct network_status network_status(void) {
    struct network_status status = {.wifi_why = "", .wifi_fix = "", .mqtt_why = ""};
    if (!radio) return status;
    join_state(&status);
    mqtt_state(&status);
    return status;
}

/* --- the task --- */

static void scan_end(void) {
    listening = false;
    scan_in = NETWORK_NEVER;
    scanning = false;
}

static void scan_stop(void) {
    if (listening) wifi_scan_stop();
    heard.count = 0;
    scan_end();
}

/* Starts the scan, or ends it when its time is over. */
static void scan(void) {
    if (listening || scan_tries == 0) {
        scan_stop();
        return;
    }
    scan_tries--;
    listening = wifi_begin() == NULL && wifi_scan();
    scan_in = listening ? SCAN_MS : SCAN_AGAIN_MS;
}

static void join(void) {
    struct improv_wifi now;
    portENTER_CRITICAL(&lock);
    now = wanted;
    const uint32_t number = wanted_number;
    portEXIT_CRITICAL(&lock);
    const char *refused = now.ssid[0] == '\0' ? "no-credentials" : wifi_begin();
    if (refused != NULL) join_failed(refused);
    else join_begin(&now, number);
}

/* The radio is on for the first time in this boot. */
static void begin(void) {
    struct improv_wifi stored;
    if (owner() == NULL) {
        join_failed("no-owner");
        return;
    }
    const bool known = credentials_load(&stored);
    portENTER_CRITICAL(&lock);
    if (known && wanted.ssid[0] == '\0') wanted = stored;
    portEXIT_CRITICAL(&lock);
    join();
}

static void drain(void) {
    static uint8_t message[1 + KS_MESSAGE_MAX];
    for (;;) {
        portENTER_CRITICAL(&lock);
        const int32_t len = ring_pop(&outbox, message, sizeof message);
        portEXIT_CRITICAL(&lock);
        if (len < 1) return;
        mqtt_publish(message[0] >> 4, message[0] & 15u, message + 1, (uint32_t)len - 1);
    }
}

static void happened(uint32_t bits) {
    if ((bits & NETWORK_RADIO) != 0) begin();
    if ((bits & NETWORK_JOIN) != 0 && network_ready()) {
        if (scanning) scan_stop();
        join();
    }
    join_events(bits);
    if (join_up() && mqtt_in == NETWORK_NEVER && (bits & NETWORK_WIFI_ADDRESS) != 0) mqtt_in = 0;
    if ((bits & NETWORK_MQTT_DOWN) != 0) mqtt_in = network_delay(&mqtt_attempts);
    if ((bits & NETWORK_OUTBOX) != 0) {
        mqtt_attempts = 0;
        drain();
    }
    if ((bits & NETWORK_SCAN) != 0 && !listening) {
        scan_tries = SCAN_TRIES;
        scan_in = 0;
    }
    if ((bits & NETWORK_SCANNED) != 0 && listening) {
        wifi_heard(&heard);
        scan_end();
    }
}

static void attempt(void) {
    if (scan_in == 0) scan();
    /* A scan ends before the next attempt to join. */
    if (join_in == 0 && !listening) join_due();
    if (mqtt_in == 0 && join_up()) {
        mqtt_in = NETWORK_NEVER;
        mqtt_open(owner());
    }
}

/* Counts `passed` ms off. */
static void pass(uint32_t *in, uint32_t passed) {
    if (*in != NETWORK_NEVER) *in -= passed < *in ? passed : *in;
}

/* Until the next attempt, in ms. */
static uint32_t wait_ms(void) {
    /* A session that is due waits for Wi-Fi without a time. */
    uint32_t wait = mqtt_in == 0 ? NETWORK_NEVER : mqtt_in;
    if (join_in < wait) wait = join_in;
    if (scan_in < wait) wait = scan_in;
    return wait;
}

static void network_task(void *unused) {
    (void)unused;
    TickType_t before = xTaskGetTickCount();
    for (;;) {
        uint32_t bits = 0;
        const uint32_t wait = wait_ms();
        const TickType_t ticks = wait == NETWORK_NEVER ? portMAX_DELAY : pdMS_TO_TICKS(wait) + 1;
        (void)xTaskNotifyWait(0, UINT32_MAX, &bits, ticks);
        const TickType_t now = xTaskGetTickCount();
        const uint32_t passed = (uint32_t)(now - before) * portTICK_PERIOD_MS;
        before = now;
        pass(&join_in, passed);
        pass(&mqtt_in, passed);
        pass(&scan_in, passed);
        happened(bits);
        attempt();
    }
}

void network_start(void) {
    (void)xTaskCreate(network_task, "network", TASK_STACK, NULL, TASK_PRIORITY, &task);
    if (radio) network_tell(NETWORK_RADIO);
}

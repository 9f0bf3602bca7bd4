/* Joining a Wi-Fi network, as a state machine. Which step it is decides what a disconnection means,
 * never its reason code: an access point may send any reason, also that of a station that leaves
 * (8). */
#include <string.h>

#include "network_parts.h"
#include "wifi_reason.h"

/* How long a step may take, in ms. ESP-IDF reports the end of an attempt by itself; JOIN_MS is for
 * the case that it does not. */
#define LEAVE_MS 1000u
#define JOIN_MS 20000u
#define ADDRESS_MS 15000u
/* Joined, without an address: after this the board leaves and joins again. */
#define ADDRESS_LATE_MS 60000u
/* After so many unanswered authentications in a row the transmit power changes between these, in
 * 0.25 dBm: some boards (SuperMini) are heard only at less than full power. */
#define UNANSWERED_MAX 2u
#define UNANSWERED_REASON 2u
#define POWER_FULL 80
#define POWER_LOW 34

enum step { IDLE, LEAVING, JOINING, ADDRESS, ADDRESS_LATE, UP, WAITING };

uint32_t join_in = NETWORK_NEVER;

static enum step step;
static struct improv_wifi wanted;
static uint32_t attempts, unanswered;
static int8_t power_setting;

/* Read by other tasks. */
static volatile enum network_state state;
static volatile uint32_t reason, tries, request;
static const char *volatile word;
static volatile int8_t power;

static void enter(enum step next, uint32_t ms) {
    step = next;
    join_in = ms;
}

static void set_power(int8_t next) {
    power = next;
    station_power(next);
}

static void failed(uint32_t why) {
    reason = why;
    word = NULL;
    tries = tries + 1;
    state = NETWORK_FAILED;
}

/* Full and low power in turn, where the owner set none. */
static void change_power(void) {
    unanswered = reason == UNANSWERED_REASON ? unanswered + 1 : 0;
    if (unanswered < UNANSWERED_MAX || power_setting != 0) return;
    unanswered = 0;
    set_power(power == POWER_LOW ? POWER_FULL : POWER_LOW);
}

static void retry(uint32_t why) {
    failed(why);
    change_power();
    enter(WAITING, network_delay(&attempts));
}

static void connect(void) {
    if (wifi_join(&wanted)) {
        enter(JOINING, JOIN_MS);
        return;
    }
    /* ESP-IDF is in another state than this file: ends whatever it does. */
    station_leave();
    retry(CAUSE_NO_RESULT);
}

static void leave(void) {
    station_leave();
    enter(LEAVING, LEAVE_MS);
}

void join_begin(const struct improv_wifi *wifi, uint32_t number) {
    const bool busy = step == JOINING || step == ADDRESS || step == ADDRESS_LATE || step == UP;
    wanted = *wifi;
    attempts = 0;
    unanswered = 0;
    tries = 0;
    state = NETWORK_TRYING;
    request = number;
    power_setting = credentials_power();
    if (power_setting != 0) set_power(power_setting);
    if (busy) leave();
    else if (step != LEAVING) connect();
}

static void on_down(void) {
    switch (step) {
    case LEAVING: connect(); return;
    case JOINING:
    case ADDRESS:
    case UP: retry(station_reason()); return;
    case ADDRESS_LATE: enter(WAITING, network_delay(&attempts)); return;
    default: return;
    }
}

void join_events(uint32_t bits) {
    if ((bits & NETWORK_WIFI_JOINED) != 0 && step == JOINING) enter(ADDRESS, ADDRESS_MS);
    if ((bits & NETWORK_WIFI_NO_ADDRESS) != 0 && step == UP) {
        state = NETWORK_TRYING;
        enter(ADDRESS, ADDRESS_MS);
    }
    if ((bits & NETWORK_WIFI_ADDRESS) != 0 && (step == ADDRESS || step == ADDRESS_LATE)) {
        attempts = 0;
        unanswered = 0;
        tries = 0;
        state = NETWORK_UP;
        enter(UP, NETWORK_NEVER);
    }
    if ((bits & NETWORK_WIFI_DOWN) != 0) on_down();
}

void join_due(void) {
    switch (step) {
    case LEAVING:
    case WAITING: connect(); return;
    case JOINING:
        failed(CAUSE_NO_RESULT);
        leave();
        return;
    case ADDRESS:
        failed(CAUSE_NO_ADDRESS);
        enter(ADDRESS_LATE, ADDRESS_LATE_MS);
        return;
    case ADDRESS_LATE: leave(); return;
    default: join_in = NETWORK_NEVER; return;
    }
}

bool join_up(void) { return step == UP; }

void join_failed(const char *why) {
    word = why;
    state = NETWORK_FAILED;
    enter(IDLE, NETWORK_NEVER);
}

void join_state(struct network_status *status) {
    const char *other = word;
    const struct wifi_cause *cause = join_cause(reason);
    status->wifi = state;
    status->wifi_why = other != NULL ? other : cause->word;
    status->wifi_fix = other != NULL ? "" : cause->fix;
    status->wifi_reason = reason;
    status->wifi_tries = tries;
    status->wifi_power = power;
    status->request = request;
}

/* The host loop: gate, cut, queue, guest. Its trace is compared byte for byte with that of its
 * twin, host-sim/sim/runtime.ts.
 *
 * Interrupts sample the contacts, step the gate, cut, and push events. The loop pops one event at a
 * time and calls the guest. A restart never returns, so nothing is unwound and nothing is freed. */
#include "host.h"

#include <assert.h>
#include <string.h>

#include "attest.h"
#include "event_queue.h"
#include "gate.h"
#include "guest.h"
#include "trace.h"

/* A guest that has not returned for this long is hung, in ms. */
#define WATCHDOG_MS 2000u
/* A board whose guest trapped stays down this long, in ms, so that a guest that always traps does
 * not make it restart without pause. */
#define TRAP_DELAY_MS 1000u
#define TX_MAX 8u
/* The gate's elapsed field saturates here, in ms. */
#define ELAPSED_MAX 255u
#define SENSE_NONE UINT32_MAX
/* Of a sense: both contacts; NC alone closed. */
#define CONTACTS 3u
#define CONTACTS_KILL 2u
/* With nothing due, the host is woken after this long, in ms: no value of a time means "never". */
#define REST_MS 3600000u

static const char *const boot_names[] = {KS_BOOT_NAMES};
static const char *const phase_names[] = {KS_PHASE_NAMES};
static const char *const event_names[] = {KS_EVENT_NAMES};
static const char *const channel_names[] = {KS_CHANNEL_NAMES};
static const char *const principal_names[] = {KS_PRINCIPAL_NAMES};
static const char init_name[] = "init";

struct message {
    uint32_t principal;
    uint32_t channel;
    uint32_t len;
    uint8_t bytes[KS_MESSAGE_MAX];
};

static struct {
    uint32_t word; /* the gate's */
    uint32_t before;
    uint32_t sense, traced_sense;
    uint32_t last_sample, next_tick, phase;
    bool radio, requested, link_up, ticking;
    bool radio_cut; /* the edge switched the power off; the trace line is still to come */
    bool held;      /* the contacts count as open until they are at KILL */
    bool released;  /* the guest gave the radio up while the gate permitted it */
    /* What host_edge_masked() saw last, if the gate has not seen it yet. */
    volatile bool kept;
    volatile uint32_t kept_sense;
    uint8_t epoch[KS_EPOCH_BYTES];
    /* The guest. */
    bool guest_ready;
    volatile bool in_guest;
    volatile uint32_t guest_since;
    volatile uint32_t calls;
    const char *during;
    uint32_t rx_buffer;
    uint32_t tx_count;
    struct message tx[TX_MAX];
    const struct host_image *image;
} host;

/* Times are ms modulo 2^32, less than 2^31 apart. */
static bool before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }
static uint32_t step(uint32_t word, uint32_t inputs) { return w2c_gate_step(NULL, word, inputs); }

static bool permits(uint32_t word) { return w2c_gate_permits(NULL, word) != 0; }

/* --- the gate --- */

void host_edge_masked(void) {
    const uint32_t sense = hal_sense();
    if (permits(step(host.word, sense))) return;
    if (host.radio) hal_radio(false);
    host.kept_sense = sense;
    host.kept = true;
}

static uint32_t take_sense(void) {
    if (!host.kept) return hal_sense();
    /* Cleared first: an interrupt from here on keeps its own. */
    host.kept = false;
    return host.kept_sense;
}

/* While held, the gate gets open contacts, which can only deny the radio. */
static uint32_t filter(uint32_t sense) {
    if ((sense & CONTACTS) == CONTACTS_KILL) host.held = false;
    return host.held ? sense & ~CONTACTS : sense;
}

void host_edge(void) {
    const uint32_t now = hal_now();
    const uint32_t passed = now - host.last_sample;
    const uint32_t sense = filter(take_sense());
    host.last_sample = now;
    host.sense = sense;
    host.before = host.word;
    host.word = step(host.word, sense | ((passed < ELAPSED_MAX ? passed : ELAPSED_MAX) << 8));
    if (host.radio && !permits(host.word)) {
        hal_radio(false);
        host.radio_cut = true;
    }
}

static void radio_off(void) {
    if (!host.radio) return;
    if (!host.radio_cut) hal_radio(false);
    host.radio = false;
    host.radio_cut = false;
    host.link_up = false;
    trace3("radio power=off", "", "");
}

static _Noreturn void restart(uint32_t reason, uint32_t delay) {
    radio_off();
    trace3("restart reason=", boot_names[reason], "");
    hal_restart(reason, delay);
}

static void push(uint32_t kind, uint32_t a, uint32_t b) {
    if (!queue_push(kind, a, b)) trace3("drop event=", event_names[kind], " reason=FULL");
}

static uint32_t word_at(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void draw_epoch(void) {
    struct line line = {0};
    /* An epoch of zeroes is never issued. */
    do hal_random(host.epoch, KS_EPOCH_BYTES);
    while ((word_at(host.epoch) | word_at(host.epoch + 4)) == 0);
    line_text(&line, "epoch value=");
    line_hex(&line, host.epoch, KS_EPOCH_BYTES);
    line_end(&line);
    push(KS_EVENT_EPOCH, word_at(host.epoch), word_at(host.epoch + 4));
}

static void announce(void) {
    const uint32_t phase = w2c_gate_phase(NULL, host.word);
    if (phase == host.phase) return;
    assert(phase < KS_PHASE_COUNT);
    host.phase = phase;
    trace3("gate phase=", phase_names[phase], "");
    if (phase == KS_PHASE_LIVE) draw_epoch();
    push(KS_EVENT_GATE, hal_now(), phase);
}

/* The gate left LIVE. The radio goes off first; nothing is waited for. */
static _Noreturn void cut(void) {
    radio_off();
    trace3("gate phase=", phase_names[w2c_gate_phase(NULL, host.word)], "");
    restart(KS_BOOT_CUT, 0);
}

static void trace_sense(void) {
    struct line line = {0};
    if (host.sense == host.traced_sense) return;
    host.traced_sense = host.sense;
    line_text(&line, "sense no=");
    line_u32(&line, host.sense & 1u);
    line_text(&line, " nc=");
    line_u32(&line, (host.sense >> 1) & 1u);
    line_text(&line, " rail=");
    line_u32(&line, host.sense >> 2);
    line_end(&line);
}

static uint32_t inputs(void) {
    const uint32_t rail = (host.sense & 4u) != 0 ? KS_INPUT_RAIL : 0;
    const uint32_t link = host.link_up ? KS_INPUT_LINK : 0;
    return hal_inputs() | host.phase | rail | link;
}

static void tick(void) {
    const uint32_t now = hal_now();
    if (!host.ticking || before(now, host.next_tick)) return;
    host.next_tick = now + KS_TICK_MS;
    push(KS_EVENT_TICK, now, inputs());
}

void host_sampled(void) {
    trace_sense();
    if (permits(host.before) && !permits(host.word)) cut();
    announce();
    if (host.in_guest) {
        if (hal_now() - host.guest_since >= WATCHDOG_MS) restart(KS_BOOT_WATCHDOG, 0);
        return;
    }
    tick();
}

uint32_t host_deadline(void) {
    uint32_t due = hal_now() + REST_MS;
    if (host.in_guest) due = host.guest_since + WATCHDOG_MS;
    else if (host.ticking) due = host.next_tick;
    /* A word that one more ms does not change needs no sample until an input changes. */
    const bool settled = step(host.word, host.sense | (1u << 8)) == host.word;
    if (!settled && before(host.last_sample + 1, due)) due = host.last_sample + 1;
    return due;
}

/* --- stimuli --- */

void host_button(bool pressed) { push(KS_EVENT_BUTTON, hal_now(), pressed ? 1 : 0); }

void host_input(void) { push(KS_EVENT_INPUT, hal_now(), inputs()); }

void host_link(bool up) {
    if (up == host.link_up || (up && !host.radio)) return;
    host.link_up = up;
    trace3("link state=", up ? "up" : "down", "");
    push(KS_EVENT_LINK, hal_now(), up ? 1 : 0);
}

void host_received(const uint8_t *bytes, uint32_t len) {
    /* Killed: messages are neither delivered nor kept. */
    if (!host.radio || !host.link_up) return;
    if (len > KS_MESSAGE_MAX) {
        struct line line = {0};
        line_text(&line, "drop event=RX reason=SIZE len=");
        line_u32(&line, len);
        line_end(&line);
    } else if (!rx_room()) trace3("drop event=RX reason=FULL", "", "");
    else if (!queue_push(KS_EVENT_RX, hal_now(), len)) trace3("drop event=RX reason=FULL", "", "");
    else rx_put(bytes, len);
}

/* --- the guest --- */

bool host_in_guest(uint32_t *progress) {
    *progress = host.calls;
    return host.in_guest;
}

bool host_radio_held(void) { return host.held; }

uint32_t host_phase(void) { return host.phase; }

uintptr_t host_stack_floor(void) { return host.image->stack_floor; }

bool host_guest_ready(void) { return host.guest_ready; }

void host_count_call(void) {
    if (host.calls >= KS_CALLS_MAX) host_trap();
    host.calls = host.calls + 1;
}

void host_request_radio(bool on) { host.requested = on; }

bool host_may_send(void) { return host.radio && host.link_up && permits(host.word); }

bool host_queue_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    assert(principal < KS_PRINCIPAL_COUNT && channel < KS_CHANNEL_COUNT);
    assert(len <= KS_MESSAGE_MAX);
    if (host.tx_count >= TX_MAX) return false;
    struct message *message = &host.tx[host.tx_count++];
    message->principal = principal;
    message->channel = channel;
    message->len = len;
    memcpy(message->bytes, bytes, len);
    return true;
}

/* A trap in init also releases the relay. */
_Noreturn void host_trap(void) {
    hal_interrupts(false);
    trace3("trap during=", host.during, "");
    if (host.during == init_name) hal_gpio(KS_PIN_RELAY, 0);
    restart(KS_BOOT_TRAP, TRAP_DELAY_MS);
}

static void enter(const char *during) {
    host.during = during;
    host.calls = 0;
    host.guest_since = hal_now();
    host.in_guest = true;
    hal_interrupts(true);
}

static void leave(void) {
    hal_interrupts(false);
    host.in_guest = false;
}

/* Checks what the guest itself reports; a check of the module cannot. */
static void admit(void) {
    const uint32_t state_len = guest_state_len();
    /* Read once, so that a guest cannot move it later to where it does not fit. */
    host.rx_buffer = guest_rx_buffer();
    if (guest_abi_version() != KS_ABI_VERSION || state_len > KS_STATE_MAX) host_trap();
    if (guest_range(guest_state_ptr(), state_len) == NULL) host_trap();
    if (guest_range(host.rx_buffer, KS_MESSAGE_MAX) == NULL) host_trap();
}

static void start_guest(void) {
    enter(init_name);
    guest_start();
    host.guest_ready = true;
    admit();
    guest_init(host.image->reason);
    leave();
}

static void radio_apply(void) {
    const bool wanted = host.requested && permits(host.word);
    if (wanted == host.radio) return;
    if (!wanted) {
        radio_off();
        host.released = true;
        return;
    }
    host.radio = true;
    hal_radio(true);
    trace3("radio power=on", "", "");
}

static void drain(void) {
    for (uint32_t i = 0; i < host.tx_count && host_may_send(); i++) {
        const struct message *message = &host.tx[i];
        struct line line = {0};
        line_text(&line, "tx channel=");
        line_text(&line, channel_names[message->channel]);
        line_text(&line, " to=");
        line_text(&line, principal_names[message->principal]);
        line_text(&line, " len=");
        line_u32(&line, message->len);
        line_text(&line, " crc=");
        line_crc(&line, message->bytes, message->len);
        line_end(&line);
        hal_link_send(message->principal, message->channel, message->bytes, message->len);
    }
    host.tx_count = 0;
}

static void deliver(uint32_t len) {
    struct line line = {0};
    line_text(&line, "rx len=");
    line_u32(&line, len);
    line_text(&line, " crc=");
    line_crc(&line, rx_oldest(), len);
    line_end(&line);
    uint8_t *buffer = guest_range(host.rx_buffer, KS_MESSAGE_MAX);
    assert(buffer != NULL && len <= KS_MESSAGE_MAX);
    memcpy(buffer, rx_oldest(), len);
}

static void dispatch(const struct event *event) {
    if (event->kind == KS_EVENT_RX) {
        if (host.guest_ready) deliver(event->b);
        rx_release();
    }
    if (!host.guest_ready) return;
    enter(event_names[event->kind]);
    /* A message is dated when the guest gets it: its deadline holds for the execution. */
    const uint32_t a = event->kind == KS_EVENT_RX ? hal_now() : event->a;
    guest_on_event(event->kind, a, event->b);
    leave();
    radio_apply();
    drain();
}

_Noreturn void host_boot(const struct host_image *image) {
    host.image = image;
    host.last_sample = hal_now();
    host.traced_sense = SENSE_NONE;
    host.guest_since = hal_now();
    assert(image->reason < KS_BOOT_COUNT);
    host.held = image->radio_held;
    trace3("boot reason=", boot_names[image->reason], "");
    /* The gate runs before anything else. */
    host_edge();
    host_sampled();
    hal_interrupts(true);
    const char *refused = guest_load(image->guest, image->guest_len);
    hal_interrupts(false);
    if (refused != NULL) trace3("guest state=refused reason=", refused, "");
    else {
        host.next_tick = hal_now();
        host.ticking = true;
        start_guest();
        tick();
    }
    for (;;) {
        struct event event;
        hal_interrupts(false);
        if (queue_pop(&event)) dispatch(&event);
        else if (KS_RADIO_RESTARTS && host.released) restart(KS_BOOT_RESET, 0);
        else if (!attest_work(host.guest_ready ? image : NULL, host.epoch)) hal_idle();
    }
}

/* The contacts' interrupt, the host's alarm and the mask.
 *
 * An edge or an alarm (priority 0) looks at the contacts, takes the radio's enable away if they are
 * not cleanly ON, and asks for PendSV (lowest priority), which calls the host. So nothing that the
 * host does delays the enable, and only PRIMASK does, for a few instructions at a time. The mask is
 * a flag that PendSV heeds. What an interrupt reaches before it knows whether the flash is readable
 * lies in RAM. */
#include "board.h"
#include "host.h"
#include "modem.h"

#define NO (1u << PIN_NO)
#define NC (1u << PIN_NC)
#define BUTTON (1u << PIN_BUTTON)
#define RAIL (1u << PIN_RAIL)
#define RADIO (1u << PIN_RADIO)
#define CONTACTS (NO | NC)
#define MODEM_BOOT (1u << PIN_MODEM_BOOT)
#define INPUT (PAD_INPUT | PAD_SCHMITT)
#define US_PER_MS 1000u
/* Longest time, in ms, until an edge without an interrupt is found. */
#define SETTLED_MS 250u

_Static_assert(PIN_NO / 8 == PIN_NC / 8 && PIN_NO / 8 == PIN_BUTTON / 8 &&
                   PIN_NO / 8 == PIN_RAIL / 8,
               "the inputs share one register of interrupts");
_Static_assert(PIN_NO < 26 && PIN_NC < 26, "the boot ROM clears the input enable of GPIO26 to 29");

void isr_edge(void);
void isr_timer(void);
void isr_service(void);

static volatile bool masked = true;
static volatile bool pending;
static volatile bool serving;
/* Contact levels other than ON that an interrupt saw and the host has not. */
static volatile uint32_t seen;
static volatile bool seen_off;
static bool stale;
static bool button;
/* The host is called no later than this, in ms; no sooner than an event brings it forward. */
static uint32_t alarm_at;

/* --- interrupts --- */

INLINE void look(void) {
    const uint32_t in = REG(SIO_IN) & CONTACTS;
    if (in == NO) return;
    REG(SIO_OUT_CLR) = RADIO;
    seen = in;
    seen_off = true;
}

IN_RAM void contacts_pend(void) {
    pending = true;
    if (!masked) REG(SCB_ICSR) = ICSR_PENDSV_SET;
}

IN_RAM void isr_edge(void) {
    look();
    REG(IO_INTR(PIN_NO)) = UINT32_MAX;
    /* The levels may have changed before the edges were acknowledged. */
    look();
    contacts_pend();
}

IN_RAM void isr_timer(void) {
    look();
    REG(TIMER_INTR) = 1;
    contacts_pend();
}

/* --- the host --- */

uint32_t contacts_level(void) {
    const uint32_t in = REG(SIO_IN) & CONTACTS;
    uint32_t level = in;
    if (seen_off) {
        seen_off = false;
        level = seen;
        stale = level != in;
    }
    return ((level & NO) != 0 ? 1u : 0) | ((level & NC) != 0 ? 2u : 0);
}

bool contacts_button(void) { return (REG(SIO_IN) & BUTTON) != 0; }
bool contacts_rail(void) { return (REG(SIO_IN) & RAIL) != 0; }
bool contacts_serving(void) { return serving; }

void contacts_radio(bool on) {
    const uint32_t primask = irq_save();
    const bool clean = (REG(SIO_IN) & CONTACTS) == NO && !seen_off;
    REG(on && clean ? SIO_OUT_SET : SIO_OUT_CLR) = RADIO;
    irq_restore(primask);
}

void contacts_alarm(uint32_t at) {
    const uint32_t now = hal_now();
    uint32_t ms = at - now;
    if (ms > SETTLED_MS) ms = SETTLED_MS;
    alarm_at = now + ms;
    const uint32_t us = clock_ms_began() + ms * US_PER_MS;
    REG(TIMER_ALARM0) = us;
    if ((int32_t)(REG(TIMER_RAWL) - us) >= 0) contacts_pend();
}

static void serve(void) {
    serving = true;
    stale = false;
    host_edge();
    const bool pressed = contacts_button();
    if (pressed != button) {
        button = pressed;
        host_button(pressed);
    }
    modem_feed();
    host_sampled();
    watchdog_feed();
    serving = false;
    contacts_alarm(stale ? hal_now() + 1 : host_deadline());
}

static void serve_pending(void) {
    while (pending) {
        pending = false;
        serve();
    }
}

/* PendSV. */
void isr_service(void) {
    if (masked) return;
    masked = true;
    serve_pending();
    masked = false;
}

bool contacts_mask(void) {
    const bool was = masked;
    masked = true;
    return was;
}

void contacts_unmask(void) {
    for (;;) {
        serve_pending();
        masked = false;
        if (!pending) return;
        masked = true;
    }
}

void contacts_sleep(void) {
    const uint32_t primask = irq_save();
    if (!pending) __asm__ volatile("wfi" ::: "memory");
    irq_restore(primask);
}

/* --- start-up --- */

static void input(uint32_t pin, uint32_t pull) {
    REG(PAD(pin)) = INPUT | pull;
    REG(IO_CTRL(pin)) = IO_SIO;
}

static void output(uint32_t pin) {
    REG(SIO_OE_SET) = 1u << pin;
    REG(PAD(pin)) = PAD_4MA | PAD_SCHMITT | PAD_INPUT;
    REG(IO_CTRL(pin)) = IO_SIO;
}

void contacts_pins(void) {
    /* The board pulls these three. A pad's own pull-down, 50 to 80 kohm behind the board's 100
     * kohm, would hold a closed contact below the level that surely reads high (claim
     * control-pull). */
    input(PIN_NO, 0);
    input(PIN_NC, 0);
    input(PIN_RAIL, 0);
    input(PIN_BUTTON, PAD_PULL_DOWN);
    REG(SIO_OUT_CLR) = RADIO;
    output(PIN_RADIO);
    /* High: when its enable rises, the modem starts its own firmware, not the ROM's download mode.
     */
    REG(SIO_OUT_SET) = MODEM_BOOT;
    output(PIN_MODEM_BOOT);
}

static void interrupt(uint32_t irq, uint32_t priority) {
    const uint32_t shift = 8u * (irq & 3u) + 6u;
    REG(NVIC_IPR(irq)) = (REG(NVIC_IPR(irq)) & ~(3u << shift)) | priority << shift;
    REG(NVIC_ISER) = 1u << irq;
}

void contacts_start(void) {
    button = contacts_button();
    pending = false;
    REG(SCB_SHPR3) = 3u << 22;
    REG(TIMER_ARMED) = 1;
    REG(TIMER_INTR) = 1;
    REG(TIMER_INTE) = 1;
    REG(IO_INTR(PIN_NO)) = UINT32_MAX;
    REG(IO_INTE(PIN_NO)) =
        IO_EDGES(PIN_NO) | IO_EDGES(PIN_NC) | IO_EDGES(PIN_BUTTON) | IO_EDGES(PIN_RAIL);
    interrupt(IRQ_TIMER, 0);
    interrupt(IRQ_IO, 0);
    interrupt(IRQ_UART0, 2);
    interrupt(IRQ_UART1, 1);
    __asm__ volatile("cpsie i" ::: "memory");
}

void contacts_wait(uint32_t ms) {
    const uint32_t since = hal_now();
    for (;;) {
        /* What the contacts were meanwhile is nothing to the host, which begins with what they are.
         */
        seen_off = false;
        if (hal_now() - since >= ms) return;
        watchdog_feed();
        contacts_alarm(since + ms);
        contacts_sleep();
        pending = false;
    }
}

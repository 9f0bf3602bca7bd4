/* The host's entry points: for a board's start-up and its interrupts, and for the imports and the
 * engine. Twin: the class in host-sim/sim/runtime.ts. */
#ifndef HOST_H
#define HOST_H

#include "abi.gen.h"
#include "hal.h"

struct host_image {
    uint32_t reason;      /* KS_BOOT */
    const uint8_t *guest; /* the module; may be in flash */
    uint32_t guest_len;
    bool radio_held;       /* the switch counts as not at ON until it was at KILL */
    uintptr_t stack_floor; /* the guest may not push the native stack below this address */
};

/* Start-up: the gate, then the guest, then the loop. Called masked, with the pins readable. */
_Noreturn void host_boot(const struct host_image *image);

/* --- interrupts; each is called masked --- */

/* Contact edge or timer; called first in the handler. Steps the gate and, when it leaves LIVE,
 * switches the radio's power off. Bounded: no loop, no trace. */
void host_edge(void);
/* A contact edge or timer while the host is masked: takes the radio's power away if the gate would
 * not permit it at these contacts, and keeps the sample for the next host_edge(). Changes no state
 * of the gate. */
void host_edge_masked(void);
/* Acts on the last edge: announcement, cut (does not return), watchdog (does not return), tick. */
void host_sampled(void);
/* An edge of the button, bounce included. */
void host_button(bool pressed);
/* A line that the board senses has changed. A board without such lines never calls this. */
void host_input(void);
/* The broker session came up or went down. */
void host_link(bool up);
/* A message from the network: copied, or dropped with a trace line. */
void host_received(const uint8_t *bytes, uint32_t len);

/* When the next edge is due if nothing happens outside, in ms modulo 2^32; within the next hour. */
uint32_t host_deadline(void);
/* Whether the board waits for a clean KILL position; see host_image. */
bool host_radio_held(void);
/* KS_PHASE, as last announced. */
uint32_t host_phase(void);
/* Whether the guest has the processor; `*progress` changes with every import it calls. */
bool host_in_guest(uint32_t *progress);

/* --- the guest's side --- */

/* The guest trapped: writes a trace line and restarts. */
_Noreturn void host_trap(void);
/* Counts an import call against the event's budget. */
void host_count_call(void);
/* Whether the guest is instantiated, so that ranges of its memory are valid. */
bool host_guest_ready(void);
void host_request_radio(bool on);
bool host_may_send(void);
bool host_queue_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len);
/* Lowest native stack address a guest may reach. */
uintptr_t host_stack_floor(void);

#endif

/* The clock, why the board boots, and how it boots again.
 *
 * A restart resets the two processors and nothing else: the watchdog is triggered with only them
 * selected, and the boot ROM finds where to go on in the scratch registers (RP2040 data sheet 2.8.2
 * and 4.7). Pins, pads and the timer go on. If the reset does not come, the reset's code is entered
 * by jump: all it needs it sets itself. */
#include "board.h"

#include "hal.h"

/* Bootrom: "watchdog boot" in scratch 4 to 7. */
#define ROM_MAGIC 0xb007c0d3u
/* In scratch 0, which a reset of the chip clears: we asked for this restart, for the reason in its
 * lowest byte; scratch 3 is the delay. Not in RAM: a block that is lost loses neither. */
#define ASKED 0x4b535200u
/* Four seconds, in halves of a microsecond: the watchdog counts two a tick (erratum RP2040-E1). The
 * host ends a hung guest after two. */
#define WATCHDOG_HALF_US 8000000u
/* Turns of 3 cycles that the reset has to come within: 100 us at 125 MHz. */
#define RESET_TURNS 4166u
#define US_PER_MS 1000u

void reset(void);
_Noreturn void restart_by_jump(void);
void spin(uint32_t turns);
extern uint8_t handler_stack_top[];

static NO_INIT struct retained_block block;
/* The ms that the clock is in, and the timer's microsecond that it began at. */
static uint32_t ms, began;

struct retained_block *retained(void) {
    return &block;
}

/* --- the clock --- */

static void clock_start(void) {
    uint32_t high = REG(TIMER_RAWH), low;
    for (;;) {
        low = REG(TIMER_RAWL);
        const uint32_t again = REG(TIMER_RAWH);
        if (again == high) break;
        high = again;
    }
    const uint64_t us = (uint64_t)high << 32 | low;
    const uint32_t timer_ms = (uint32_t)(us / US_PER_MS);
    began = low - (uint32_t)(us % US_PER_MS);
    /* A reset of the chip begins the timer again and clears the scratch registers; the clock goes
     * on from where it was last read. */
    uint32_t ahead = REG(WATCHDOG_SCRATCH(1));
    if (REG(WATCHDOG_SCRATCH(2)) != ~ahead) ahead = retained_clock(&block) - timer_ms;
    REG(WATCHDOG_SCRATCH(1)) = ahead;
    REG(WATCHDOG_SCRATCH(2)) = ~ahead;
    ms = timer_ms + ahead;
}

uint32_t hal_now(void) {
    const uint32_t primask = irq_save();
    uint32_t passed = REG(TIMER_RAWL) - began;
    uint32_t whole = 0;
    /* 1000 of them at a time, then by a reciprocal that may be one too many. */
    for (; passed >= 1000u * US_PER_MS; passed -= 1000u * US_PER_MS) whole += 1000u;
    uint32_t few = (passed * 4195u) >> 22;
    if (few * US_PER_MS > passed) few--;
    whole += few;
    ms += whole;
    began += whole * US_PER_MS;
    const uint32_t now = ms;
    block.now = now;
    block.not_now = ~now;
    irq_restore(primask);
    return now;
}

uint32_t clock_ms_began(void) { return began; }

/* --- why the board boots --- */

uint32_t restart_reason(void) {
    const uint32_t why = REG(WATCHDOG_REASON), note = REG(WATCHDOG_SCRATCH(0));
    const bool asked = (note & ~0xffu) == ASKED && (note & 0xffu) < KS_BOOT_COUNT;
    const bool cold = why == 0 && !asked && (REG(CHIP_RESET) & CHIP_RESET_HAD_POR) != 0;
    uint32_t reason = cold ? KS_BOOT_POWER_ON : KS_BOOT_RESET;
    if (asked) reason = note & 0xffu;
    else if ((why & WATCHDOG_BY_TIMER) != 0) reason = KS_BOOT_WATCHDOG;
    if (reason == KS_BOOT_POWER_ON) retained_clear(&block);
    else if (!retained_good(&block)) {
        retained_clear(&block);
        outputs_adopt();
    }
    REG(WATCHDOG_SCRATCH(0)) = 0;
    clock_start();
    return reason;
}

uint32_t restart_delay(void) {
    const uint32_t delay = REG(WATCHDOG_SCRATCH(3));
    REG(WATCHDOG_SCRATCH(3)) = 0;
    return delay;
}

/* --- boot again --- */

static void aim(void) {
    const uint32_t entry = (uint32_t)(uintptr_t)reset | 1u;
    REG(WATCHDOG_SCRATCH(4)) = ROM_MAGIC;
    REG(WATCHDOG_SCRATCH(5)) = entry ^ -ROM_MAGIC;
    REG(WATCHDOG_SCRATCH(6)) = (uint32_t)(uintptr_t)handler_stack_top;
    REG(WATCHDOG_SCRATCH(7)) = entry;
    REG(PSM_WDSEL) = PSM_PROCESSORS;
    REG(RESETS_BASE + 4u) = 0;
}

void watchdog_start(void) {
    aim();
    watchdog_feed();
    REG(WATCHDOG_CTRL) = WATCHDOG_ENABLE;
}

IN_RAM void watchdog_feed(void) { REG(WATCHDOG_LOAD) = WATCHDOG_HALF_US; }

_Noreturn void hal_restart(uint32_t reason, uint32_t delay_ms) {
    (void)irq_save();
    REG(SIO_OUT_CLR) = 1u << PIN_RADIO;
    REG(WATCHDOG_SCRATCH(0)) = ASKED | reason;
    REG(WATCHDOG_SCRATCH(3)) = delay_ms;
    aim();
    REG_SET(WATCHDOG_CTRL) = WATCHDOG_TRIGGER;
    spin(RESET_TURNS);
    restart_by_jump();
}

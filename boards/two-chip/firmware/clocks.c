/* Clocks, RP2040 data sheet 2.15 to 2.18. Nothing is derived from the ring oscillator, which is
 * read for randomness with the processor on the crystal. */
#include "board.h"

#define STABLE (1u << 31)
#define XOSC_1_15_MHZ 0xaa0u
#define XOSC_ON (0xfabu << 12)
/* 1 ms at 12 MHz, in units of 256 cycles. */
#define XOSC_DELAY 47u
#define REF_FROM_XOSC 2u
#define SYS_FROM_REF 0u
#define SYS_FROM_PLL 1u
#define PERI_FROM_XOSC (4u << 5)
#define ADC_FROM_XOSC (3u << 5)
#define MHZ 12u
#define TICK_ENABLE (1u << 9)

#define PLL_OFF_PD (1u << 0)
#define PLL_OFF_POSTDIV (1u << 3)
#define PLL_OFF_VCO (1u << 5)
/* 12 MHz * 125 = 1500 MHz; / 6 / 2 = 125 MHz. */
#define PLL_TIMES 125u
#define PLL_DIVIDERS (6u << 16 | 2u << 12)

void unreset(uint32_t which) {
    REG_CLR(RESETS_BASE) = which;
    while ((REG(RESETS_DONE) & which) != which) continue;
}

void clocks_slow(void) {
    REG(CLK_SYS_CTRL) = SYS_FROM_REF;
    while ((REG(CLK_SYS_SELECTED) & 1u << SYS_FROM_REF) == 0) continue;
}

void clocks_fast(void) {
    REG(CLK_SYS_CTRL) = SYS_FROM_REF; /* source beside: the PLL */
    REG(CLK_SYS_CTRL) = SYS_FROM_PLL;
    while ((REG(CLK_SYS_SELECTED) & 1u << SYS_FROM_PLL) == 0) continue;
}

void clocks_start(void) {
    REG(XOSC_CTRL) = XOSC_1_15_MHZ;
    REG(XOSC_STARTUP) = XOSC_DELAY;
    REG_SET(XOSC_CTRL) = XOSC_ON;
    while ((REG(XOSC_STATUS) & STABLE) == 0) continue;
    /* After a restart the processor may be on the PLL still. */
    clocks_slow();
    REG(CLK_REF_CTRL) = REF_FROM_XOSC;
    while ((REG(CLK_REF_SELECTED) & 1u << REF_FROM_XOSC) == 0) continue;
    REG(CLK_PERI_CTRL) = CLK_ENABLE | PERI_FROM_XOSC;
    REG(CLK_ADC_CTRL) = CLK_ENABLE | ADC_FROM_XOSC;
    REG(WATCHDOG_TICK) = TICK_ENABLE | MHZ;
    unreset(RESET_TIMER);
    REG_SET(RESETS_BASE) = RESET_PLL_SYS;
    unreset(RESET_PLL_SYS);
    REG(PLL_CS) = 1;
    REG(PLL_FBDIV) = PLL_TIMES;
    REG_CLR(PLL_PWR) = PLL_OFF_PD | PLL_OFF_VCO;
    while ((REG(PLL_CS) & STABLE) == 0) continue;
    REG(PLL_PRIM) = PLL_DIVIDERS;
    REG_CLR(PLL_PWR) = PLL_OFF_POSTDIV;
    clocks_fast();
}

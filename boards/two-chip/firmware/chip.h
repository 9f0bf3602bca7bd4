/* Registers of the RP2040 that this firmware uses, from its data sheet (chapter 2 and section of
 * each block). Offsets are bytes. */
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))
/* Atomic aliases of a peripheral's register (2.1.2). */
#define REG_SET(at) REG((at) + 0x2000u)
#define REG_CLR(at) REG((at) + 0x3000u)

/* Code in RAM, for use while the flash is off. It may call only such code. */
#define IN_RAM __attribute__((section(".ramtext"), noinline))
#define INLINE static inline __attribute__((always_inline))
/* Survives a restart. Arbitrary after a power-on. */
#define NO_INIT __attribute__((section(".noinit")))

#define RESETS_BASE 0x4000c000u
#define RESETS_DONE (RESETS_BASE + 0x8u)
#define RESET_ADC (1u << 0)
#define RESET_IO_BANK0 (1u << 5)
#define RESET_IO_QSPI (1u << 6)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PADS_QSPI (1u << 9)
#define RESET_PLL_SYS (1u << 12)
#define RESET_TIMER (1u << 21)
#define RESET_UART0 (1u << 22)
#define RESET_UART1 (1u << 23)

#define CLK_REF_CTRL 0x40008030u
#define CLK_REF_SELECTED 0x40008038u
#define CLK_SYS_CTRL 0x4000803cu
#define CLK_SYS_SELECTED 0x40008044u
#define CLK_PERI_CTRL 0x40008048u
#define CLK_ADC_CTRL 0x40008060u
#define CLK_ENABLE (1u << 11)

#define XOSC_CTRL 0x40024000u
#define XOSC_STATUS 0x40024004u
#define XOSC_STARTUP 0x4002400cu
#define PLL_CS 0x40028000u
#define PLL_PWR 0x40028004u
#define PLL_FBDIV 0x40028008u
#define PLL_PRIM 0x4002800cu
#define ROSC_RANDOMBIT 0x4006001cu
#define CHIP_RESET 0x40064008u
#define CHIP_RESET_HAD_POR (1u << 8)

#define PSM_WDSEL 0x40010008u
#define PSM_PROCESSORS (1u << 15 | 1u << 16)
#define WATCHDOG_CTRL 0x40058000u
#define WATCHDOG_LOAD 0x40058004u
#define WATCHDOG_REASON 0x40058008u
#define WATCHDOG_SCRATCH(n) (0x4005800cu + 4u * (n))
#define WATCHDOG_TICK 0x4005802cu
#define WATCHDOG_TRIGGER (1u << 31)
#define WATCHDOG_ENABLE (1u << 30)
#define WATCHDOG_BY_TIMER 1u

#define TIMER_ALARM0 0x40054010u
#define TIMER_ARMED 0x40054020u
#define TIMER_RAWH 0x40054024u
#define TIMER_RAWL 0x40054028u
#define TIMER_INTR 0x40054034u
#define TIMER_INTE 0x40054038u

#define IO_CTRL(pin) (0x40014004u + 8u * (pin))
/* Four bits for each pin, eight pins in a register: level low, level high, edge low, edge high. */
#define IO_INTR(pin) (0x400140f0u + 4u * ((pin) / 8u))
#define IO_INTE(pin) (0x40014100u + 4u * ((pin) / 8u))
#define IO_EDGES(pin) (0xcu << 4u * ((pin) % 8u))
#define IO_UART 2u
#define IO_SIO 5u
#define PAD(pin) (0x4001c004u + 4u * (pin))
#define PAD_INPUT (1u << 6)
#define PAD_4MA (1u << 4)
#define PAD_PULL_UP (1u << 3)
#define PAD_PULL_DOWN (1u << 2)
#define PAD_SCHMITT (1u << 1)

#define SIO_IN 0xd0000004u
#define SIO_OUT 0xd0000010u
#define SIO_OUT_SET 0xd0000014u
#define SIO_OUT_CLR 0xd0000018u
#define SIO_OE_SET 0xd0000024u

#define ADC_CS 0x4004c000u
#define ADC_RESULT 0x4004c004u
#define ADC_ENABLE 1u
#define ADC_SENSOR_ENABLE 2u
#define ADC_START 4u
#define ADC_READY (1u << 8)
#define ADC_CHANNEL(n) ((n) << 12)

#define UART0 0x40034000u
#define UART1 0x40038000u
#define UART_DATA 0x0u
#define UART_FLAGS 0x18u
#define UART_IBRD 0x24u
#define UART_FBRD 0x28u
#define UART_LCR 0x2cu
#define UART_CR 0x30u
#define UART_IFLS 0x34u
#define UART_IMSC 0x38u
#define UART_ICR 0x44u
#define UART_RX_EMPTY (1u << 4)
#define UART_TX_FULL (1u << 5)
#define UART_BUSY (1u << 3)
#define UART_INT_RX (1u << 4)
#define UART_INT_TX (1u << 5)
#define UART_INT_SILENCE (1u << 6)

#define NVIC_ISER 0xe000e100u
#define NVIC_ICER 0xe000e180u
#define NVIC_ICPR 0xe000e280u
#define NVIC_IPR(irq) (0xe000e400u + ((irq) & ~3u))
#define SCB_ICSR 0xe000ed04u
#define SCB_VTOR 0xe000ed08u
#define SCB_SHPR3 0xe000ed20u
#define ICSR_PENDSV_SET (1u << 28)
#define ICSR_PENDSV_CLR (1u << 27)
#define IRQ_TIMER 0u
#define IRQ_IO 13u
#define IRQ_UART0 20u
#define IRQ_UART1 21u

#define SSI_CTRLR0 0x18000000u
#define SSI_CTRLR1 0x18000004u
#define SSI_ENABLE 0x18000008u
#define SSI_SER 0x18000010u
#define SSI_BAUDR 0x18000014u
#define SSI_SR 0x18000028u
#define SSI_DR0 0x18000060u
#define SSI_SPI_CTRLR0 0x180000f4u
#define SSI_SR_ROOM (1u << 1)
#define SSI_SR_RECEIVED (1u << 3)
#define QSPI_SS_CTRL 0x4001800cu
#define XIP_FLUSH 0x14000004u
#define XIP_BASE 0x10000000u

/* Masks every interrupt for a few instructions; returns what irq_restore() takes. */
INLINE uint32_t irq_save(void) {
    uint32_t primask;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

INLINE void irq_restore(uint32_t primask) {
    __asm__ volatile("msr primask, %0" ::"r"(primask) : "memory");
}

#endif

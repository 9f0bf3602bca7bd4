/* QEMU's `virt` machine as a bare microcontroller with an RV32IMC core in machine mode. A byte on
 * the UART is the contact edge and the doorbell. The machine timer samples the contacts while the
 * guest works. The reset is the chip's own. */
#include <string.h>

#include "bench.h"

#define UART 0x10000000u
#define UART_DATA 0u
#define UART_IER 1u
#define UART_LSR 5u
#define UART_IRQ 10u
#define LSR_IDLE 0x20u

#define PLIC_PRIORITY 0x0c000000u
#define PLIC_ENABLE 0x0c002000u
#define PLIC_CLAIM 0x0c200004u

#define MTIMECMP 0x02004000u
#define MTIME 0x0200bff8u
#define TICKS_PER_MS 10000u
#define TIMER_MS 5u

#define FINISHER 0x00100000u
#define FINISHER_RESET 0x7777u
#define FINISHER_FAIL 0x3333u

#define MSTATUS_MIE 8u
#define MIE_TIMER 0x80u
#define MIE_EXTERNAL 0x800u
#define CAUSE_INTERRUPT 0x80000000u
#define CAUSE_TIMER 7u
/* Instructions of trap_entry before it reads the counter. */
#define ENTRY_SKEW 5u

#define REG8(at) (*(volatile uint8_t *)(at))
#define REG32(at) (*(volatile uint32_t *)(at))
#define CSR_READ(name)                                                                             \
    ({                                                                                             \
        uint32_t csr_value;                                                                        \
        __asm__ volatile("csrr %0, " #name : "=r"(csr_value));                                     \
        csr_value;                                                                                 \
    })
#define CSR_WRITE(name, value) __asm__ volatile("csrw " #name ", %0" ::"r"(value) : "memory")

extern const uint8_t guest_flash[];
extern uint8_t stack_bottom[];
extern const struct page_in page_in_at;
extern struct page_out page_out_at;

const struct page_in *page_in = &page_in_at;
struct page_out *page_out = &page_out_at;

_Noreturn void abort(void);
void protect_memory(void);
void machine_trap(uint32_t cause, uint32_t entry);
_Noreturn void machine_main(void);

/* --- memory protection --- */

#define PMP_R 1u
#define PMP_W 2u
#define PMP_X 4u
#define PMP_NAPOT 0x18u
#define PMP_LOCKED 0x80u
#define NAPOT(base, size) (((base) >> 2) | (((size) >> 3) - 1u))

/* Locked until the next reset, in machine mode as well: flash and the guest cannot be written, only
 * the harness can write the contacts, and RAM cannot be executed. */
void protect_memory(void) {
    CSR_WRITE(pmpaddr0, NAPOT(0x80000000u, 0x100000u));
    CSR_WRITE(pmpaddr1, NAPOT(0x80100000u, 0x100000u));
    CSR_WRITE(pmpaddr2, NAPOT(0x80300000u, PAGE_IN_BYTES));
    CSR_WRITE(pmpaddr3, NAPOT(0x80200000u, 0x80000u));
    const uint32_t all = PMP_LOCKED | PMP_NAPOT | PMP_R;
    CSR_WRITE(pmpcfg0, (all | PMP_X) | all << 8 | all << 16 | (all | PMP_W) << 24);
}

/* --- interrupts --- */

bool machine_interrupts(bool on) {
    uint32_t before;
    if (on) __asm__ volatile("csrrsi %0, mstatus, 8" : "=r"(before)::"memory");
    else __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before)::"memory");
    return (before & MSTATUS_MIE) != 0;
}

static void timer_set(void) {
    REG32(MTIMECMP + 4) = UINT32_MAX;
    const uint32_t low = REG32(MTIME) + TIMER_MS * TICKS_PER_MS;
    /* The time since reset passes 32 bits of 100 ns after 7 minutes of work at a stretch. */
    const uint32_t high = REG32(MTIME + 4) + (low < TIMER_MS * TICKS_PER_MS ? 1u : 0u);
    REG32(MTIMECMP) = low;
    REG32(MTIMECMP + 4) = high;
}

void machine_wait(void) {
    CSR_WRITE(mie, MIE_EXTERNAL);
    __asm__ volatile("wfi" ::: "memory");
    __asm__ volatile("csrsi mstatus, 8\n\tnop\n\tcsrci mstatus, 8" ::: "memory");
}

static void doorbell(uint32_t entry) {
    const uint32_t claim = REG32(PLIC_CLAIM);
    if (claim != UART_IRQ) return;
    (void)REG8(UART + UART_DATA);
    REG32(PLIC_CLAIM) = claim;
    timer_set();
    CSR_WRITE(mie, MIE_EXTERNAL | MIE_TIMER);
    bench_doorbell(entry);
}

static _Noreturn void fail(void) {
    REG32(FINISHER) = FINISHER_FAIL | 1u << 16;
    for (;;) continue;
}

void machine_trap(uint32_t cause, uint32_t entry) {
    uint32_t calls;
    if (cause == (CAUSE_INTERRUPT | CAUSE_TIMER)) {
        timer_set();
        bench_timer(TIMER_MS);
    } else if ((cause & CAUSE_INTERRUPT) != 0) doorbell(entry - ENTRY_SKEW);
    /* An exception while the guest runs is the guest's trap. */
    else if (host_in_guest(&calls)) host_trap();
    else fail();
}

/* --- the machine --- */

void machine_answer(uint8_t answer) {
    while ((REG8(UART + UART_LSR) & LSR_IDLE) == 0) continue;
    REG8(UART + UART_DATA) = answer;
}

_Noreturn void machine_reset(void) {
    (void)machine_interrupts(false);
    REG32(FINISHER) = FINISHER_RESET;
    for (;;) __asm__ volatile("wfi");
}

uint32_t machine_count(void) { return CSR_READ(minstret); }

_Noreturn void __assert_func(const char *file, int line, const char *function, const char *what);
_Noreturn void __assert_func(const char *file, int line, const char *function, const char *what) {
    (void)file, (void)line, (void)function, (void)what;
    fail();
}

_Noreturn void abort(void) { fail(); }

_Noreturn void machine_main(void) {
    REG32(PLIC_PRIORITY + 4 * UART_IRQ) = 1;
    REG32(PLIC_ENABLE) = 1u << UART_IRQ;
    REG32(PLIC_CLAIM - 4) = 0;
    REG8(UART + UART_IER) = 1;
    CSR_WRITE(mie, MIE_EXTERNAL);
    bench_main(guest_flash, (uintptr_t)stack_bottom + KS_STACK_MARGIN);
}

/* A program that tries what no software on a board may do, by the first byte of the stimuli: 'c'
 * writes the contacts, 'g' the guest's image, 'f' the flash, 'x' runs code in RAM, 's' spins. The
 * machine must end it. */
#define bench_main figures_main
#include "../../../boards/testbench/figures.c"
#undef bench_main

_Noreturn void bench_main(const uint8_t *guest, uintptr_t stack_floor) {
    (void)stack_floor;
    if (page_in->stimuli[0] == 'c') *(volatile uint32_t *)(uintptr_t)&page_in->sense = 1;
    if (page_in->stimuli[0] == 'g') *(volatile uint8_t *)(uintptr_t)guest = 0;
    if (page_in->stimuli[0] == 'f') *(volatile uint8_t *)(uintptr_t)&bench_timer = 0;
    if (page_in->stimuli[0] == 'x') {
        static uint8_t code[4] __attribute__((aligned(4))) = {0x82, 0x80, 0x82, 0x80};
        ((void (*)(void))(uintptr_t)code)();
    }
    if (page_in->stimuli[0] == 's') /* used by stall.test.ts */
        for (;;) __asm__ volatile("");
    machine_answer(ANSWER_DONE);
    for (;;) machine_wait();
}

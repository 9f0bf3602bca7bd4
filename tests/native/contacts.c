/* Software on a board that tries to move the board's own contacts, or to write its own flash or run
 * its own RAM: the machine must stop it. Which one: the first byte of the stimuli. */
#define bench_main figures_main
#include "../../boards/bench/figures.c"
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
    if (page_in->stimuli[0] == 's') /* spins: see stall.test.ts */
        for (;;) __asm__ volatile("");
    machine_answer(ANSWER_DONE);
    for (;;) machine_wait();
}

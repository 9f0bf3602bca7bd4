/* Vectors and reset. The reset is entered from the second stage, from the boot ROM's scratch vector
 * after a restart, or by jump when that does not come; RAM is as it was left, and all of it but
 * .noinit is set again. Thread mode has its stack at the foot of SRAM, where an overflow is a store
 * below SRAM: a hard fault, taken on the handlers' own stack. */
    .cpu cortex-m0plus
    .syntax unified
    .thumb

    .section .vectors, "a"
    .globl vectors
vectors:
    .word handler_stack_top
    .word reset
    .word isr_fault              /* NMI */
    .word isr_fault              /* hard fault */
    .rept 7
    .word isr_fault
    .endr
    .word isr_fault              /* SVCall */
    .word isr_fault
    .word isr_fault
    .word isr_service            /* PendSV */
    .word isr_fault              /* SysTick */
    .word isr_timer
    .rept 12
    .word isr_fault
    .endr
    .word isr_edge               /* IO_BANK0 */
    .rept 6
    .word isr_fault
    .endr
    .word isr_console            /* UART0 */
    .word isr_modem              /* UART1 */
    .rept 4
    .word isr_fault
    .endr

    .text
    .globl reset
    .thumb_func
reset:
    cpsid i
    ldr r0, =0xd0000018          /* The radio's enable first: SIO GPIO_OUT_CLR */
    ldr r1, =1 << PIN_RADIO
    str r1, [r0]
    movs r0, #0
    msr control, r0
    isb
    ldr r0, =handler_stack_top
    msr msp, r0
    ldr r0, =0xe000e180          /* No interrupt of before: NVIC ICER, ICPR */
    movs r1, #0
    mvns r1, r1
    str r1, [r0]
    adds r0, #0xff
    adds r0, #1
    str r1, [r0]
    bl clocks_start              /* 125 MHz for what follows; needs no variable */
    ldr r0, =data_begin
    ldr r1, =data_flash
    ldr r2, =data_end
1:  cmp r0, r2
    bhs 2f
    ldm r1!, {r3}
    stm r0!, {r3}
    b 1b
2:  ldr r0, =bss_begin
    ldr r2, =bss_end
    movs r3, #0
3:  cmp r0, r2
    bhs 4f
    stm r0!, {r3}
    b 3b
4:  ldr r0, =stack_bottom        /* What was used of the stacks shows */
    ldr r2, =stack_top
    ldr r3, =0xa5a5a5a5
5:  stm r0!, {r3}
    cmp r0, r2
    blo 5b
    ldr r0, =stack_top
    msr psp, r0
    movs r0, #2
    msr control, r0
    isb
    ldr r0, =vectors
    ldr r1, =0xe000ed08
    str r0, [r1]
    bl machine_main
6:  b 6b

/* Enters reset as a reset would, from thread or handler mode. */
    .globl restart_by_jump
    .thumb_func
restart_by_jump:
    cpsid i
    ldr r0, =0xe000ed04          /* ICSR: no PendSV of before */
    ldr r1, =1 << 27
    str r1, [r0]
    mrs r0, ipsr
    cmp r0, #0
    beq reset
    ldr r0, =handler_stack_top
    subs r0, #32
    ldr r1, =reset
    str r1, [r0, #24]
    ldr r1, =0x01000000
    str r1, [r0, #28]
    msr msp, r0
    ldr r0, =0xfffffff9
    bx r0

    .section .ramtext, "ax"
    .globl spin
    .thumb_func
spin:                            /* r0 turns of 3 cycles */
    subs r0, #1
    bne spin
    bx lr

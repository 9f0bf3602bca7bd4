/* Reset and trap entry, machine mode. RAM keeps its content through a reset; all of it is set here. */

#define FRAME 80

    .section .reset, "ax"
    .globl reset
reset:
    csrw mie, zero
    csrci mstatus, 8
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, stack_top
    la t0, trap_entry
    csrw mtvec, t0
    la t0, interrupt_stack_top
    csrw mscratch, t0
    call protect_memory
    la a0, stack_bottom
    li a1, 0xa5
    li a2, STACK_BYTES + INTERRUPT_STACK_BYTES - 64
    call memset
    la a0, data_begin
    la a1, data_flash
    la a2, data_end
    sub a2, a2, a0
    call memcpy
    la a0, bss_begin
    li a1, 0
    la a2, bss_end
    sub a2, a2, a0
    call memset
    call machine_main
1:  j 1b

/* mscratch: the interrupt stack, or 0 while it is in use: a second interrupt stays on it. The count
 * of instructions is taken first, so that what follows can be measured. */
    .text
    .align 2
trap_entry:
    csrrw sp, mscratch, sp
    bnez sp, 1f
    csrr sp, mscratch
1:  addi sp, sp, -FRAME
    sw a1, 0(sp)
    csrr a1, minstret
    sw t0, 4(sp)
    csrrw t0, mscratch, zero
    sw t0, 8(sp)
    sw a0, 12(sp)
    csrr a0, mcause
    sw ra, 16(sp)
    sw t1, 20(sp)
    sw t2, 24(sp)
    sw a2, 28(sp)
    sw a3, 32(sp)
    sw a4, 36(sp)
    sw a5, 40(sp)
    sw a6, 44(sp)
    sw a7, 48(sp)
    sw t3, 52(sp)
    sw t4, 56(sp)
    sw t5, 60(sp)
    sw t6, 64(sp)
    csrr t0, mepc
    sw t0, 68(sp)
    csrr t0, mstatus
    sw t0, 72(sp)
    call machine_trap
    lw t0, 72(sp)
    csrw mstatus, t0
    lw t0, 68(sp)
    csrw mepc, t0
    lw t6, 64(sp)
    lw t5, 60(sp)
    lw t4, 56(sp)
    lw t3, 52(sp)
    lw a7, 48(sp)
    lw a6, 44(sp)
    lw a5, 40(sp)
    lw a4, 36(sp)
    lw a3, 32(sp)
    lw a2, 28(sp)
    lw t2, 24(sp)
    lw ra, 16(sp)
    lw a0, 12(sp)
    lw a1, 0(sp)
    lw t0, 8(sp)
    addi t1, sp, FRAME
    beq t0, t1, 2f
    csrw mscratch, t1
2:  lw t1, 20(sp)
    lw t0, 4(sp)
    lw sp, 8(sp)
    mret

/* Start of the hostile image: a stack, and C. */
    .cpu cortex-m0plus
    .syntax unified
    .thumb
    .section .vectors, "a"
    .word 0x20040000
    .word start
    .text
    .globl start
    .thumb_func
start:
    cpsid i
    bl hostile_main
1:  b 1b

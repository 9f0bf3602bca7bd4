/* Second stage of the boot, which the boot ROM copies to RAM: sets the flash interface up for the
 * plain serial read (03h at a quarter of clk_sys), which every SPI flash knows, and starts the
 * image behind it. 252 bytes; the build appends their CRC-32. Values: RP2040 data sheet, 2.8.1.3.1
 * and 4.10.13. */
    .cpu cortex-m0plus
    .syntax unified
    .thumb
    .section .boot2, "ax"
    .globl boot2
    .thumb_func
boot2:
    ldr r3, =0x18000000
    movs r1, #0
    str r1, [r3, #8]        /* SSIENR: off while it is configured */
    movs r1, #4
    str r1, [r3, #0x14]     /* BAUDR: clk_sys / 4 */
    ldr r1, =0x001f0300     /* CTRLR0: 32-bit frames, "EEPROM read" */
    str r1, [r3]
    movs r1, #0
    str r1, [r3, #4]        /* CTRLR1: one frame a read */
    ldr r1, =0x03000218     /* SPI_CTRLR0: command 03h, 8 bits, 24 bits of address */
    movs r2, #0xf4
    str r1, [r3, r2]
    movs r1, #1
    str r1, [r3, #0x10]     /* SER */
    str r1, [r3, #8]        /* SSIENR: on */
    ldr r0, =0x10000100
    ldr r1, =0xe000ed08
    str r0, [r1]            /* VTOR */
    ldm r0!, {r1, r2}
    msr msp, r1
    bx r2
    .ltorg
    .org 252
    .word 0

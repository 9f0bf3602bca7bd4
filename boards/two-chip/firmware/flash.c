/* See flash.h. The serial commands that every SPI NOR flash knows, one line wide, through the SSI
 * (RP2040 data sheet 4.10; command set of the W25Q16JV). While the chip is busy nothing can be read
 * from it, code included: all of this lies in RAM, the host is masked, and the interrupts that come
 * meanwhile are the ones of contacts.c, which stay in RAM then. */
#include "flash.h"

#include "board.h"
#include "flash_map.h"

#define WRITE_ENABLE 0x06u
#define READ_STATUS 0x05u
#define ERASE_SECTOR 0x20u
#define PROGRAM_PAGE 0x02u
#define STATUS_BUSY 1u
#define STATUS_WRITABLE 2u
/* Polls of the status: 400 ms, the longest erase of a sector, is some 60,000 at 125 MHz. */
#define POLLS_MAX 400000u
#define DEPTH 14u
#define OVERRIDE_LOW (2u << 8)
#define OVERRIDE_HIGH (3u << 8)
#define FRAMES_8 (7u << 16)
#define FRAMES_32_READ (31u << 16 | 3u << 8)
#define COMMAND_03 0x03000218u

INLINE void select(uint32_t level) {
    REG(QSPI_SS_CTRL) = level;
    (void)REG(QSPI_SS_CTRL);
}

/* Plain frames of 8 bits, both ways, in place of reads. */
INLINE void serial(void) {
    REG(SSI_ENABLE) = 0;
    REG(SSI_BAUDR) = 6;
    REG(SSI_CTRLR0) = FRAMES_8;
    REG(SSI_SER) = 1;
    REG(SSI_ENABLE) = 1;
}

/* The mode that boot2.S sets. The cache is emptied. */
INLINE void mapped(void) {
    REG(SSI_ENABLE) = 0;
    REG(SSI_BAUDR) = 4;
    REG(SSI_CTRLR0) = FRAMES_32_READ;
    REG(SSI_CTRLR1) = 0;
    REG(SSI_SPI_CTRLR0) = COMMAND_03;
    REG(SSI_SER) = 1;
    REG(SSI_ENABLE) = 1;
    select(0);
    REG(XIP_FLUSH) = 1;
    (void)REG(XIP_FLUSH);
}

/* Sends `head` and `body` and returns the last byte that came back. */
INLINE uint32_t transfer(const uint8_t *head, uint32_t head_len, const uint8_t *body,
                         uint32_t body_len) {
    uint32_t sent = 0, received = 0, last = 0;
    const uint32_t len = head_len + body_len;
    select(OVERRIDE_LOW);
    while (received < len) {
        const uint32_t status = REG(SSI_SR);
        if (sent < len && sent - received < DEPTH && (status & SSI_SR_ROOM) != 0) {
            REG(SSI_DR0) = sent < head_len ? head[sent] : body[sent - head_len];
            sent++;
        }
        if ((status & SSI_SR_RECEIVED) != 0) {
            last = REG(SSI_DR0);
            received++;
        }
    }
    select(OVERRIDE_HIGH);
    return last & 0xffu;
}

INLINE uint32_t status(void) {
    const uint8_t command[2] = {READ_STATUS, 0};
    return transfer(command, 2, command, 0);
}

INLINE bool enable(void) {
    const uint8_t command[1] = {WRITE_ENABLE};
    (void)transfer(command, 1, command, 0);
    return (status() & (STATUS_WRITABLE | STATUS_BUSY)) == STATUS_WRITABLE;
}

/* Interrupts come between two polls: the contacts are looked at within a few microseconds. */
INLINE bool finished(void) {
    for (uint32_t polls = 0; polls < POLLS_MAX; polls++) {
        if ((status() & STATUS_BUSY) == 0) return true;
        watchdog_feed();
    }
    return false;
}

IN_RAM static bool command(uint32_t code, uint32_t at, const uint8_t *bytes, uint32_t len) {
    uint8_t head[4];
    head[0] = (uint8_t)code;
    head[1] = (uint8_t)(at >> 16);
    head[2] = (uint8_t)(at >> 8);
    head[3] = (uint8_t)at;
    serial();
    bool good = enable();
    if (good && code != 0) {
        (void)transfer(head, 4, bytes, len);
        good = finished();
    }
    mapped();
    return good;
}

static bool masked_command(uint32_t code, uint32_t at, const uint8_t *bytes, uint32_t len) {
    const bool was = contacts_mask();
    const bool good = command(code, at, bytes, len);
    if (!was) contacts_unmask();
    return good;
}

bool flash_answers(void) { return masked_command(0, 0, NULL, 0); }

bool flash_erase(uint32_t sector) {
    return masked_command(ERASE_SECTOR, sector * FLASH_SECTOR_BYTES, NULL, 0);
}

bool flash_program(uint32_t at, const void *bytes, uint32_t len) {
    return masked_command(PROGRAM_PAGE, at, bytes, len);
}

const uint8_t *flash_at(uint32_t at) { return (const uint8_t *)(uintptr_t)(XIP_BASE + at); }

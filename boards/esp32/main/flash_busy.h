/* Whether the flash may be erasing or writing, so that a restart can wait for it. A chip that
 * erases answers the ROM's reads with rubbish: the ROM's watchdog then resets the chip again, pad
 * holds included. */
#ifndef FLASH_BUSY_H
#define FLASH_BUSY_H

/* Around every call that writes or erases. Called from tasks; may nest. */
void flash_busy_begin(void);
void flash_busy_end(void);
/* If the flash may be busy: waits until it has finished. Safe in an interrupt, with the cache off.
 */
void flash_busy_settle(void);

#endif

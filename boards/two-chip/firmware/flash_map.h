/* The flash beyond the firmware, in bytes from its beginning. The twin of "flash" in board.json,
 * from which images are made. Sectors of 4 KiB. */
#ifndef FLASH_MAP_H
#define FLASH_MAP_H

#define FLASH_SECTOR_BYTES 4096u
#define FLASH_PAGE_BYTES 256u

/* What image_format.h says: a header and a body. */
#define FLASH_GUEST_AT 0x40000u
#define FLASH_GUEST_BYTES 0x10000u
#define FLASH_OWNER_AT 0x50000u
#define FLASH_OWNER_BYTES 0x2000u
#define FLASH_WIFI_AT 0x52000u
#define FLASH_WIFI_BYTES 0x1000u
#define FLASH_STORAGE_AT 0x60000u
#define FLASH_STORAGE_BYTES 0x20000u

#endif

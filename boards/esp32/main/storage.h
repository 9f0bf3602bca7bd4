/* The regions of storage (KS_REGION): one in RTC memory, the others as blobs in the NVS partition
 * `storage`, which writes each whole or not at all. Must not know what is stored. */
#ifndef STORAGE_H
#define STORAGE_H

#include "hal.h"

/* Erases all regions and the partition `nvs`. The board restarts after it. */
void storage_erase(void);

#endif

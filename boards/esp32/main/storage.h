/* The regions of storage (KS_REGION): RETAINED in RTC memory, the others as blobs in the NVS
 * partition `storage`, which writes each blob completely or not at all. */
#ifndef STORAGE_H
#define STORAGE_H

#include "hal.h"

/* Erases all regions and the partition `nvs`; with `owner` also the owner's keys and broker. The
 * board restarts after it. */
void storage_erase(bool owner);

#endif

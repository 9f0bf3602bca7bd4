/* Wipes secrets. */
#ifndef WIPE_H
#define WIPE_H

#include <stddef.h>
#include <string.h>

/* Zeroes a secret that is not needed any more. memset() alone would be removed by a compiler that
 * sees that nobody reads the bytes again. */
static inline void wipe(void *bytes, size_t len) {
    memset(bytes, 0, len);
    __asm__ volatile("" ::"r"(bytes) : "memory");
}

#endif

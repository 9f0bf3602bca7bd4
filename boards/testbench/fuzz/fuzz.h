/* What the fuzz targets share: where a trap goes, and a host and board that keep nothing. */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "host.h"

#define FUZZ_MEMORY 65536u

extern jmp_buf fuzz_over;
extern bool fuzz_ready;

/* Forgets what the input before left. */
void fuzz_reset(void);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif

/* See gate_twin.c. */
#ifndef GATE_TWIN_H
#define GATE_TWIN_H

#include <stdbool.h>
#include <stdint.h>

uint32_t gate_twin_step(uint32_t word, uint32_t inputs);

#endif

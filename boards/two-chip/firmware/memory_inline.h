/* memcpy of a few bytes, inline: the alignment is tested, then words are copied. wasm3 and wasm2c
 * access the guest's memory by such copies, and GCC makes a call of each on a core that faults on a
 * misaligned word. Included before all else. */
#ifndef MEMORY_INLINE_H
#define MEMORY_INLINE_H

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

void *memcpy_long(void *to, const void *from, size_t len);

typedef uint32_t __attribute__((may_alias)) copied_word;
typedef uint16_t __attribute__((may_alias)) copied_half;

extern inline __attribute__((gnu_inline, always_inline, artificial)) void *
memcpy(void *restrict to, const void *restrict from, size_t len) {
#ifdef KS_ALIGNED
    /* Only for our own modules, whose words are aligned. A test vector would fault if one were not.
     */
    const uintptr_t both = 0;
#else
    const uintptr_t both = (uintptr_t)to | (uintptr_t)from;
#endif
    if (__builtin_constant_p(len) && len <= 8) {
        uint8_t *at = (uint8_t *)to;
        const uint8_t *source = (const uint8_t *)from;
        if (len % 4 == 0 && (both & 3u) == 0) {
            if (len >= 4) *(copied_word *)to = *(const copied_word *)from;
            if (len == 8) ((copied_word *)to)[1] = ((const copied_word *)from)[1];
            return to;
        }
        if (len == 2 && (both & 1u) == 0) {
            *(copied_half *)to = *(const copied_half *)from;
            return to;
        }
        if (len >= 1) at[0] = source[0];
        if (len >= 2) at[1] = source[1];
        if (len >= 3) at[2] = source[2];
        if (len >= 4) at[3] = source[3];
        if (len >= 5) at[4] = source[4];
        if (len >= 6) at[5] = source[5];
        if (len >= 7) at[6] = source[6];
        if (len >= 8) at[7] = source[7];
        return to;
    }
    return memcpy_long(to, from, len);
}

#endif

#endif

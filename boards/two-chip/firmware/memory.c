/* memcpy, memmove and memset by words: a Cortex-M0+ faults on a word at an odd address, so
 * picolibc's copy bytes, which doubles the time to load a guest. Alignment is tested, then words
 * are copied. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A compiler that knew these loops would call the functions they are in. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint32_t __attribute__((may_alias)) word;

#define WORD sizeof(word)
#define TURN (4 * WORD)
#define ALIGNED(a, b) ((((uintptr_t)(a) | (uintptr_t)(b)) & (WORD - 1)) == 0)

void *memset(void *to, int value, size_t len) {
    uint8_t *at = to;
    const uint32_t all = (uint8_t)value * 0x01010101u;
    for (; len > 0 && !ALIGNED(at, 0); len--) *at++ = (uint8_t)value;
    for (; len >= TURN; len -= TURN, at += TURN) {
        word *w = (word *)(void *)at;
        w[0] = all, w[1] = all, w[2] = all, w[3] = all;
    }
    for (; len >= WORD; len -= WORD, at += WORD) *(word *)(void *)at = all;
    for (; len > 0; len--) *at++ = (uint8_t)value;
    return to;
}

/* What memory_inline.h does not do in place, and what the compiler calls by its own name. */
__asm__(".globl memcpy\n\t.thumb_set memcpy, memcpy_long");
void *memcpy_long(void *to, const void *from, size_t len) {
    uint8_t *at = to;
    const uint8_t *source = from;
    if (ALIGNED(at, source)) {
        for (; len >= TURN; len -= TURN, at += TURN, source += TURN) {
            word *w = (word *)(void *)at;
            const word *s = (const word *)(const void *)source;
            const uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
            w[0] = a, w[1] = b, w[2] = c, w[3] = d;
        }
        for (; len >= WORD; len -= WORD, at += WORD, source += WORD)
            *(word *)(void *)at = *(const word *)(const void *)source;
    }
    for (; len > 0; len--) *at++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t len) {
    uint8_t *at = to;
    const uint8_t *source = from;
    if (at <= source || at >= source + len) {
        if (ALIGNED(at, source))
            for (; len >= WORD; len -= WORD, at += WORD, source += WORD)
                *(word *)(void *)at = *(const word *)(const void *)source;
        for (; len > 0; len--) *at++ = *source++;
        return to;
    }
    if (ALIGNED(at + len, source + len))
        for (; len >= WORD; len -= WORD)
            *(word *)(void *)(at + len - WORD) = *(const word *)(const void *)(source + len - WORD);
    for (; len > 0; len--) at[len - 1] = source[len - 1];
    return to;
}

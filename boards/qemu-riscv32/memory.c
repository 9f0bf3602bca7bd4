/* memcpy, memmove and memset by words. picolibc's are built for size and take 6 and 4 instructions
 * a byte, which was a third of a boot; a chip's own library has versions like these. Misaligned
 * words are accessed directly: the core allows it (-mno-strict-align). */
#include <stdint.h>
#include <string.h>

/* Otherwise the compiler turns these loops into calls of the functions that they are in. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint32_t __attribute__((may_alias, aligned(1))) word;

#define WORD sizeof(word)
#define TURN (8 * WORD)

void *memset(void *to, int value, size_t len) {
    uint8_t *at = to;
    const uint32_t all = (uint8_t)value * 0x01010101u;
    for (; len >= TURN; len -= TURN, at += TURN) {
        word *w = (word *)at;
        w[0] = all, w[1] = all, w[2] = all, w[3] = all;
        w[4] = all, w[5] = all, w[6] = all, w[7] = all;
    }
    for (; len >= WORD; len -= WORD, at += WORD) *(word *)at = all;
    for (; len > 0; len--) *at++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    uint8_t *at = to;
    const uint8_t *source = from;
    for (; len >= TURN; len -= TURN, at += TURN, source += TURN) {
        word *w = (word *)at;
        const word *s = (const word *)source;
        const uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
        const uint32_t e = s[4], f = s[5], g = s[6], h = s[7];
        w[0] = a, w[1] = b, w[2] = c, w[3] = d;
        w[4] = e, w[5] = f, w[6] = g, w[7] = h;
    }
    for (; len >= WORD; len -= WORD, at += WORD, source += WORD)
        *(word *)at = *(const word *)source;
    for (; len > 0; len--) *at++ = *source++;
    return to;
}

void *memmove(void *to, const void *from, size_t len) {
    uint8_t *at = to;
    const uint8_t *source = from;
    if (at <= source || at >= source + len) {
        /* Every word is read before it or one behind it is written. */
        for (; len >= WORD; len -= WORD, at += WORD, source += WORD)
            *(word *)at = *(const word *)source;
        for (; len > 0; len--) *at++ = *source++;
        return to;
    }
    for (; len >= WORD; len -= WORD)
        *(word *)(at + len - WORD) = *(const word *)(source + len - WORD);
    for (; len > 0; len--) at[len - 1] = source[len - 1];
    return to;
}

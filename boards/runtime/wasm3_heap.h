/* wasm3's heap: blocks one behind the other in a fixed array. Part of wasm3.c, in place of wasm3's
 * own. Only the last block can be given back; memory that was never used is zero already, since the
 * array is in .bss and every restart clears that.
 *
 * Under AddressSanitizer everything that is not within a block is poisoned, a gap behind each block
 * cannot be crossed unseen, and a block that grows moves, so that stale pointers are found. */
#ifndef WASM3_HEAP_H
#define WASM3_HEAP_H

#if defined(__SANITIZE_ADDRESS__)
#define HEAP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_SANITIZED 1
#endif
#endif

#ifdef HEAP_SANITIZED
#include <sanitizer/asan_interface.h>
#define HEAP_GAP 64u
#else
#define HEAP_GAP 0u
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

static _Alignas(d_m3FixedHeapAlign) u8 heap[HEAP_BYTES];
/* Bytes in use, and the most that ever were. */
static size_t heap_used, heap_dirty;
static size_t heap_last = SIZE_MAX;

static void *take(size_t size, size_t kept) {
    const size_t align = d_m3FixedHeapAlign;
    if (size > sizeof heap) return NULL;
    const size_t end = (heap_used + size + HEAP_GAP + align - 1) & ~(align - 1);
    if (end > sizeof heap) return NULL;
    u8 *block = heap + heap_used;
    ASAN_UNPOISON_MEMORY_REGION(block, size);
    const size_t dirty = heap_dirty > heap_used ? heap_dirty - heap_used : 0;
    if (dirty > kept) memset(block + kept, 0, (dirty < size ? dirty : size) - kept);
    heap_last = heap_used;
    heap_used = end;
    if (heap_dirty < end) heap_dirty = end;
    return block;
}

static void *heap_allocate(size_t size) {
    if (heap_dirty == 0) ASAN_POISON_MEMORY_REGION(heap, sizeof heap);
    return take(size, 0);
}

static void heap_free(void *block) {
    if (block == NULL || heap_last == SIZE_MAX || block != heap + heap_last) return;
    ASAN_POISON_MEMORY_REGION(block, heap_used - heap_last);
    heap_used = heap_last;
    heap_last = SIZE_MAX;
}

static void *heap_resize(void *block, size_t size, size_t old_size) {
    if (size == old_size) return block;
    if (block != NULL && HEAP_GAP == 0 && heap_last != SIZE_MAX && block == heap + heap_last &&
        size > old_size) {
        const size_t before = heap_used, last = heap_last;
        heap_used = heap_last;
        void *grown = take(size, old_size);
        if (grown == NULL) heap_used = before, heap_last = last;
        return grown;
    }
    void *moved = heap_allocate(size);
    if (moved == NULL || block == NULL) return moved;
    memcpy(moved, block, old_size < size ? old_size : size);
    ASAN_POISON_MEMORY_REGION(block, old_size);
    return moved;
}

#endif

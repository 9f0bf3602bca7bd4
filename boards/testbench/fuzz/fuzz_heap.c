/* wasm3 over the sanitizer's heap: each block is an allocation, and all are freed between two
 * inputs. */
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX 4096

static void *blocks[BLOCKS_MAX];
static size_t block_count;

void fuzz_engine_reset(void);
void fuzz_engine_reset(void) {
    while (block_count > 0) free(blocks[--block_count]);
}

static void *kept_calloc(size_t count, size_t size) {
    if (block_count == BLOCKS_MAX || count * size > (1u << 20)) return NULL;
    return blocks[block_count++] = calloc(count, size);
}

static void *kept_realloc(void *block, size_t size) {
    if (block == NULL) return kept_calloc(size, 1);
    if (size > (1u << 20)) return NULL;
    for (size_t i = 0; i < block_count; i++)
        if (blocks[i] == block) return blocks[i] = realloc(block, size);
    abort();
}

static void kept_free(void *block) {
    if (block == NULL) return;
    for (size_t i = 0; i < block_count; i++) {
        if (blocks[i] != block) continue;
        blocks[i] = blocks[--block_count];
        free(block);
        return;
    }
    abort();
}

#define calloc kept_calloc
#define realloc kept_realloc
#define free kept_free
#define KS_OWN_HEAP
#include "../../runtime/wasm3.c"

/* Prints the version of the retained block and the offset of the guest's part in it. */
#include <stddef.h>
#include <stdio.h>

#include "retained_block.h"

int main(void) {
    struct retained_block block;
    retained_clear(&block);
    printf("%u %zu\n", block.version, offsetof(struct retained_block, region));
    return 0;
}

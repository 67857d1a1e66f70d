/* mistakes WHICH: programs that are wrong, for checkers to find. With the archive of `cargo capi-checked`, the memory of
 * arenas and heaps is poisoned wherever no block lies. */

#include "region.h"

#include <string.h>

static char touch(volatile char *p)
{
    return *p;
}

int main(int argc, char **argv)
{
    region_arena a = REGION_ARENA_INIT;
    char *p = (char *)region_alloc(&a, 24);
    const char *which = argc == 2 ? argv[1] : "";
    memset(p, 1, 24);
    if (strcmp(which, "none") == 0)
        return touch(p + 23) != 1;
    if (strcmp(which, "past the end") == 0)
        return touch(p + 24);
    if (strcmp(which, "after a reset") == 0) {
        region_arena_reset(&a, REGION_KEEP_ALL);
        return touch(p);
    }
    if (strcmp(which, "after a rewind") == 0) {
        region_mark mark = region_arena_mark(&a);
        p = region_strdup(&a, "gone");
        region_arena_rewind(&a, mark);
        return touch(p);
    }
    if (strcmp(which, "after a free") == 0) {
        region_free(&a, p, 24);
        return touch(p);
    }
    if (strcmp(which, "beside the blocks of a buffer") == 0) {
        static char buffer[128];
        volatile size_t far_on = 100; /* or the compiler knows that it lies in the buffer, and does not check */
        region_arena_options options = REGION_ARENA_OPTIONS;
        region_arena in_buffer;
        options.buffer = buffer;
        options.buffer_size = sizeof buffer;
        if (region_arena_init(&in_buffer, &options) == 0 && region_alloc(&in_buffer, 24) != NULL)
            return touch(buffer + far_on);
    }
    if (strstr(which, "heap") != NULL) {
        region_heap heap = REGION_HEAP_INIT;
        volatile size_t size = 24; /* or the compiler itself would find it */
        char *block = (char *)region_heap_alloc(&heap, size);
        memset(block, 1, 24);
        if (strcmp(which, "past the end of a heap's block") == 0)
            return touch(block + 24);
        if (strcmp(which, "after a heap's block was freed") == 0)
            region_heap_free_block(&heap, block);
        else
            region_heap_clear(&heap, REGION_KEEP_ALL);
        return touch(block);
    }
    return 77;
}

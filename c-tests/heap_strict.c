/* heap_strict MISTAKE: a strict heap ends the process at a mistake, with a sentence. */

#include "region.h"

#include "check.h"
#include <string.h>

int main(int argc, char **argv)
{
    static char here[32];
    region_heap heap;
    region_heap_options options = REGION_HEAP_OPTIONS;
    const char *which = argc == 2 ? argv[1] : "";
    char *block, *other;
    options.flags = REGION_HEAP_STRICT;
    CHECK(region_heap_init(&heap, &options) == 0);
    block = (char *)region_heap_alloc(&heap, 100);
    other = (char *)region_heap_alloc(&heap, 100);
    CHECK(block != NULL && other != NULL && region_heap_free_block(&heap, block) == 0);
    CHECK(region_heap_free_block(&heap, NULL) == 0 && region_heap_alloc(&heap, SIZE_MAX / 4) == NULL);
    if (strcmp(which, "a second free") == 0)
        region_heap_hook_free(&heap, block);
    else if (strcmp(which, "inside a block") == 0)
        region_heap_free_block(&heap, other + 16);
    else if (strcmp(which, "of elsewhere") == 0)
        region_heap_hook_free(&heap, here);
    else if (strcmp(which, "resized after it was freed") == 0)
        other = (char *)region_heap_realloc(&heap, block, 200);
    CHECK(other != NULL && region_heap_free(&heap) == 0);
    return 0;
}

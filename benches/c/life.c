/* Whole lives, each so many times, for counting their instructions: `count` runs this under callgrind.
 *
 *     life arena N     an arena with ten blocks of 24 bytes, freed
 *     life text N      a text copied and grown at the tip
 *     life pool N      a block of a pool taken and given back */

#include "region.h"
#include <stdlib.h>
#include <string.h>

/* The compiler may not leave the block out. */
#define USE(block) __asm__ volatile("" ::"r"(block) : "memory")

static void arenas(long n)
{
    while (n-- > 0) {
        region_arena a = REGION_ARENA_INIT;
        for (int i = 0; i < 10; i++) {
            void *block = region_alloc(&a, 24);
            USE(block);
        }
        region_arena_free(&a);
    }
}

static void texts(long n)
{
    region_arena a = REGION_ARENA_INIT;
    while (n-- > 0) {
        void *text = region_strdup(&a, "hello world, this is a text");
        text = region_realloc(&a, text, 28, 60);
        USE(text);
        if (n % 100 == 0)
            region_arena_reset(&a, REGION_KEEP_ALL);
    }
    region_arena_free(&a);
}

static void pools(long n)
{
    region_pool pool;
    if (region_pool_init(&pool, 65536, 64, NULL) != 0)
        exit(1);
    while (n-- > 0) {
        void *block = region_pool_take(&pool);
        USE(block);
        region_pool_give(&pool, block);
    }
    region_pool_free(&pool);
}

int main(int argc, char **argv)
{
    long n = argc == 3 ? atol(argv[2]) : 0;
    if (argc == 3 && strcmp(argv[1], "arena") == 0)
        arenas(n);
    else if (argc == 3 && strcmp(argv[1], "text") == 0)
        texts(n);
    else if (argc == 3 && strcmp(argv[1], "pool") == 0)
        pools(n);
    else
        return 1;
    return 0;
}

/* leaks WHERE [lost]: blocks of malloc's that only memory of the library refers to, for LeakSanitizer. They are not
 * lost as long as that memory is there, and are when it was given back. */

#include "check.h"
#include "region.h"
#include <string.h>

static region_arena arena;
static region_map map;
static region_heap heap;
static region_pool pool;
static void *page;

/* Where no pointer of the program's own is left behind, for it is not inlined. */
__attribute__((noinline)) static void put(void *where, size_t at)
{
    void **place = (void **)((char *)where + at);
    *place = malloc(100);
    CHECK(*place);
}

__attribute__((noinline)) static void fill(const char *where)
{
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_map_options wish = REGION_MAP_OPTIONS;
    if (!strcmp(where, "first block")) {
        put(region_alloc(&arena, 32), 8);
    } else if (!strcmp(where, "large block")) {
        put(region_alloc(&arena, 32), 8);
        put(region_calloc(&arena, 3, 1 << 20), 2 << 20);
        put(region_alloc(&arena, 32), 8);
    } else if (!strcmp(where, "reserved arena")) {
        options.reserve = 64 << 20;
        CHECK(region_arena_init(&arena, &options) == 0);
        put(region_alloc(&arena, 9 << 20), 8 << 20);
    } else if (!strcmp(where, "map")) {
        wish.flags = REGION_MAP_GUARD;
        CHECK(region_map_init(&map, 1 << 20, &wish) == 0);
        put(map.base, 0);
        put(map.base, (1 << 20) - sizeof(void *));
    } else if (!strcmp(where, "arena in a map")) {
        CHECK(region_map_init(&map, 1 << 20, NULL) == 0);
        options.buffer = map.base;
        options.buffer_size = 1 << 20;
        CHECK(region_arena_init(&arena, &options) == 0);
        put(region_alloc(&arena, 9000), 8992);
    } else if (!strcmp(where, "heap")) {
        put(region_heap_alloc(&heap, 40), 32);
    } else if (!strcmp(where, "large block of a heap")) {
        put(region_heap_alloc(&heap, 9 << 20), 8 << 20);
    } else {
        CHECK(!strcmp(where, "pool"));
        CHECK(region_pool_init(&pool, 65536, 16, NULL) == 0);
        page = region_pool_take(&pool);
        put(page, 65536 - sizeof(void *));
    }
}

/* The stack as it was below has no old copies. */
__attribute__((noinline)) static void clear_stack(void)
{
    volatile char bytes[50000];
    size_t i;
    for (i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0;
    }
}

int main(int count, char **words)
{
    CHECK(count > 1);
    if (!strcmp(words[1], "nothing of the library's")) {
        /* Whether there is anybody who looks. */
        put(&page, 0);
        page = NULL;
        clear_stack();
        return 0;
    }
    fill(words[1]);
    clear_stack();
    if (count > 2) {
        if (page) {
            CHECK(region_pool_give(&pool, page) == 0);
            page = NULL;
        }
        region_arena_free(&arena);
        region_map_free(&map);
        region_heap_free(&heap);
        region_pool_free(&pool);
    }
    return 0;
}

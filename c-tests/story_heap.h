/* The stories of refused.c about heaps. */
#ifndef STORY_HEAP_H
#define STORY_HEAP_H

#include "story.h"

/* A block of the heap's, or why there is none. */
static void *given_by(const region_heap *heap, void *block)
{
    if (block == NULL)
        fine(region_heap_error(heap));
    return block;
}

static bool is_one_byte(const unsigned char *block, unsigned char byte, size_t len)
{
    return block[0] == byte && memcmp(block, block + 1, len - 1) == 0;
}

/* Small, middle and large blocks, some of which are freed, grow and shrink. Others stay, each full of its byte. */
static void use_heap(region_heap *heap)
{
    static const size_t sizes[] = { 24, 5000, 40 * KIB, 200 * KIB, 1 * MIB, 10 };
    size_t before = count;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        unsigned char *block = (unsigned char *)given_by(heap, region_heap_alloc(heap, size)), *grown;
        void *aligned = given_by(heap, region_heap_alloc_aligned(heap, size / 2, 4096));
        void *zeroes = given_by(heap, region_heap_calloc(heap, 2, size));
        if (aligned != NULL)
            keep(aligned, size / 2);
        if (zeroes != NULL)
            CHECK(zero(zeroes, 2 * size) && region_heap_free_block(heap, zeroes) == 0);
        if (block == NULL)
            continue;
        memset(block, 0x55, size);
        grown = (unsigned char *)given_by(heap, region_heap_realloc(heap, block, 3 * size));
        CHECK(is_one_byte(grown == NULL ? block : grown, 0x55, size));
        if (grown != NULL)
            block = (unsigned char *)region_heap_realloc(heap, grown, size / 2);
        /* One that shrinks may move, and need memory for it. */
        if (grown != NULL && given_by(heap, block) == NULL)
            block = grown;
        CHECK(region_heap_contains(heap, block) && is_one_byte(block, 0x55, size / 2));
        if (i % 2 == 0)
            CHECK(region_heap_free_block(heap, block) == 0);
        else
            keep(block, size / 2);
        intact();
    }
    CHECK(region_heap_trim(heap) == 0);
    intact();
    while (count > before)
        CHECK(region_heap_free_block(heap, kept[--count].start) == 0);
}

static void keep_from(region_heap *heap, size_t size)
{
    void *block = given_by(heap, region_heap_alloc(heap, size));
    if (block != NULL)
        keep(block, size);
}

static void heaps(void)
{
    region_heap a = REGION_HEAP_INIT, b = REGION_HEAP_INIT, c;
    region_heap_options options = REGION_HEAP_OPTIONS;
    region_heap_counts stats;
    options.reserve = 64 * MIB;
    fine(region_heap_init(&c, &options)); /* what could not be had is a heap that grows by itself */
    keep_from(&a, 300);
    use_heap(&a);
    use_heap(&c);
    use_heap(&b);
    CHECK(region_heap_clear(&b, 100 * KIB) == 0 && region_heap_stats(&b, &stats) == 0 && stats.blocks == 0);
    region_trim();
    keep_from(&b, 60 * KIB);
    refusals_end();
    intact();
    use_heap(&a);
    use_heap(&b);
    use_heap(&c);
    intact();
    count = 0;
    CHECK(region_heap_free(&a) == 0 && region_heap_free(&b) == 0 && region_heap_free(&c) == 0);
}

static void heaps_over_other_memory(void)
{
    static char buffer[40000];
    region_arena arena = REGION_ARENA_INIT;
    region_heap over, in_arena, in_buffer;
    region_heap_options options = REGION_HEAP_OPTIONS;
    region_map map;
    options.arena = &arena;
    CHECK(region_heap_init(&in_arena, &options) == 0);
    options.arena = NULL;
    options.buffer = buffer;
    options.buffer_size = sizeof buffer;
    CHECK(region_heap_init(&in_buffer, &options) == 0);
    if (!fine(region_map_init(&map, 10 * MIB, NULL)) || region_heap_over(&over, &map) != 0)
        memset(&over, 0, sizeof over);
    use_heap(&in_arena);
    use_heap(&in_buffer);
    use_heap(&over);
    refusals_end();
    use_heap(&over);
    use_heap(&in_arena);
    use_heap(&in_buffer);
    intact();
    count = 0;
    CHECK(region_heap_free(&over) == 0 && region_heap_free(&in_buffer) == 0 && region_heap_free(&in_arena) == 0);
    CHECK(region_arena_free(&arena) == 0);
}

#endif

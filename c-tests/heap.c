/* What heaps hold to: sizes, alignments, zeroes, growing, clearing, limits, and memory of every kind below them. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static region_heap_counts stats_of(const region_heap *heap)
{
    region_heap_counts stats;
    memset(&stats, 0x77, sizeof stats);
    CHECK(region_heap_stats(heap, &stats) == 0);
    CHECK(stats.used <= stats.taken && stats.taken <= stats.high_water && stats.taken <= stats.reserved);
    CHECK(stats.spare_[0] == 0 && stats.spare_[6] == 0);
    return stats;
}

static bool filled(const void *bytes, unsigned char with, size_t len)
{
    const unsigned char *start = (const unsigned char *)bytes;
    return len == 0 || (start[0] == with && memcmp(start, start + 1, len - 1) == 0);
}

static void blocks_are_as_long_and_aligned_as_asked(void)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 128, 129, 1000, 4096, 32768, 32769, 100000, 3000000 };
    region_heap heap = REGION_HEAP_INIT;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        void *block = region_heap_alloc(&heap, size), *zeroes = region_heap_calloc(&heap, size, 1);
        CHECK(block != NULL && zeroes != NULL && block != zeroes && (uintptr_t)block % 16 == 0);
        CHECK(region_heap_contains(&heap, block) && region_heap_usable_size(&heap, block) >= size);
        CHECK(region_heap_usable_size(&heap, block) == region_heap_good_size(size));
        CHECK(filled(zeroes, 0, size));
        memset(block, 5, region_heap_usable_size(&heap, block));
        for (size_t align = 1; align <= 2 * MIB; align *= 8) {
            char *aligned = (char *)region_heap_alloc_aligned(&heap, size, align);
            char *clean = (char *)region_heap_calloc_aligned(&heap, size, 1, align);
            CHECK(aligned != NULL && (uintptr_t)aligned % align == 0 && region_heap_usable_size(&heap, aligned) >= size);
            CHECK(clean != NULL && (uintptr_t)clean % align == 0 && filled(clean, 0, size));
            memset(aligned, 6, size);
            CHECK(region_heap_free_block(&heap, aligned) == 0 && region_heap_free_block(&heap, clean) == 0);
        }
        CHECK(filled(block, 5, size) && region_heap_free_block(&heap, block) == 0);
        CHECK(region_heap_free_block(&heap, zeroes) == 0 && !region_heap_contains(&heap, block));
    }
    {
        struct wide {
            char bytes[48];
        } *one = region_heap_new(&heap, struct wide), *many = region_heap_new_array(&heap, struct wide, 100);
        memset(one, 1, sizeof *one);
        memset(many, 1, 100 * sizeof *many);
        CHECK(region_heap_free_block(&heap, one) == 0 && region_heap_free_block(&heap, many) == 0);
    }
    CHECK(stats_of(&heap).blocks == 0 && stats_of(&heap).used == 0 && stats_of(&heap).mistakes == 0);
    CHECK(region_heap_error(&heap) == 0 && region_heap_free(&heap) == 0);
}

static void what_is_freed_is_used_again(void)
{
    region_heap heap = REGION_HEAP_INIT;
    static void *blocks[4000];
    size_t most = 0;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 4000; i++) {
            size_t size = 16 + (i * 37 + (size_t)round) % 500;
            blocks[i] = region_heap_alloc(&heap, size);
            memset(blocks[i], (int)i, size);
        }
        CHECK(stats_of(&heap).blocks == 4000);
        for (size_t i = 0; i < 4000; i++)
            CHECK(region_heap_free_block(&heap, blocks[i * 1237 % 4000]) == 0);
        if (round == 1)
            most = stats_of(&heap).high_water;
    }
    CHECK(stats_of(&heap).blocks == 0 && stats_of(&heap).high_water <= most + most / 8);
    CHECK(region_heap_free(&heap) == 0);
}

static void a_block_grows_and_shrinks(void)
{
    region_heap heap = REGION_HEAP_INIT;
    char *block = NULL, *other = (char *)region_heap_alloc(&heap, 24);
    for (size_t size = 1; size < 8 * MIB; size = size * 2 + 5) {
        block = (char *)region_heap_realloc(&heap, block, size);
        CHECK(block != NULL && (uintptr_t)block % 16 == 0 && filled(block, 9, size / 2 - (size > 5 ? 2 : 0)));
        memset(block, 9, size);
    }
    for (size_t size = 4 * MIB; size > 0; size /= 3) {
        block = (char *)region_heap_realloc(&heap, block, size);
        CHECK(block != NULL && filled(block, 9, size) && region_heap_usable_size(&heap, block) >= size);
    }
    block = (char *)region_heap_realloc(&heap, block, 0);
    CHECK(block != NULL && region_heap_contains(&heap, block) && stats_of(&heap).blocks == 2);
    CHECK(region_heap_free_block(&heap, block) == 0 && region_heap_free_block(&heap, other) == 0);
    CHECK(region_heap_free_block(&heap, NULL) == 0 && region_heap_free(&heap) == 0);
}

static void all_blocks_are_freed_at_once(void)
{
    region_heap heap = REGION_HEAP_INIT, zero = REGION_HEAP_INIT, moved;
    for (int i = 0; i < 3; i++) {
        void *first = region_heap_alloc(&heap, 40);
        for (size_t n = 0; n < 2000; n++)
            memset(region_heap_alloc(&heap, 10000), 1, 10000);
        CHECK(region_heap_clear(&heap, i == 0 ? REGION_KEEP_ALL : i == 1 ? MIB : 0) == 0);
        CHECK(stats_of(&heap).blocks == 0 && stats_of(&heap).taken == 0 && !region_heap_contains(&heap, first));
        CHECK(i != 1 || stats_of(&heap).resident <= 2 * MIB);
        CHECK(i != 2 || stats_of(&heap).reserved <= 64 * KIB);
        CHECK(filled(region_heap_calloc(&heap, 10000, 10), 0, 100000));
    }
    /* A heap may be moved. */
    moved = heap;
    CHECK(region_heap_alloc(&moved, 100) != NULL && region_heap_free(&moved) == 0);
    CHECK(memcmp(&moved, &zero, sizeof zero) == 0 && region_heap_free(&moved) == 0);
    CHECK(region_heap_alloc(&moved, 100) != NULL && region_heap_free(&moved) == 0);
}

static void ram_goes_back(void)
{
    region_heap heap = REGION_HEAP_INIT;
    static char *blocks[2000];
    region_heap_counts full;
    for (size_t i = 0; i < 2000; i++)
        memset(blocks[i] = (char *)region_heap_alloc(&heap, 20000), 1, 20000);
    full = stats_of(&heap);
    CHECK(full.resident >= 2000 * (size_t)20000 && full.used >= 2000 * (size_t)20000);
    for (size_t i = 0; i < 2000; i++)
        if (i != 1000)
            CHECK(region_heap_free_block(&heap, blocks[i]) == 0);
    CHECK(stats_of(&heap).idle <= MIB + full.taken / 8);
    /* Its own records stay, and a page that the system may have made a huge one. */
    CHECK(region_heap_trim(&heap) == 0 && stats_of(&heap).idle == 0 && stats_of(&heap).resident < 6 * MIB);
    CHECK(filled(blocks[1000], 1, 20000) && region_heap_free(&heap) == 0);
}

static void limits_hold(void)
{
    region_heap heap;
    size_t got = 0;
    CHECK(region_heap_init(&heap, REGION_HEAP_WITH(.limit = 200 * KIB)) == 0 && stats_of(&heap).limit == 200 * KIB);
    while (region_heap_alloc(&heap, 1000) != NULL)
        got++;
    CHECK(got > 100 && region_heap_error(&heap) == -ENOSPC && stats_of(&heap).taken <= 200 * KIB);
    CHECK(region_heap_set_limit(&heap, SIZE_MAX) == 0 && region_heap_alloc(&heap, MIB) != NULL);
    CHECK(region_heap_set_limit(&heap, 1) == 0 && region_heap_alloc(&heap, 100000) == NULL);
    CHECK(region_heap_free(&heap) == 0 && stats_of(&heap).limit == SIZE_MAX);
    CHECK(region_heap_init(&heap, NULL) == 0 && region_heap_free(&heap) == 0);
}

/* Blocks until there are no more, some freed and taken again; how many bytes they had. */
static size_t use_up(region_heap *heap, size_t most)
{
    size_t bytes = 0;
    char *first = (char *)region_heap_alloc(heap, 24);
    CHECK(first != NULL);
    memset(first, 3, 24);
    for (size_t size = 24, n = 0; bytes < most; size = size > 1000 ? 24 : size * 9 / 8, n++) {
        char *block = (char *)region_heap_alloc(heap, size);
        if (block == NULL && size == 24)
            break;
        if (block == NULL) {
            size = 1001;
            continue;
        }
        memset(block, 5, size);
        if (n % 3 == 0)
            CHECK(region_heap_free_block(heap, block) == 0);
        else
            bytes += size;
    }
    CHECK(filled(first, 3, 24));
    return bytes;
}

static void a_buffer_is_enough(void)
{
    static char memory[100000];
    const size_t sizes[] = { 8192, 10000, 20000, 70000, 99990 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t at = 0; at < 10; at += 9) {
            region_heap_options options = REGION_HEAP_OPTIONS;
            region_heap heap;
            size_t bytes;
            options.buffer = memory + at;
            options.buffer_size = sizes[i];
            options.flags = REGION_HEAP_FIXED;
            memset(memory, 0x77, sizeof memory);
            CHECK(region_heap_init(&heap, &options) == 0);
            CHECK(filled(region_heap_calloc(&heap, 1, 50), 0, 50));
            bytes = use_up(&heap, SIZE_MAX);
            CHECK(region_heap_error(&heap) == -ENOSPC && bytes > sizes[i] / 8 && bytes < sizes[i]);
            CHECK(region_heap_clear(&heap, 0) == 0 && region_heap_alloc(&heap, 300) != NULL);
            CHECK(region_heap_trim(&heap) == 0 && stats_of(&heap).blocks == 1 && stats_of(&heap).reserved == sizes[i]);
            CHECK(region_heap_free(&heap) == 0);
            CHECK(filled(memory, 0x77, at) && filled(memory + at + sizes[i], 0x77, sizeof memory - at - sizes[i]));
        }
    }
}

static void a_buffer_is_the_beginning(void)
{
    static char memory[30000];
    for (size_t size = 0; size <= sizeof memory; size += 3000) {
        region_heap_options options = REGION_HEAP_OPTIONS;
        region_heap heap;
        char *first;
        options.buffer = memory;
        options.buffer_size = size;
        CHECK(region_heap_init(&heap, &options) == 0);
        first = (char *)region_heap_alloc(&heap, 100);
        CHECK((first >= memory && first < memory + size) == (size >= 9000));
        CHECK(use_up(&heap, 3 * MIB) >= 3 * MIB && region_heap_alloc(&heap, 5 * MIB) != NULL);
        CHECK(region_heap_trim(&heap) == 0 && region_heap_free(&heap) == 0);
    }
}

static void a_map_is_a_heaps_memory(void)
{
    const unsigned int flags[] = { 0, REGION_MAP_GUARD, REGION_MAP_HUGE, REGION_MAP_POPULATE };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        region_map_options options = REGION_MAP_OPTIONS;
        region_map map;
        region_heap heap;
        void *base;
        options.flags = flags[i];
        CHECK(region_map_init(&map, 4 * MIB, &options) == 0);
        base = map.base;
        CHECK(region_heap_over(&heap, &map) == 0 && map.base == NULL && map.len == 0);
        CHECK(use_up(&heap, SIZE_MAX) > 3 * MIB && region_heap_error(&heap) == -ENOSPC);
        CHECK(stats_of(&heap).reserved == 4 * MIB);
        CHECK(region_heap_clear(&heap, 0) == 0 && stats_of(&heap).resident <= 2 * MIB);
        {
            char *block = (char *)region_heap_alloc(&heap, 3 * MIB);
            CHECK(block > (char *)base && block < (char *)base + 4 * MIB);
            memset(block, 1, 3 * MIB);
        }
        CHECK(region_heap_free(&heap) == 0 && region_map_free(&map) == 0);
    }
}

static void an_arena_is_a_heaps_memory(void)
{
    region_arena arena = REGION_ARENA_INIT;
    region_heap_options options = REGION_HEAP_OPTIONS;
    region_heap heap;
    region_mark mark;
    region_stats stats;
    void *before = region_alloc(&arena, 100), *block;
    mark = region_arena_mark(&arena);
    options.arena = &arena;
    CHECK(region_heap_init(&heap, &options) == 0 && region_heap_alloc(&heap, 1000) != NULL);
    CHECK(region_arena_stats(&arena, &stats) == 0 && stats.used > 1000);
    /* The last block goes back to the arena, as any block of one. */
    CHECK(region_heap_free(&heap) == 0 && region_arena_stats(&arena, &stats) == 0 && stats.used == 112);
    CHECK(region_heap_init(&heap, &options) == 0);
    block = region_heap_alloc(&heap, 1000);
    CHECK(block != NULL && region_arena_contains(&arena, block) && region_arena_contains(&arena, before));
    CHECK(use_up(&heap, 2 * MIB) >= 2 * MIB && region_heap_trim(&heap) == 0);
    CHECK(region_arena_stats(&arena, &stats) == 0 && stats.used >= 2 * MIB);
    CHECK(region_heap_free(&heap) == 0 && region_arena_rewind(&arena, mark) == 0);
    CHECK(region_arena_set_limit(&arena, 100000) == 0 && region_heap_init(&heap, &options) == 0);
    CHECK(use_up(&heap, SIZE_MAX) > 30000 && region_heap_error(&heap) == -ENOSPC);
    /* A heap that ends with its arena: nothing of it is walked. */
    CHECK(region_arena_free(&arena) == 0);
}

static void a_reservation_is_exact(void)
{
    region_heap_options options = REGION_HEAP_OPTIONS;
    region_heap heap;
    options.reserve = 8 * MIB;
    CHECK(region_heap_init(&heap, &options) == 0 && stats_of(&heap).reserved == 8 * MIB);
    CHECK(use_up(&heap, SIZE_MAX) > 6 * MIB && region_heap_error(&heap) == -ENOSPC);
    CHECK(region_heap_free(&heap) == 0);
}

static void stats_are_printed(void)
{
    static char memory[10000];
    region_heap heap;
    region_heap_options options = REGION_HEAP_OPTIONS;
    char text[400];
    int ends[2];
    ssize_t len;
    options.buffer = memory;
    options.buffer_size = sizeof memory;
    options.flags = REGION_HEAP_FIXED;
    options.limit = 5000;
    CHECK(pipe(ends) == 0 && region_heap_init(&heap, &options) == 0 && region_heap_alloc(&heap, 100) != NULL);
    CHECK(region_heap_free_block(&heap, memory + 5) < 0 && region_heap_print_stats(&heap, ends[1]) == 0);
    len = read(ends[0], text, sizeof text - 1);
    CHECK(len > 0);
    text[len] = '\0';
    CHECK(strstr(text, "region_heap: 112 bytes used in 1 blocks, 512 taken, ") == text);
    CHECK(strstr(text, " 10000 reserved, limit 5000, 1 mistakes\n") != NULL);
    CHECK(region_heap_free(&heap) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
}

/* The same as text, in full, in part, and not at all. */
static void a_report_is_written(const region_heap *heap, const char *printed)
{
    char text[2000];
    const size_t len = strlen(printed);
    CHECK(region_heap_report(heap, text, sizeof text) == len && strcmp(text, printed) == 0);
    CHECK(region_heap_report(heap, NULL, 0) == len && region_heap_report(heap, NULL, 10) == len);
    for (size_t size = 0; size <= len + 2; size += size < 3 || size + 4 > len ? 1 : 7) {
        memset(text, '#', sizeof text);
        CHECK(region_heap_report(heap, text, size) == len);
        if (size != 0) {
            const size_t fits = size - 1 < len ? size - 1 : len;
            CHECK(strlen(text) == fits && memcmp(text, printed, fits) == 0);
        }
        CHECK(text[size] == '#');
    }
}

static void a_report_is_printed(void)
{
    region_heap heap = REGION_HEAP_INIT;
    char text[2000];
    void *blocks[3];
    int ends[2];
    ssize_t len;
    size_t at = 0;
    CHECK((blocks[0] = region_heap_alloc(&heap, 24)) != NULL && (blocks[1] = region_heap_alloc(&heap, 1000)) != NULL);
    CHECK((blocks[2] = region_heap_alloc(&heap, 100000)) != NULL && region_heap_alloc(&heap, 40000) != NULL);
    CHECK(region_heap_free_block(&heap, blocks[2]) == 0);
    CHECK(pipe(ends) == 0 && region_heap_print_report(&heap, ends[1]) == 0 && close(ends[1]) == 0);
    while ((len = read(ends[0], text + at, sizeof text - 1 - at)) > 0)
        at += (size_t)len;
    CHECK(len == 0 && close(ends[0]) == 0);
    text[at] = '\0';
    CHECK(strstr(text, "region_heap: 42016 bytes used in 3 blocks\n  ") == text);
    CHECK(strstr(text, "\n          32        1          1        127              4096\n") != NULL);
    CHECK(strstr(text, "\n        1024        1          1          3              4096\n") != NULL);
    CHECK(strstr(text, "\n       large                   1                        40960\n") != NULL);
    CHECK(strstr(text, "\n    no block                                           102400\n") != NULL);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        CHECK(strchr(line, '\n') - line < 80);
    a_report_is_written(&heap, text);
    CHECK(region_heap_free(&heap) == 0);
}

/* ---- What is refused. */

static void null_in_place_of_a_heap(void)
{
    region_heap_counts stats;
    region_heap heap = REGION_HEAP_INIT;
    EMPTY(region_heap_alloc(NULL, 1));
    EMPTY(region_heap_alloc_aligned(NULL, 1, 16));
    EMPTY(region_heap_alloc_array(NULL, 1, 1, 16));
    EMPTY(region_heap_calloc(NULL, 1, 1));
    EMPTY(region_heap_calloc_aligned(NULL, 1, 1, 16));
    EMPTY(region_heap_realloc(NULL, NULL, 1));
    EMPTY(region_heap_realloc(NULL, &heap, 1));
    EMPTY(region_heap_usable_size(NULL, &heap));
    EMPTY(region_heap_contains(NULL, &heap));
    EMPTY(region_heap_usable_size(&heap, NULL));
    EMPTY(region_heap_contains(&heap, NULL));
    EMPTY(region_heap_hook_malloc(NULL, 1));
    EMPTY(region_heap_hook_calloc(NULL, 1, 1));
    EMPTY(region_heap_hook_realloc(NULL, NULL, 1));
    EMPTY(region_heap_hook_resize(NULL, NULL, 0, 1));
    EMPTY(region_heap_hook_size(NULL, &heap));
    region_heap_hook_free(NULL, &heap);
    FAILS(region_heap_init(NULL, NULL), -EINVAL);
    FAILS(region_heap_init_(&heap, NULL, 7), -EPROTO);
    FAILS(region_heap_over(NULL, NULL), -EINVAL);
    FAILS(region_heap_over(&heap, NULL), -EINVAL);
    FAILS(region_heap_over_(&heap, NULL, 7), -EPROTO);
    FAILS(region_heap_free(NULL), -EINVAL);
    FAILS(region_heap_clear(NULL, 0), -EINVAL);
    FAILS(region_heap_trim(NULL), -EINVAL);
    FAILS(region_heap_set_limit(NULL, 1), -EINVAL);
    FAILS(region_heap_error(NULL), -EINVAL);
    FAILS(region_heap_free_block(NULL, &heap), -EINVAL);
    FAILS(region_heap_stats(NULL, &stats), -EINVAL);
    FAILS(region_heap_stats(&heap, NULL), -EINVAL);
    FAILS(region_heap_print_stats(NULL, 1), -EINVAL);
    FAILS(region_heap_print_stats(&heap, -1), -EBADF);
    FAILS(region_heap_print_report(NULL, 1), -EINVAL);
    EMPTY(region_heap_report(NULL, NULL, 0));
    FAILS(region_heap_print_report(&heap, -1), -EBADF);
    CHECK(region_heap_clear(&heap, 0) == 0 && region_heap_trim(&heap) == 0 && stats_of(&heap).reserved == 0);
}

static void sizes_that_cannot_be(void)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 3, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2 + 1, SIZE_MAX / 2 };
    static const size_t bad[] = { 0, 3, 24, SIZE_MAX / 4 * 3 + 3, SIZE_MAX, SIZE_MAX / 2 + 1 };
    region_heap heap = REGION_HEAP_INIT;
    for (int round = 0; round < 2; round++) {
        char *block = (char *)region_heap_alloc(&heap, 100);
        memset(block, 8, 100);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            volatile size_t size = sizes[i], align = bad[i], half = SIZE_MAX / 2 + 2;
            EMPTY(region_heap_alloc(&heap, size));
            CHECK(region_heap_error(&heap) == -EOVERFLOW || region_heap_error(&heap) == -ENOMEM);
            EMPTY(region_heap_alloc_aligned(&heap, size, 4096));
            EMPTY(region_heap_calloc(&heap, 1, size));
            EMPTY(region_heap_calloc(&heap, half, 2));
            CHECK(region_heap_error(&heap) == -EOVERFLOW);
            EMPTY(region_heap_alloc_array(&heap, half, 4, 4));
            EMPTY(region_heap_realloc(&heap, block, size));
            CHECK(region_heap_contains(&heap, block) && filled(block, 8, 100));
            EMPTY(region_heap_hook_malloc(&heap, size));
            EMPTY(region_heap_hook_realloc(&heap, block, size));
            EMPTY(region_heap_alloc_aligned(&heap, 8, align));
            CHECK(region_heap_error(&heap) == -EINVAL && region_heap_good_size(size) >= size);
            EMPTY(region_heap_calloc_aligned(&heap, 8, 1, align));
        }
        CHECK(region_heap_alloc(&heap, 200000) != NULL && stats_of(&heap).mistakes == 0);
    }
    CHECK(region_heap_free(&heap) == 0);
}

static void options_that_cannot_be(void)
{
    static char memory[10000];
    static region_arena arena = REGION_ARENA_INIT;
    static const struct {
        void *buffer;
        size_t size;
        size_t reserve;
        region_arena *arena;
        unsigned int flags;
        int status;
    } wishes[] = {
        { NULL, 1, 0, NULL, 0, -EINVAL },
        { NULL, 0, 0, NULL, REGION_HEAP_FIXED, -EINVAL },
        { NULL, 0, 1 << 20, NULL, REGION_HEAP_FIXED, -EINVAL },
        { NULL, 0, 0, &arena, REGION_HEAP_FIXED, -EINVAL },
        { NULL, 0, 0, NULL, 4, -EINVAL },
        { memory, 10000, 1 << 20, NULL, 0, -EINVAL },
        { memory, 10000, 0, &arena, 0, -EINVAL },
        { NULL, 0, 1 << 20, &arena, 0, -EINVAL },
        { memory, 0, 0, NULL, REGION_HEAP_FIXED, -EINVAL },
        { memory, 1000, 0, NULL, REGION_HEAP_FIXED, -EINVAL },
        { memory, SIZE_MAX, 0, NULL, 0, -EOVERFLOW },
        { memory, SIZE_MAX / 2 + 1, 0, NULL, REGION_HEAP_FIXED, -EOVERFLOW },
        { memory, 1000, 0, NULL, 0, 0 },
        { NULL, 0, 0, NULL, REGION_HEAP_STRICT, 0 },
        { memory, 10000, 0, NULL, REGION_HEAP_STRICT | REGION_HEAP_FIXED, 0 },
    };
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        region_heap_options options = REGION_HEAP_OPTIONS;
        region_heap heap;
        options.buffer = wishes[i].buffer;
        options.buffer_size = wishes[i].size;
        options.reserve = wishes[i].reserve;
        options.arena = wishes[i].arena;
        options.flags = wishes[i].flags;
        memset(&heap, 0x77, sizeof heap);
        CHECK(region_heap_init(&heap, &options) == wishes[i].status);
        CHECK(region_heap_alloc(&heap, 16) != NULL && region_heap_free(&heap) == 0);
        options.reserved_ = 1;
        FAILS(region_heap_init(&heap, &options), -EINVAL);
    }
    {
        const unsigned int flags[] = { REGION_MAP_SHARED, REGION_MAP_RESERVE };
        region_heap heap;
        region_map map = REGION_MAP_INIT;
        region_map_options wish = REGION_MAP_OPTIONS;
        region_heap_options options = REGION_HEAP_OPTIONS;
        options.reserve = SIZE_MAX;
        CHECK(region_heap_init(&heap, &options) < 0 && region_heap_alloc(&heap, 1) != NULL);
        CHECK(region_heap_free(&heap) == 0);
        FAILS(region_heap_over(&heap, &map), -EINVAL);
        for (size_t i = 0; i < 2; i++) {
            wish.flags = flags[i];
            CHECK(region_map_init(&map, MIB, &wish) == 0);
            FAILS(region_heap_over(&heap, &map), -EINVAL);
            CHECK(map.base != NULL && region_map_free(&map) == 0);
        }
    }
}

static void pointers_that_are_no_blocks(void)
{
    region_heap heap = REGION_HEAP_INIT, other = REGION_HEAP_INIT;
    char *block = (char *)region_heap_alloc(&heap, 100), *large = (char *)region_heap_alloc(&heap, 100000);
    char *others = (char *)region_heap_alloc(&other, 100), *kept = (char *)region_heap_alloc(&heap, 100);
    char here[32];
    memset(kept, 4, 100);
    FAILS(region_heap_free_block(&heap, here), -EFAULT);
    FAILS(region_heap_free_block(&heap, others), -EFAULT);
    FAILS(region_heap_free_block(&heap, block + 1), -EINVAL);
    FAILS(region_heap_free_block(&heap, block + 16), -EINVAL);
    FAILS(region_heap_free_block(&heap, large + 4096), -EINVAL);
    CHECK(region_heap_error(&heap) == -EINVAL && region_heap_free_block(&heap, block) == 0);
    FAILS(region_heap_free_block(&heap, block), -EALREADY);
    EMPTY(region_heap_realloc(&heap, block, 200));
    CHECK(region_heap_error(&heap) == -EALREADY);
    EMPTY(region_heap_realloc(&heap, here, 200));
    CHECK(region_heap_error(&heap) == -EFAULT);
    EMPTY(region_heap_hook_realloc(&heap, kept + 8, 200));
    EMPTY(region_heap_hook_realloc(&heap, block, 0));
    EMPTY(region_heap_usable_size(&heap, block));
    EMPTY(region_heap_contains(&heap, kept + 16));
    region_heap_hook_free(&heap, block);
    region_heap_hook_free(&heap, &heap);
    CHECK(stats_of(&heap).mistakes == 12 && stats_of(&heap).blocks == 2 && filled(kept, 4, 100));
    CHECK(region_heap_free_block(&heap, large) == 0 && region_heap_free_block(&heap, large) < 0);
    CHECK(region_heap_free_block(&heap, kept) == 0 && stats_of(&heap).blocks == 0);
    CHECK(region_heap_clear(&heap, REGION_KEEP_ALL) == 0 && region_heap_free_block(&heap, kept) < 0);
    CHECK(region_heap_free(&heap) == 0 && region_heap_free(&other) == 0);
    FAILS(region_heap_free_block(&heap, kept), -EFAULT);
    EMPTY(region_heap_realloc(&heap, kept, 5));
    CHECK(region_heap_free(&heap) == 0);
}

int main(void)
{
    blocks_are_as_long_and_aligned_as_asked();
    what_is_freed_is_used_again();
    a_block_grows_and_shrinks();
    all_blocks_are_freed_at_once();
    ram_goes_back();
    limits_hold();
    a_buffer_is_enough();
    a_buffer_is_the_beginning();
    a_map_is_a_heaps_memory();
    an_arena_is_a_heaps_memory();
    a_reservation_is_exact();
    stats_are_printed();
    a_report_is_printed();
    null_in_place_of_a_heap();
    sizes_that_cannot_be();
    options_that_cannot_be();
    pointers_that_are_no_blocks();
    return 0;
}

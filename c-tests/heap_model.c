/* heap_model [ROWS [FIRST]]: any row of calls on a heap over any memory, against a shadow model.
 *
 * The model has every block: where it is, how long, and which byte fills it. After each call the block that it was
 * about is compared, and now and then all of them, with the heap's own numbers. A row is made from its number alone, so
 * a failure, which says the number and the step, comes again: heap_model 1 NUMBER. */

#include "region.h"

#include "check.h"
#include <string.h>

enum { MOST = 400, STEPS = 1500 };

static struct block {
    unsigned char *start;
    size_t size;
    unsigned char byte;
} blocks[MOST];
static size_t count, mistakes;
static unsigned char *gone[16]; /* freed, and perhaps in use again */
static unsigned long row, step;
static uint64_t state;

static size_t below(size_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(state >> 33) % n;
}

static void check(bool fact, const char *what, int line)
{
    if (fact)
        return;
    fprintf(stderr, "heap_model.c:%d: row %lu, step %lu: does not hold: %s\n", line, row, step, what);
    exit(1);
}
#define HOLDS(fact) check(fact, #fact, __LINE__)

static bool filled(const unsigned char *start, unsigned char byte, size_t len)
{
    return len == 0 || (start[0] == byte && memcmp(start, start + 1, len - 1) == 0);
}

static struct block *find(const void *start)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i].start == (const unsigned char *)start)
            return &blocks[i];
    return NULL;
}

static size_t some_size(void)
{
    static const size_t most[] = { 40, 40, 200, 200, 200, 2000, 2000, 10000, 60000, 300000 };
    return below(most[below(sizeof most / sizeof *most)]);
}

static void fill(region_heap *heap, struct block *block, size_t size)
{
    block->size = size;
    block->byte = (unsigned char)(block->byte + 1);
    HOLDS(region_heap_contains(heap, block->start) && region_heap_usable_size(heap, block->start) >= size);
    memset(block->start, block->byte, region_heap_usable_size(heap, block->start));
}

static void add(region_heap *heap, void *start, size_t size, size_t align)
{
    if (start == NULL) {
        HOLDS(region_heap_error(heap) < 0);
        return;
    }
    HOLDS((uintptr_t)start % align == 0 && (uintptr_t)start % 16 == 0);
    for (size_t i = 0; i < count; i++) {
        const unsigned char *end = blocks[i].start + (blocks[i].size == 0 ? 1 : blocks[i].size);
        HOLDS((unsigned char *)start + size <= blocks[i].start || end <= (unsigned char *)start);
        HOLDS(start != blocks[i].start);
    }
    blocks[count].start = (unsigned char *)start;
    blocks[count].byte = (unsigned char)below(256);
    fill(heap, &blocks[count++], size);
}

static void drop(region_heap *heap, size_t i)
{
    HOLDS(filled(blocks[i].start, blocks[i].byte, blocks[i].size));
    HOLDS(region_heap_free_block(heap, blocks[i].start) == 0);
    gone[below(16)] = blocks[i].start;
    blocks[i] = blocks[--count];
}

static void resize(region_heap *heap, struct block *block, size_t size)
{
    size_t both = size < block->size ? size : block->size;
    unsigned char *old = block->start, *moved;
    moved = (unsigned char *)(below(2) ? region_heap_realloc(heap, old, size)
                                       : region_heap_hook_resize(heap, old, block->size, size == 0 ? ++size : size));
    HOLDS(filled(moved == NULL ? old : moved, block->byte, moved == NULL ? block->size : both));
    if (moved == NULL) {
        HOLDS(region_heap_error(heap) < 0 && region_heap_contains(heap, old));
        return;
    }
    HOLDS((uintptr_t)moved % 16 == 0 && (moved == old || find(moved) == NULL));
    block->start = moved;
    fill(heap, block, size);
}

/* Pointers that are no blocks in use. */
static void mistake(region_heap *heap)
{
    unsigned char here[16], *wrong = here;
    size_t which = below(3);
    if (which == 0)
        wrong = gone[below(16)];
    else if (which == 1 && count != 0) {
        const struct block *block = &blocks[below(count)];
        wrong = block->start + 1 + below(block->size + 20);
        /* What is behind a block may be another one. */
    }
    if (wrong == NULL || find(wrong) != NULL)
        return;
    mistakes++;
    HOLDS(!region_heap_contains(heap, wrong) && region_heap_usable_size(heap, wrong) == 0);
    if (below(2)) {
        int answer = region_heap_free_block(heap, wrong);
        HOLDS(answer < 0 && answer == region_heap_error(heap));
    } else {
        HOLDS(region_heap_realloc(heap, wrong, 100) == NULL && region_heap_error(heap) < 0);
    }
}

static void compare(const region_heap *heap)
{
    region_heap_counts stats;
    size_t used = 0;
    HOLDS(region_heap_stats(heap, &stats) == 0);
    for (size_t i = 0; i < count; i++) {
        HOLDS(filled(blocks[i].start, blocks[i].byte, blocks[i].size));
        used += region_heap_usable_size(heap, blocks[i].start);
    }
    HOLDS(stats.blocks == count && stats.used == used && stats.mistakes == mistakes);
    HOLDS(stats.used <= stats.taken && stats.taken <= stats.high_water && stats.taken <= stats.reserved);
}

static void act(region_heap *heap)
{
    size_t size = some_size(), align = (size_t)1 << below(14);
    switch (below(24)) {
    default:
        if (count < MOST)
            add(heap, region_heap_alloc(heap, size), size, 16);
        break;
    case 0:
    case 1: {
        size_t n = 1 + below(3);
        unsigned char *zeroes;
        if (count == MOST)
            break;
        if (below(2))
            align = 16;
        zeroes = (unsigned char *)(align == 16 ? region_heap_calloc(heap, n, size)
                                               : region_heap_calloc_aligned(heap, n, size, align));
        HOLDS(zeroes == NULL || filled(zeroes, 0, n * size));
        add(heap, zeroes, n * size, align);
        break;
    }
    case 2:
        if (count < MOST)
            add(heap, below(2) ? region_heap_alloc_aligned(heap, size, align) : region_heap_alloc_array(heap, 1, size, align),
                size, align);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        if (count != 0)
            drop(heap, below(count));
        break;
    case 9:
    case 10:
    case 11:
        if (count != 0)
            resize(heap, &blocks[below(count)], size);
        break;
    case 12:
        mistake(heap);
        break;
    case 13:
        if (below(20) == 0) {
            for (size_t i = 0; i < count; i++)
                gone[i % 16] = blocks[i].start;
            count = 0;
            HOLDS(region_heap_clear(heap, below(3) == 0 ? REGION_KEEP_ALL : below(1000000)) == 0);
        } else if (below(3) == 0) {
            HOLDS(region_heap_trim(heap) == 0);
        }
        break;
    case 14:
        while (below(40) != 0 && count != 0)
            drop(heap, below(count));
        break;
    case 15:
        HOLDS(region_heap_set_limit(heap, below(2) ? SIZE_MAX : below(2000000)) == 0);
        break;
    }
}

/* A heap over memory of this kind. */
static void begin(region_heap *heap, size_t kind, region_arena *arena)
{
    static char buffer[200000];
    region_heap_options options = REGION_HEAP_OPTIONS;
    region_map map;
    switch (kind) {
    case 0:
        break;
    case 1:
    case 2:
        options.flags = kind == 1 ? REGION_HEAP_FIXED : 0;
        options.buffer = buffer + below(100);
        options.buffer_size = 9000 + below(190000);
        memset(buffer, 0x55, sizeof buffer);
        break;
    case 3:
        options.reserve = 100000 + below(4000000);
        break;
    case 4:
        options.arena = arena;
        break;
    case 5:
        HOLDS(region_map_init(&map, 4096 + below(2000000), NULL) == 0 && region_heap_over(heap, &map) == 0);
        return;
    }
    HOLDS(region_heap_init(heap, &options) == 0);
}

int main(int argc, char **argv)
{
    unsigned long rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 60;
    unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    size_t refused = 0;
    for (row = first; row < first + rows; row++) {
        region_heap heap, moved;
        region_arena arena = REGION_ARENA_INIT;
        state = row * 977 + 1;
        count = mistakes = 0;
        memset(gone, 0, sizeof gone);
        begin(&heap, row % 6, &arena);
        for (step = 0; step < STEPS; step++) {
            act(&heap);
            if (step % 50 == 0) {
                compare(&heap);
                moved = heap;
                memset(&heap, 0x77, sizeof heap);
                heap = moved;
            }
        }
        compare(&heap);
        refused += mistakes;
        while (count != 0)
            drop(&heap, count - 1);
        compare(&heap);
        HOLDS(region_heap_free(&heap) == 0 && region_arena_free(&arena) == 0);
    }
    CHECK(rows < 6 || refused > 0);
    return 0;
}

/* What programs with another library in a heap are measured with: what is live, and what the heap has for it.
 *
 * A program has `work`, which does so much of the library's work and frees all of it. `measure` does it once, and twice
 * as much of it: at its fullest the heap has at most 1.5 times what was asked for and not freed yet, but for free memory
 * whose RAM is kept, and no more when there is more work. Compiled with LIVE_HEAP the hooks are the library's own, with LIVE_MALLOC there are none, and
 * `measure` prints how long the work took: benches/c/libraries compares the two. */
#ifndef LIVE_H
#define LIVE_H

#include "region.h"

#include "../check.h"
#include <string.h>
#include <time.h>

static region_heap heap = REGION_HEAP_INIT;

/* ---- The family of functions that the programs make their hooks of. */

#if defined(LIVE_HEAP) || defined(LIVE_MALLOC)
#define counted_malloc region_heap_hook_malloc
#define counted_calloc region_heap_hook_calloc
#define counted_realloc region_heap_hook_realloc
#define counted_resize region_heap_hook_resize
#define counted_free region_heap_hook_free
#define counted_size region_heap_hook_size
#else

/* Sizes by address, in the place that the address says or one behind it. 0 is no address, 1 one that is gone. */
enum { PLACES = 1 << 19 };
static struct {
    uintptr_t address;
    size_t size;
} known[PLACES];
static size_t live, most_live, most_resident, calls;

static size_t place_of(uintptr_t address, bool to_add)
{
    size_t at = (size_t)(address >> 4) * 2654435761u % PLACES, left = PLACES;
    while (known[at].address != address && known[at].address != 0 && !(to_add && known[at].address == 1)) {
        CHECK(--left > 0);
        at = (at + 1) % PLACES;
    }
    return at;
}

static void *begins(void *block, size_t size)
{
    if (block != NULL) {
        size_t at = place_of((uintptr_t)block, true);
        known[at].address = (uintptr_t)block;
        known[at].size = size;
        live += size;
        most_live = live > most_live ? live : most_live;
    }
    /* The system is asked now and then what is in RAM. */
    if (++calls % 512 == 0) {
        region_heap_counts stats;
        CHECK(region_heap_stats(&heap, &stats) == 0);
        most_resident = stats.resident > most_resident ? stats.resident : most_resident;
    }
    return block;
}

static void ends(void *block)
{
    if (block != NULL) {
        size_t at = place_of((uintptr_t)block, false);
        CHECK(known[at].address == (uintptr_t)block);
        live -= known[at].size;
        known[at].address = 1;
    }
}

static inline void *counted_malloc(void *context, size_t size)
{
    return begins(region_heap_hook_malloc(context, size), size);
}

static inline void *counted_calloc(void *context, size_t n, size_t size)
{
    return begins(region_heap_hook_calloc(context, n, size), n * size);
}

static inline void *counted_realloc(void *context, void *block, size_t size)
{
    void *moved = region_heap_hook_realloc(context, block, size);
    if (moved == NULL && size != 0)
        return NULL;
    ends(block);
    return size == 0 ? NULL : begins(moved, size);
}

static inline void *counted_resize(void *context, void *block, size_t old_size, size_t size)
{
    (void)old_size;
    return counted_realloc(context, block, size);
}

static inline void counted_free(void *context, void *block)
{
    ends(block);
    region_heap_hook_free(context, block);
}

static inline size_t counted_size(void *context, void *block)
{
    return region_heap_hook_size(context, block);
}

#endif

/* ---- Measuring. */

#ifdef LIVE_MALLOC
enum { IS_HEAP = 0 };
#else
enum { IS_HEAP = 1 };
#endif

#if !defined(LIVE_HEAP) && !defined(LIVE_MALLOC)
struct most {
    size_t live, taken, resident;
};

/* The most that the work had at once: of what was asked for, of pages and large blocks, and in RAM. */
static struct most most_of(const char *name, void (*work)(size_t), size_t amount)
{
    region_heap_counts stats;
    struct most most;
    most_live = live;
    most_resident = 0;
    work(amount);
    CHECK(region_heap_stats(&heap, &stats) == 0 && stats.mistakes == 0);
    most.live = most_live;
    most.taken = stats.high_water;
    most.resident = most_resident > stats.resident ? most_resident : stats.resident;
    printf("%s, %zu: %zu live at most, %zu taken (%.2f), %zu resident (%.2f)\n", name, amount, most.live, most.taken,
           (double)most.taken / (double)most.live, most.resident, (double)most.resident / (double)most.live);
    return most;
}
#endif

/* A library that `keeps` something makes tables once, which stay; but doing the work again keeps no more. */
static inline int measure(int argc, char **argv, const char *name, void (*work)(size_t), size_t amount, bool keeps)
{
    if (argc > 1)
        amount = strtoul(argv[1], NULL, 10);
#if defined(LIVE_HEAP) || defined(LIVE_MALLOC)
    {
        struct timespec from, to;
        (void)keeps;
        clock_gettime(CLOCK_MONOTONIC, &from);
        work(amount);
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("%s %.3f\n", name, (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
    }
#else
    {
        const size_t some = 96 << 10; /* a heap's records, and pages of classes with few blocks */
        struct most once = most_of(name, work, amount), twice;
        size_t kept = live;
        twice = most_of(name, work, 2 * amount);
        CHECK(keeps ? live <= kept + 4096 : live == 0);
        CHECK(2 * once.taken <= 3 * once.live + 2 * some);
        /* Free memory whose RAM is kept for what comes next, as region_heap_trim says. */
        CHECK(2 * once.resident <= 3 * once.live + 2 * some + 2 * (((size_t)1 << 20) + once.taken / 8));
        CHECK(twice.taken <= once.taken + once.taken / 10 + 65536);
        CHECK(twice.resident <= once.resident + once.resident / 10 + 65536);
    }
#endif
    return 0;
}

#endif

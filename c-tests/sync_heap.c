/* What heaps of many threads hold to: threads that free each other's blocks, mistakes that are refused, and an end. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 20000, PLACES = 256 };

static region_sync_heap heap = REGION_SYNC_HEAP_INIT;

/* More than any object has, which no compiler may know: it would warn. */
static volatile size_t most = SIZE_MAX;

static struct {
    pthread_mutex_t lock;
    unsigned char *block;
} places[PLACES];

static region_heap_counts stats_of(const region_sync_heap *of)
{
    region_heap_counts stats;
    memset(&stats, 0x77, sizeof stats);
    CHECK(region_sync_heap_stats(of, &stats) == 0);
    CHECK(stats.used <= stats.taken && stats.taken <= stats.high_water && stats.taken <= stats.reserved);
    CHECK(stats.limit == SIZE_MAX && stats.spare_[0] == 0 && stats.spare_[6] == 0);
    return stats;
}

static void *exchanging(void *number)
{
    size_t random = *(const size_t *)number + 1;
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 1103515245u + 12345u;
        size_t at = (random >> 8) % PLACES, size = 2 + (random >> 16) % (round % 100 == 0 ? 100000 : 600);
        unsigned char *block = (unsigned char *)region_sync_heap_alloc(&heap, size);
        CHECK(block != NULL && (uintptr_t)block % 16 == 0 && region_sync_heap_usable_size(&heap, block) >= size);
        memset(block, (int)(size % 251), size);
        pthread_mutex_lock(&places[at].lock);
        unsigned char *old = places[at].block;
        places[at].block = block;
        pthread_mutex_unlock(&places[at].lock);
        if (old != NULL) {
            unsigned char first = old[0];
            CHECK(region_sync_heap_contains(&heap, old) && old[1] == first);
            if (round % 3 == 0) {
                old = (unsigned char *)region_sync_heap_realloc(&heap, old, 5000);
                CHECK(old != NULL && old[0] == first && old[1] == first);
            }
            CHECK(region_sync_heap_free_block(&heap, old) == 0);
        }
    }
    return NULL;
}

static void threads_free_each_others_blocks(void)
{
    pthread_t threads[THREADS];
    size_t numbers[THREADS], left = 0;
    for (size_t i = 0; i < PLACES; i++) {
        CHECK(pthread_mutex_init(&places[i].lock, NULL) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, exchanging, &numbers[i]) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    for (size_t i = 0; i < PLACES; i++) {
        left += places[i].block != NULL;
    }
    CHECK(stats_of(&heap).blocks == left && stats_of(&heap).mistakes == 0);
    for (size_t i = 0; i < PLACES; i++) {
        CHECK(region_sync_heap_free_block(&heap, places[i].block) == 0);
    }
    CHECK(stats_of(&heap).blocks == 0 && stats_of(&heap).used == 0);
    CHECK(region_sync_heap_trim(&heap) == 0 && stats_of(&heap).idle == 0);
}

static void what_is_no_block_is_refused(void)
{
    int here = 0;
    char *block = (char *)region_sync_heap_alloc(&heap, 100);
    memset(block, 8, 100);
    CHECK(region_sync_heap_free_block(&heap, NULL) == 0);
    FAILS(region_sync_heap_free_block(&heap, block + 16), -EINVAL);
    FAILS(region_sync_heap_free_block(&heap, &here), -EFAULT);
    EMPTY(region_sync_heap_realloc(&heap, block + 1, 200));
    EMPTY(region_sync_heap_realloc(&heap, block, most));
    CHECK(block[99] == 8 && region_sync_heap_free_block(&heap, block) == 0);
    FAILS(region_sync_heap_free_block(&heap, block), -EALREADY);
    EMPTY(region_sync_heap_contains(&heap, block));
    EMPTY(region_sync_heap_usable_size(&heap, block));
    CHECK(stats_of(&heap).mistakes == 4);
}

static void blocks_are_zero_and_aligned_as_asked(void)
{
    for (size_t size = 1; size < 4000000; size *= 5) {
        char *old = (char *)region_sync_heap_alloc(&heap, size);
        memset(old, 255, size);
        CHECK(region_sync_heap_free_block(&heap, old) == 0);
        char *zero = (char *)region_sync_heap_calloc(&heap, 1, size);
        CHECK(zero != NULL && zero[0] == 0 && memcmp(zero, zero + 1, size - 1) == 0);
        for (size_t align = 1; align <= 1 << 21; align *= 8) {
            char *aligned = (char *)region_sync_heap_alloc_aligned(&heap, size, align);
            CHECK(aligned != NULL && (uintptr_t)aligned % align == 0 && (uintptr_t)aligned % 16 == 0);
            memset(aligned, 3, size);
            CHECK(region_sync_heap_free_block(&heap, aligned) == 0);
        }
        CHECK(region_sync_heap_free_block(&heap, zero) == 0);
    }
    EMPTY(region_sync_heap_alloc(&heap, most));
    EMPTY(region_sync_heap_calloc(&heap, most / 2, 3));
    size_t odd = 3; /* not a constant: compilers refuse one that is no power of two */
    EMPTY(region_sync_heap_alloc_aligned(&heap, 1, odd));
}

static void null_is_no_heap(void)
{
    region_heap_counts stats;
    char text[1000];
    EMPTY(region_sync_heap_alloc(NULL, 1));
    EMPTY(region_sync_heap_alloc_aligned(NULL, 1, 16));
    EMPTY(region_sync_heap_calloc(NULL, 1, 1));
    EMPTY(region_sync_heap_realloc(NULL, NULL, 1));
    EMPTY(region_sync_heap_usable_size(NULL, &stats));
    EMPTY(region_sync_heap_contains(NULL, &stats));
    FAILS(region_sync_heap_free_block(NULL, NULL), -EINVAL);
    FAILS(region_sync_heap_trim(NULL), -EINVAL);
    FAILS(region_sync_heap_stats(NULL, &stats), -EINVAL);
    FAILS(region_sync_heap_stats(&heap, NULL), -EINVAL);
    FAILS(region_sync_heap_print_report(NULL, 1), -EINVAL);
    EMPTY(region_sync_heap_report(NULL, NULL, 0));
    CHECK(region_sync_heap_report(&heap, text, sizeof text) == strlen(text) && strstr(text, "region_heap: 0 bytes") == text);
    FAILS(region_sync_heap_print_report(&heap, -1), -EBADF);
    FAILS(region_sync_heap_free(NULL), -EINVAL);
}

int main(void)
{
    CHECK(stats_of(&heap).reserved == 0);
    threads_free_each_others_blocks();
    what_is_no_block_is_refused();
    blocks_are_zero_and_aligned_as_asked();
    null_is_no_heap();
    CHECK(region_sync_heap_alloc(&heap, 100000) != NULL);
    CHECK(region_sync_heap_free(&heap) == 0 && stats_of(&heap).reserved == 0);
    CHECK(region_sync_heap_alloc(&heap, 24) != NULL && region_sync_heap_free(&heap) == 0);
    return 0;
}

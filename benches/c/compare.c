/* One allocator, chosen by -DUSE_...: the time of taking nodes in a loop and of releasing them all.
 *
 *     compare warm NODES CYCLES   ns a node, after a cycle that is not timed
 *     compare fresh BYTES         ms for so many bytes of 64-byte nodes in fresh memory, once
 *
 * Every node is linked into a list, whatever the allocator: malloc's users need it to free, and trees are made of
 * pointers anyway. A program each, since malloc's replacements replace it for the whole process. `run` builds, alternates
 * and compares them. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct node {
    struct node *next;
};

static void release_by_free(struct node *list);

#if defined(USE_REGION)

#include "region.h"
static region_arena arena = REGION_ARENA_INIT;
#define TAKE(size) region_alloc(&arena, size)
#define RELEASE(list) region_arena_reset(&arena, REGION_KEEP_ALL)
#define END() region_arena_free(&arena)

#elif defined(USE_MALLOC) /* and jemalloc, mimalloc by what is linked */

#define TAKE(size) malloc(size)
#define RELEASE(list) release_by_free(list)
#define END() (void)0

#elif defined(USE_MI_HEAP)

#include <mimalloc.h>
static mi_heap_t *heap;
#define TAKE(size) mi_heap_malloc(heap, size)
#define BEGIN() (heap = mi_heap_new())
#define RELEASE(list) (mi_heap_destroy(heap), heap = mi_heap_new())
#define END() mi_heap_destroy(heap)

#elif defined(USE_OBSTACK)

#include <obstack.h>
#define obstack_chunk_alloc malloc
#define obstack_chunk_free free
static struct obstack stack;
static void *first;
#define TAKE(size) obstack_alloc(&stack, size)
#define BEGIN() (obstack_init(&stack), obstack_chunk_size(&stack) = 65536 - 64, first = obstack_alloc(&stack, 1))
#define RELEASE(list) (obstack_free(&stack, first), first = obstack_alloc(&stack, 1))
#define END() obstack_free(&stack, NULL)

#elif defined(USE_APR)

#include <apr_general.h>
#include <apr_pools.h>
static apr_pool_t *pool;
#define TAKE(size) apr_palloc(pool, size)
#define BEGIN() (apr_initialize(), apr_pool_create(&pool, NULL))
#define RELEASE(list) apr_pool_clear(pool)
#define END() apr_pool_destroy(pool)

#elif defined(USE_TALLOC)

#include <talloc.h>
static void *context;
#define TAKE(size) talloc_size(context, size)
#define BEGIN() (context = talloc_new(NULL))
#define RELEASE(list) (talloc_free(context), context = talloc_new(NULL))
#define END() talloc_free(context)

#else
#error "say which: -DUSE_REGION, _MALLOC, _MI_HEAP, _OBSTACK, _APR or _TALLOC"
#endif

#ifndef BEGIN
#define BEGIN() (void)0
#endif

static inline void release_by_free(struct node *list)
{
    while (list != NULL) {
        struct node *next = list->next;
        free(list);
        list = next;
    }
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

/* What is left of the list keeps the compiler from leaving it out. */
static struct node *volatile kept;

static inline __attribute__((always_inline)) void cycle(size_t nodes, size_t size)
{
    struct node *list = NULL;
    for (size_t i = 0; i < nodes; i++) {
        struct node *node = (struct node *)TAKE(size);
        if (node == NULL)
            exit(2);
        node->next = list;
        list = node;
    }
    kept = list;
    RELEASE(list);
}

int main(int argc, char **argv)
{
    double start;
    if (argc == 4 && strcmp(argv[1], "warm") == 0) {
        size_t nodes = strtoul(argv[2], NULL, 10), cycles = strtoul(argv[3], NULL, 10);
        BEGIN();
        cycle(nodes, 24);
        start = now();
        for (size_t i = 0; i < cycles; i++) {
            /* A constant size, as in a program that takes nodes of a type. */
            cycle(nodes, 24);
        }
        printf("%.3f\n", (now() - start) / (double)(nodes * cycles));
        END();
    } else if (argc == 3 && strcmp(argv[1], "fresh") == 0) {
        size_t nodes = strtoul(argv[2], NULL, 10) / 64;
        start = now();
        BEGIN();
        cycle(nodes, 64);
        END();
        printf("%.3f\n", (now() - start) / 1e6);
    } else {
        fprintf(stderr, "usage: compare warm NODES CYCLES | compare fresh BYTES\n");
        return 1;
    }
    return 0;
}

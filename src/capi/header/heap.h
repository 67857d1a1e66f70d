/* ---- Heaps ----------------------------------------------------------------------------------------------------
 * Blocks of any size, freed one by one or all at once. They have no header, and who frees one says no size. Which
 * blocks are free stands beside them: a second free and a wrong pointer are refused, always. Blocks live until they are
 * freed, cleared, or the heap is freed. RAM of free ones goes back meanwhile. Functions that take a block return NULL
 * when memory cannot be had, and region_heap_error says why. One thread at a time.
 * A region_sync_heap is for any number of threads at once, each of which frees what any other took. None waits for
 * another, also not for one that is stopped in the middle of a call; nor does a signal handler for what it interrupted.
 * It is in mapped memory, which grows without end. Other libraries' hooks are for heaps of one thread. */

@GENERATED@
#define REGION_HEAP_INIT { { 0 } }
#define REGION_SYNC_HEAP_INIT { { 0 } }
#define REGION_HEAP_OPTIONS { sizeof(region_heap_options), 0, 0, NULL, 0, NULL, 0, 0 }
#ifndef __cplusplus
#define REGION_HEAP_WITH(...) REGION_WITH_(region_heap_options, __VA_ARGS__)
#endif

/** Initializes a heap as `options` say; NULL for one in mapped memory that grows without end, which REGION_HEAP_INIT is
    too. On error the heap is empty and valid. */
static inline int region_heap_init(region_heap *heap, const region_heap_options *options)
{
    return region_heap_init_(heap, options, REGION_ABI_(region_heap));
}

/** Makes a heap in `map`, which is the heap's from here on: `map` is empty afterwards. -EINVAL, and the map stays, for
    one that is empty, shared, or cannot be written from its start on. */
static inline int region_heap_over(region_heap *heap, region_map *map)
{
    return region_heap_over_(heap, map, REGION_ABI_(region_heap));
}

/** An uninitialized T, or `n` of them in a row, aligned as T is, and to 16 at least. */
#define region_heap_new(heap, T) \
    (REGION_CAST_(T *, region_heap_alloc_aligned((heap), sizeof(T), REGION_ALIGNOF_(T))))
#define region_heap_new_array(heap, T, n) \
    (REGION_CAST_(T *, region_heap_alloc_array((heap), (n), sizeof(T), REGION_ALIGNOF_(T))))

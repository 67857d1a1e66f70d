/* ---- Page pools -----------------------------------------------------------------------------------------------
 * Blocks of one size, a power of two from a page to 2 MiB, aligned to it. Any number of threads take and give at once,
 * lock-free, and with REGION_MAP_SHARED forked processes too; only init and free are for one thread. The pool writes
 * nothing into a free block. */

@GENERATED@
#define REGION_POOL_INIT { { 0 } }
#define REGION_POOL_OPTIONS { sizeof(region_pool_options), 0, 0, 0, NULL }
#ifndef __cplusplus
#define REGION_POOL_WITH(...) REGION_WITH_(region_pool_options, __VA_ARGS__)
#endif

/** Makes a pool of `blocks` blocks in memory of its own, which is addresses until touched. `options` may be NULL. */
static inline int region_pool_init(region_pool *pool, size_t block_size, size_t blocks,
                                   const region_pool_options *options)
{
    return region_pool_init_(pool, block_size, blocks, options, REGION_ABI_(region_pool));
}

/** Makes a pool of as many blocks as fit into `map`, which is the pool's from here on: `map` is empty afterwards. */
static inline int region_pool_over(region_pool *pool, region_map *map, size_t block_size)
{
    return region_pool_over_(pool, map, block_size, REGION_ABI_(region_pool));
}

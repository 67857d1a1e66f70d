/* ---- Arenas ---------------------------------------------------------------------------------------------------
 * An arena owns the blocks taken from it; they live until it is reset, rewound to before them, or freed. The first
 * 64 KiB come from a cache, then ranges of 1 and 16 MiB and of gigabytes, whose RAM comes in as blocks are taken.
 * Blocks never move; only one that grows may (region_realloc). An arena may begin in memory of yours instead, and stay
 * there. One thread at a time. */

@GENERATED@
#define REGION_ARENA_INIT { NULL, NULL, { 0 } }
#define REGION_ARENA_OPTIONS { sizeof(region_arena_options), 0, 0, 0, NULL, NULL, NULL, 0, 0, 0, NULL }
#define REGION_KEEP_ALL SIZE_MAX
#ifndef __cplusplus
/** Options in a call, each by its name: region_arena_init(&a, REGION_ARENA_WITH(.limit = 1 << 20, .on_oom = retry)).
    C99 and later. */
#define REGION_ARENA_WITH(...) REGION_WITH_(region_arena_options, __VA_ARGS__)
#endif

/** Of two arenas of yours, one for what a function needs only until it returns: not `busy`, where its caller wants the
    result (or NULL). Mark it, use it, rewind it. A thread has a pair for itself: static _Thread_local region_arena
    scratch[2]; all bytes zero is right. */
REGION_NEEDED_
static inline region_arena *region_scratch(region_arena *arenas, const region_arena *busy)
{
    return arenas == busy ? arenas + 1 : arenas;
}

/** Initializes an arena as `options` say; NULL for an arena that grows without end, which REGION_ARENA_INIT is too. On
    error the arena is empty and valid. */
static inline int region_arena_init(region_arena *arena, const region_arena_options *options)
{
    return region_arena_init_(arena, options, REGION_ABI_(region_arena));
}

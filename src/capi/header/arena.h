/* ---- Arenas ---------------------------------------------------------------------------------------------------
 * An arena owns the blocks taken from it; they live until it is reset, rewound to before them, or freed. The first
 * 64 KiB come from a cache, then it reserves gigabytes of addresses and brings RAM in as blocks are taken, so blocks
 * never move and memory is one range. It may begin in memory of yours instead, and stay there. One thread at a time. */

@GENERATED@
#define REGION_ARENA_INIT { NULL, NULL, { 0 } }
#define REGION_ARENA_OPTIONS { sizeof(region_arena_options), 0, 0, 0, NULL, NULL, NULL, 0, 0, 0 }
#define REGION_KEEP_ALL SIZE_MAX

/** Initializes an arena as `options` say; NULL for an arena that grows without end, which REGION_ARENA_INIT is too. On
    error the arena is empty and valid. */
static inline int region_arena_init(region_arena *arena, const region_arena_options *options)
{
    return region_arena_init_(arena, options, REGION_ABI_(region_arena));
}

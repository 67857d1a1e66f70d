/* ---- Allocator hooks of other libraries -----------------------------------------------------------------------
 * The context is the arena. The first three take blocks whose size the caller knows, as Lua's do; the last block is
 * taken back, others wait for the arena. The region_sized_ ones keep 16 bytes before each block, for hooks that are
 * not told the old size (expat, cJSON, zlib). Do not mix the two. */

@GENERATED@

/* ---- Maps: memory of your own ---------------------------------------------------------------------------------
 * A map owns its range and returns exactly that, once. RAM comes zeroed, page by page, at first touch. Offsets and
 * lengths are whole pages (region_map_page_size). One thread at a time; its bytes are yours to share. */

@GENERATED@
#define REGION_MAP_INIT { NULL, 0, { 0 } }
#define REGION_MAP_OPTIONS { sizeof(region_map_options), 0, 0, 0, NULL }
#ifndef __cplusplus
#define REGION_MAP_WITH(...) REGION_WITH_(region_map_options, __VA_ARGS__)
#endif

/** Maps `len` bytes, rounded up to whole pages; readable and writable unless `options` (or NULL) say otherwise. Of
    REGION_MAP_HUGETLB_1G, REGION_MAP_HUGETLB and REGION_MAP_HUGE or-ed, the largest is tried first, then those down to
    the smallest; region_map_page_size says what was got. With REGION_MAP_HUGE too, a lack of pages is no error. */
static inline int region_map_init(region_map *map, size_t len, const region_map_options *options)
{
    return region_map_init_(map, len, options, REGION_ABI_(region_map));
}

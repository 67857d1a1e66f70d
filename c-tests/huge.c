/* Maps in huge pages: what is asked for, what is got, what is refused, and a pool over them.
 *
 * Needs pages set aside, `echo 8 > /proc/sys/vm/nr_hugepages`; says what it could not check.
 */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>

#define MEGA2 ((size_t)2 << 20)
#define GIGA1 ((size_t)1 << 30)

/* Maps `len` bytes with these flags. */
static int map_with(region_map *map, size_t len, unsigned int flags)
{
    region_map_options options = REGION_MAP_OPTIONS;
    options.flags = flags;
    options.name = "huge.c";
    return region_map_init(map, len, &options);
}

/* How many pages of the pool are free, as /proc/meminfo says. */
static size_t free_pages(void)
{
    region_input input;
    region_lines lines;
    region_slice line;
    size_t pages = 0;
    CHECK(region_input_read(&input, "/proc/meminfo") == 0);
    CHECK(region_lines_init(&lines, input.data, input.len) == 0);
    while (region_lines_next(&lines, &line))
        if (line.len > 15 && memcmp(line.data, "HugePages_Free:", 15) == 0)
            pages = strtoul(line.data + 15, NULL, 10);
    region_input_free(&input);
    return pages;
}

static void more_than_there_is_is_refused_or_had_elsewhere(void)
{
    const size_t len = (free_pages() + 1000) * MEGA2;
    region_map map;
    size_t huge;
    CHECK(map_with(&map, len, REGION_MAP_HUGETLB) == -ENOMEM && map.base == NULL && map.len == 0);
    CHECK(map_with(&map, 1024 * GIGA1, REGION_MAP_HUGETLB_1G) == -ENOMEM);
    CHECK(map_with(&map, 1024 * GIGA1, REGION_MAP_HUGETLB_1G | REGION_MAP_HUGETLB) == -ENOMEM);

    CHECK(map_with(&map, len, REGION_MAP_HUGETLB | REGION_MAP_HUGE) == 0);
    CHECK(region_map_page_size(&map) == region_page_size() && (uintptr_t)map.base % MEGA2 == 0);
    memset(map.base, 1, 4 * MEGA2);
    if (region_map_huge(&map, &huge) == 0) {
        CHECK(huge <= 4 * MEGA2 && huge % MEGA2 == 0);
        printf("transparent: %zu of %zu bytes are in huge pages\n", huge, 4 * MEGA2);
    }
    CHECK(region_map_free(&map) == 0);

    CHECK(map_with(&map, 4096, REGION_MAP_UNCHARGED) == 0 && region_map_page_size(&map) == region_page_size());
    ((char *)map.base)[0] = 1;
    huge = 1;
    CHECK(region_map_huge(&map, &huge) == -ENOSYS || huge == 0);
    CHECK(region_map_free(&map) == 0 && region_map_page_size(&map) == 0);
}

static bool pages_that_were_set_aside_are_had_whole(void)
{
    const size_t free_before = free_pages();
    region_map map;
    size_t bytes;
    if (map_with(&map, 3 * MEGA2 + 1, REGION_MAP_HUGETLB) < 0) {
        fprintf(stderr, "SKIPPED: pages of 2 MiB: %zu are free, 4 are needed\n", free_before);
        return false;
    }
    CHECK(map.len == 4 * MEGA2 && region_map_page_size(&map) == MEGA2 && (uintptr_t)map.base % MEGA2 == 0);
    CHECK(region_map_huge(&map, &bytes) == 0 && bytes == 0);
    memset(map.base, 1, 2 * MEGA2);
    CHECK(region_map_huge(&map, &bytes) == 0 && bytes == 2 * MEGA2);
    CHECK(region_map_resident(&map, &bytes) == 0 && bytes == 2 * MEGA2);
    CHECK(region_map_decommit(&map, 0, 4096) == -EINVAL && region_map_decommit(&map, 0, MEGA2) == 0);
    CHECK(region_map_huge(&map, &bytes) == 0 && bytes == MEGA2);
    CHECK(((char *)map.base)[0] == 0 && ((char *)map.base)[MEGA2] == 1);
    CHECK(region_map_free(&map) == 0);

    CHECK(map_with(&map, MEGA2, REGION_MAP_HUGETLB | REGION_MAP_HUGE | REGION_MAP_POPULATE) == 0);
    CHECK(region_map_page_size(&map) == MEGA2 && region_map_huge(&map, &bytes) == 0 && bytes == MEGA2);
    CHECK(region_map_free(&map) == 0);
    return true;
}

static void a_pool_lives_over_huge_pages(void)
{
    static region_pool pool;
    region_pool_options options = REGION_POOL_OPTIONS;
    region_map map;
    char *first, *second;
    CHECK(map_with(&map, 2 * MEGA2, REGION_MAP_HUGETLB | REGION_MAP_POPULATE) == 0);
    first = (char *)map.base;
    CHECK(region_pool_over(&pool, &map, MEGA2) == 0 && region_map_page_size(&map) == 0);
    CHECK(region_pool_take(&pool) == first);
    second = (char *)region_pool_take(&pool);
    CHECK(second == first + MEGA2 && region_pool_take(&pool) == NULL);
    memset(second, 1, MEGA2);
    CHECK(region_pool_give(&pool, second) == 0 && region_pool_free(&pool) == 0);

    options.flags = REGION_MAP_HUGETLB;
    CHECK(region_pool_init(&pool, 4096, 512, &options) == 0 && region_pool_capacity(&pool) == 512);
    first = (char *)region_pool_take_zeroed(&pool);
    CHECK(first != NULL && first[4095] == 0);
    memset(first, 1, 4096);
    CHECK(region_pool_give(&pool, first) == 0 && region_pool_free(&pool) == 0);
}

static void an_arena_lives_in_huge_pages_as_far_as_there_are(void)
{
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_arena a;
    region_map map;
    size_t blocks = 0;
    CHECK(map_with(&map, 2 * MEGA2, REGION_MAP_HUGETLB | REGION_MAP_HUGE) == 0);
    options.buffer = map.base;
    options.buffer_size = map.len;
    options.flags = REGION_ARENA_FIXED;
    CHECK(region_arena_init(&a, &options) == 0);
    while (region_calloc(&a, 1, 64) != NULL)
        blocks++;
    CHECK(blocks == 2 * MEGA2 / 64 && region_arena_error(&a) == -ENOSPC);
    CHECK(region_arena_resident(&a) == map.len && region_arena_reset(&a, 0) == 0);
    CHECK(region_alloc(&a, MEGA2) == map.base && region_arena_free(&a) == 0 && region_map_free(&map) == 0);
}

static void pages_of_a_gigabyte(void)
{
    region_map map;
    size_t bytes;
    int status = map_with(&map, 1, REGION_MAP_HUGETLB_1G);
    if (status < 0) {
        fprintf(stderr, "SKIPPED: pages of 1 GiB: %s\n", region_strerror(status));
        return;
    }
    CHECK(map.len == GIGA1 && region_map_page_size(&map) == GIGA1);
    ((char *)map.base)[GIGA1 - 1] = 1;
    CHECK(region_map_huge(&map, &bytes) == 0 && bytes == GIGA1);
    CHECK(region_map_free(&map) == 0);
}

static void pages_are_locked_and_let_go(void)
{
    region_map map;
    size_t bytes;
    int status;
    CHECK(map_with(&map, 8 * region_page_size(), 0) == 0);
    status = region_map_lock(&map, 0, 2 * region_page_size());
    if (status == 0) {
        CHECK(region_map_resident(&map, &bytes) == 0 && bytes == 2 * region_page_size());
        CHECK(region_map_decommit(&map, 0, region_page_size()) == -EINVAL);
        CHECK(region_map_unlock(&map, 0, 2 * region_page_size()) == 0);
        CHECK(region_map_decommit(&map, 0, region_page_size()) == 0);
    } else {
        CHECK(status == -ENOMEM || status == -EPERM || status == -EAGAIN);
        fprintf(stderr, "SKIPPED: locked pages: %s\n", region_strerror(status));
    }
    CHECK(region_map_free(&map) == 0);
}

int main(void)
{
    more_than_there_is_is_refused_or_had_elsewhere();
    if (pages_that_were_set_aside_are_had_whole())
        a_pool_lives_over_huge_pages();
    an_arena_lives_in_huge_pages_as_far_as_there_are();
    pages_of_a_gigabyte();
    pages_are_locked_and_let_go();
    return 0;
}

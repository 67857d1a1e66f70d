/* What programmers of other pools and stacks look for: rewinding to an address, children, calls that are cancelled, blocks
 * that grow in place, slices as strings, the peak, options in the call, scratch, names. Each function is a claim. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- Addresses, children, calls that are cancelled. */

static void an_address_is_as_good_as_a_mark(void)
{
    region_arena a = REGION_ARENA_INIT;
    char *first = (char *)region_alloc(&a, 100), *second = (char *)region_alloc(&a, 100000), *third;
    region_mark undone = region_arena_mark(&a);
    memset(first, 1, 100);
    third = (char *)region_alloc(&a, 50);
    CHECK(region_arena_rewind_to(&a, third) == 0 && region_alloc(&a, 50) == third);
    /* In a block of memory before the last one. */
    CHECK(region_alloc(&a, 3 << 20) != NULL);
    CHECK(region_arena_rewind_to(&a, second) == 0 && region_alloc(&a, 100000) == second);
    FAILS(region_arena_rewind(&a, undone), -EINVAL);
    CHECK(first[99] == 1);
    /* What is no block's beginning for sure. */
    FAILS(region_arena_rewind_to(&a, second + 8), -EINVAL);
    FAILS(region_arena_rewind_to(&a, second + 100000), -EINVAL);
    FAILS(region_arena_rewind_to(&a, &a), -EINVAL);
    FAILS(region_arena_rewind_to(&a, NULL), -EINVAL);
    FAILS(region_arena_rewind_to(NULL, first), -EINVAL);
    CHECK(region_arena_rewind_to(&a, first) == 0);
    FAILS(region_arena_rewind_to(&a, first), -EINVAL);
    region_arena_free(&a);
}

static int order;

static void note(void *into)
{
    *(int *)into = ++order;
}

static void calls_of_what_an_address_frees_are_made(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_defer before = REGION_DEFER_INIT, after = REGION_DEFER_INIT;
    int kept = 0, node_before = 0, first = 0, node_after = 0;
    void *block;
    order = 0;
    CHECK(region_arena_defer(&a, note, &kept) == 0);
    block = region_alloc(&a, 64);
    CHECK(region_arena_defer_node(&a, &before, note, &node_before) == 0);
    CHECK(region_arena_defer(&a, note, &first) == 0);
    CHECK(region_arena_defer_node(&a, &after, note, &node_after) == 0);
    CHECK(region_arena_rewind_to(&a, block) == 0);
    CHECK(node_after == 1 && first == 2 && node_before == 0 && kept == 0);
    region_arena_free(&a);
    CHECK(node_before == 3 && kept == 4);
}

struct holder {
    char text[8];
    region_defer node;
};

static void a_node_within_a_block_goes_with_it(void)
{
    region_arena a = REGION_ARENA_INIT;
    struct holder *holder = region_new_zeroed(&a, struct holder);
    int done = 0;
    order = 0;
    CHECK(region_arena_defer_node(&a, &holder->node, note, &done) == 0);
    CHECK(region_arena_rewind_to(&a, holder) == 0 && done == 1);
    memset(region_alloc(&a, sizeof *holder), 0xff, sizeof *holder);
    region_arena_free(&a);
    CHECK(done == 1);
}

static void a_call_that_is_cancelled_is_not_made(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_defer node = REGION_DEFER_INIT;
    int one = 0, two = 0, three = 0;
    region_mark mark;
    order = 0;
    CHECK(region_arena_defer(&a, note, &one) == 0 && region_arena_defer(&a, note, &two) == 0);
    CHECK(region_arena_defer_node(&a, &node, note, &three) == 0);
    mark = region_arena_mark(&a);
    CHECK(region_arena_cancel(&a, note, &two) == 0);
    FAILS(region_arena_cancel(&a, note, &two), -ENOENT);
    CHECK(region_arena_cancel(&a, note, &three) == 0);
    /* A mark that was made at the call holds, and its node is due until then. */
    FAILS(region_arena_defer_node(&a, &node, note, &three), -EALREADY);
    CHECK(region_arena_rewind(&a, mark) == 0 && order == 0);
    FAILS(region_arena_cancel(&a, NULL, &one), -EINVAL);
    FAILS(region_arena_cancel(NULL, note, &one), -EINVAL);
    region_arena_free(&a);
    CHECK(one == 1 && two == 0 && three == 0);
    CHECK(region_arena_defer_node(&a, &node, note, &three) == 0);
    region_arena_free(&a);
    CHECK(three == 2);
    FAILS(region_arena_cancel(&a, note, &one), -ENOENT);
}

static void a_child_ends_with_its_parent(void)
{
    region_arena parent = REGION_ARENA_INIT;
    region_arena *child, *grandchild;
    region_arena_options tight = REGION_ARENA_OPTIONS;
    region_mark mark = region_arena_mark(&parent);
    int done = 0, early = 0;
    order = 0;
    child = region_arena_child(&parent);
    CHECK(child != NULL && region_alloc(child, 200000) != NULL && region_arena_defer(child, note, &done) == 0);
    grandchild = region_arena_child(child);
    CHECK(grandchild != NULL && region_arena_defer(grandchild, note, &early) == 0);
    CHECK(region_arena_free(grandchild) == 0 && early == 1);
    CHECK(region_alloc(grandchild, 16) != NULL); /* empty, and as good as new */
    CHECK(region_arena_rewind(&parent, mark) == 0 && done == 2);
    /* Its address is as good as a mark. */
    child = region_arena_child(&parent);
    CHECK(region_arena_defer(child, note, &done) == 0 && region_arena_rewind_to(&parent, child) == 0 && done == 3);
    region_arena_free(&parent);
    tight.limit = 64;
    CHECK(region_arena_init(&parent, &tight) == 0);
    EMPTY(region_arena_child(&parent));
    EMPTY(region_arena_child(NULL));
    region_arena_free(&parent);
}

/* ---- Blocks that stay where they are, strings of slices, the peak. */

static void a_block_grows_in_place_or_not_at_all(void)
{
    region_arena a = REGION_ARENA_INIT;
    char *block = (char *)region_alloc(&a, 100), *longer, *next;
    volatile size_t most = SIZE_MAX; /* else the compiler says the same */
    memset(block, 3, 100);
    longer = (char *)region_realloc_in_place(&a, block, 100, 112);
    CHECK(longer == block);
    longer = (char *)region_realloc_in_place(&a, longer, 112, 5000);
    CHECK(longer == block);
    memset(longer, 3, 5000);
    next = (char *)region_alloc(&a, 16);
    CHECK(next == block + 5008);
    EMPTY(region_realloc_in_place(&a, block, 5000, 5009));
    CHECK(region_arena_error(&a) == -ENOSPC);
    CHECK(region_realloc_in_place(&a, block, 5000, 5008) == block);
    CHECK(region_realloc_in_place(&a, block, 5008, 10) == block);
    CHECK(region_alloc(&a, 16) == next + 16); /* what lies before a block is not used again */
    /* Not beyond the range that it lies in. */
    block = (char *)region_alloc(&a, 40000);
    EMPTY(region_realloc_in_place(&a, block, 40000, 80000));
    EMPTY(region_realloc_in_place(&a, block, 40000, 0));
    CHECK(region_arena_error(&a) == -EINVAL);
    EMPTY(region_realloc_in_place(&a, block, 40000, most));
    CHECK(region_arena_error(&a) == -EOVERFLOW);
    EMPTY(region_realloc_in_place(&a, NULL, 10, 20));
    EMPTY(region_realloc_in_place(NULL, block, 10, 20));
    region_arena_free(&a);
}

static void a_slice_becomes_a_string(void)
{
    static const char bytes[] = { 'a', '\0', 'b' };
    region_arena a = REGION_ARENA_INIT;
    char *copy = region_strmemdup(&a, bytes, 3);
    CHECK(memcmp(copy, bytes, 3) == 0 && copy[3] == '\0');
    CHECK(*region_strmemdup(&a, NULL, 0) == '\0');
    EMPTY(region_strmemdup(&a, NULL, 1));
    CHECK(region_arena_error(&a) == -EINVAL);
    EMPTY(region_strmemdup(&a, bytes, SIZE_MAX));
    CHECK(region_arena_error(&a) == -EOVERFLOW);
    EMPTY(region_strmemdup(NULL, bytes, 3));
    region_arena_free(&a);
}

static void the_peak_stays_when_blocks_go(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_stats stats;
    void *block = region_alloc(&a, 1600);
    region_mark mark = region_arena_mark(&a);
    CHECK(region_alloc(&a, 160000) != NULL && region_arena_rewind(&a, mark) == 0);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.peak == 161600 && stats.used == 1600);
    region_free(&a, block, 1600);
    CHECK(region_alloc(&a, 200000) != NULL && region_arena_reset(&a, 0) == 0);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.peak == 200000 && stats.used == 0);
    CHECK(region_alloc(&a, 16) != NULL && region_arena_stats(&a, &stats) == 0 && stats.peak == 200000);
    region_arena_free(&a);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.peak == 0);
}

static void options_stand_in_the_call(void)
{
    region_arena a;
    region_stats stats;
    region_map map;
    region_pool pool;
    CHECK(region_arena_init(&a, REGION_ARENA_WITH(.limit = 1000)) == 0);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.limit == 1000);
    region_arena_free(&a);
    CHECK(region_map_init(&map, 4096, REGION_MAP_WITH(.flags = REGION_MAP_POPULATE, .name = "named")) == 0);
    region_map_free(&map);
    CHECK(region_pool_init(&pool, 4096, 4, REGION_POOL_WITH(.slots = 1)) == 0 && region_pool_capacity(&pool) == 4);
    region_pool_free(&pool);
}

/* What a function needs for itself: its result goes where its caller has it, and the rest is gone. */
static char *joined(region_arena *scratch, region_arena *into, const char *first, const char *second)
{
    region_arena *mine = region_scratch(scratch, into);
    region_mark mark = region_arena_mark(mine);
    char *both = region_printf(mine, "%s%s", first, second), *result;
    CHECK(mine != into && both != NULL);
    result = region_strdup(into, both);
    CHECK(region_arena_rewind(mine, mark) == 0);
    return result;
}

static void a_pair_of_arenas_is_enough_for_functions_that_call_each_other(void)
{
    region_arena scratch[2] = { REGION_ARENA_INIT, REGION_ARENA_INIT };
    region_arena a = REGION_ARENA_INIT;
    region_stats stats;
    char *inner = joined(scratch, &scratch[0], "one ", "two"), *outer = joined(scratch, &a, inner, " three");
    CHECK(strcmp(outer, "one two three") == 0);
    CHECK(region_arena_stats(&scratch[1], &stats) == 0 && stats.used == 0 && stats.peak > 0);
    CHECK(region_scratch(scratch, NULL) == scratch && region_scratch(scratch, &scratch[1]) == scratch);
    region_arena_free(&a);
    region_arena_free(&scratch[0]);
    region_arena_free(&scratch[1]);
}

static void lines_lose_what_windows_puts_behind_them(void)
{
    static const char text[] = "a\r\n\r\n\nb\r\r\nlast\r";
    static const char *const expected[] = { "a", "", "", "b\r", "last\r" };
    region_lines lines;
    region_slice line;
    size_t n = 0;
    CHECK(region_lines_init(&lines, text, sizeof text - 1) == 0);
    for (; region_lines_next_crlf(&lines, &line); n++)
        CHECK(line.len == strlen(expected[n]) && memcmp(line.data, expected[n], line.len) == 0);
    CHECK(n == 5);
}

static void a_report_has_the_name(void)
{
    char line[200] = { 0 };
    char longest[300];
    int ends[2];
    region_arena a;
    CHECK(pipe(ends) == 0);
    CHECK(region_arena_init(&a, REGION_ARENA_WITH(.name = "symbols")) == 0);
    CHECK(region_arena_print_stats(&a, ends[1]) == 0 && read(ends[0], line, sizeof line - 1) > 0);
    CHECK(strstr(line, "region_arena symbols: 0 bytes used") == line);
    region_arena_free(&a);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK(region_arena_init(&a, REGION_ARENA_WITH(.name = longest)) == 0);
    memset(line, 0, sizeof line);
    CHECK(region_arena_print_stats(&a, ends[1]) == 0 && read(ends[0], line, sizeof line - 1) > 0);
    CHECK(strstr(line, "xxx: 0 bytes used") != NULL);
    region_arena_free(&a);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    an_address_is_as_good_as_a_mark();
    calls_of_what_an_address_frees_are_made();
    a_node_within_a_block_goes_with_it();
    a_call_that_is_cancelled_is_not_made();
    a_child_ends_with_its_parent();
    a_block_grows_in_place_or_not_at_all();
    a_slice_becomes_a_string();
    the_peak_stays_when_blocks_go();
    options_stand_in_the_call();
    a_pair_of_arenas_is_enough_for_functions_that_call_each_other();
    lines_lose_what_windows_puts_behind_them();
    a_report_has_the_name();
    return 0;
}

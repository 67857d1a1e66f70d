/* One arena's blocks in another: they stay where they are, count, and go back with those of the arena that adopted
 * them. Each function is a claim. */

#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>

/* LINK: what the arena that adopts takes for itself. */
enum { MANY = 400, LINK = sizeof(void *) == 8 ? 80 : 48 };

static region_stats stats_of(const region_arena *a)
{
    region_stats stats;
    CHECK(region_arena_stats(a, &stats) == 0);
    return stats;
}

/* A block of so many bytes, each `mark`. */
static char *filled(region_arena *a, size_t size, char mark)
{
    char *block = (char *)region_alloc(a, size);
    CHECK(block != NULL);
    memset(block, mark, size);
    return block;
}

static bool holds(const char *block, size_t size, char mark)
{
    for (size_t i = 0; i < size; i++) {
        if (block[i] != mark)
            return false;
    }
    return true;
}

static char calls[64];

static void call(void *mark)
{
    size_t len = strlen(calls);
    CHECK(len < sizeof calls - 1);
    calls[len] = *(const char *)mark;
}

static void blocks_stay_where_they_are_and_are_counted(void)
{
    region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT;
    char *kept = filled(&into, 100, 'k'), *blocks[MANY], *next;
    region_stats before, other, after;
    for (size_t i = 0; i < MANY; i++)
        blocks[i] = filled(&from, 1000 + i, (char)i);
    before = stats_of(&into), other = stats_of(&from);
    next = (char *)from.cur;
    CHECK(region_arena_adopt(&into, &from) == 0);
    after = stats_of(&into);
    CHECK(after.used == before.used + other.used + LINK && after.peak == after.used);
    CHECK(after.ranges == before.ranges + other.ranges && after.reserved == before.reserved + other.reserved);
    CHECK(holds(kept, 100, 'k'));
    for (size_t i = 0; i < MANY; i++)
        CHECK(region_arena_contains(&into, blocks[i]) && holds(blocks[i], 1000 + i, (char)i));
    /* It goes on behind them, and the other one is as new. */
    CHECK(region_alloc(&into, 16) == next);
    CHECK(from.cur == NULL && stats_of(&from).reserved == 0 && !region_arena_contains(&from, blocks[0]));
    CHECK(region_alloc(&from, 16) != NULL && region_arena_free(&from) == 0);
    CHECK(region_arena_reset(&into, 0) == 0 && stats_of(&into).used == 0);
    for (size_t size = 1; size < 300000; size *= 3) {
        char *zeroes = (char *)region_calloc(&into, 1, size);
        CHECK(zeroes != NULL && holds(zeroes, size, 0));
    }
    region_arena_free(&into);
}

static void an_arena_without_blocks_adopts_and_is_adopted(void)
{
    region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT;
    char *block = filled(&from, 100, 'f');
    size_t used = stats_of(&from).used;
    CHECK(region_arena_adopt(&into, &from) == 0 && stats_of(&into).used == used);
    CHECK(region_arena_adopt(&into, &from) == 0 && stats_of(&into).used == used);
    /* A range without blocks goes back. */
    CHECK(region_alloc(&from, 10) != NULL && region_arena_reset(&from, REGION_KEEP_ALL) == 0);
    CHECK(region_arena_adopt(&into, &from) == 0 && stats_of(&into).used == used && stats_of(&from).reserved == 0);
    CHECK(holds(block, 100, 'f') && region_arena_free(&into) == 0 && region_arena_free(&from) == 0);
}

static void a_range_that_went_back_is_zero_where_it_is_said_to_be(void)
{
    for (int round = 0; round < 20; round++) {
        region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT, next = REGION_ARENA_INIT, last = next;
        region_mark before;
        char *zeroes;
        filled(&into, 16, 'i');
        before = region_arena_mark(&into);
        filled(&from, 16, 'f');
        CHECK(region_arena_adopt(&into, &from) == 0);
        if (round % 2 == 0)
            CHECK(region_arena_rewind(&into, before) == 0);
        CHECK(region_arena_free(&into) == 0);
        for (int i = 0; i < 2; i++) {
            zeroes = (char *)region_calloc(i == 0 ? &next : &last, 1, 60000);
            CHECK(zeroes != NULL && holds(zeroes, 60000, 0));
        }
        CHECK(region_arena_free(&next) == 0 && region_arena_free(&last) == 0);
        region_trim(); /* the next ones are new */
    }
}

static void deferred_calls_and_children_move_the_newest_first(void)
{
    region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT, *child;
    region_defer node = REGION_DEFER_INIT;
    char *in_child;
    memset(calls, 0, sizeof calls);
    CHECK(region_arena_defer(&into, call, (void *)"1") == 0 && region_arena_defer(&into, call, (void *)"2") == 0);
    CHECK(region_arena_defer_node(&from, &node, call, (void *)"a") == 0);
    child = region_arena_child(&from);
    CHECK(child != NULL && region_arena_defer(child, call, (void *)"c") == 0);
    in_child = filled(child, 200000, 'c');
    CHECK(region_arena_defer(&from, call, (void *)"b") == 0);
    CHECK(region_arena_adopt(&into, &from) == 0 && calls[0] == '\0');
    CHECK(region_arena_defer(&into, call, (void *)"3") == 0 && holds(in_child, 200000, 'c'));
    CHECK(region_arena_free(&from) == 0 && calls[0] == '\0');
    FAILS(region_arena_defer_node(&from, &node, call, NULL), -EALREADY);
    CHECK(region_arena_reset(&into, REGION_KEEP_ALL) == 0);
    CHECK(strcmp(calls, "3bca21") == 0);
    CHECK(region_arena_free(&into) == 0 && strcmp(calls, "3bca21") == 0);
    /* Calls alone, without a block. */
    memset(calls, 0, sizeof calls);
    CHECK(region_arena_defer_node(&from, &node, call, (void *)"a") == 0 && region_arena_adopt(&into, &from) == 0);
    CHECK(region_arena_free(&from) == 0 && calls[0] == '\0');
    CHECK(region_arena_free(&into) == 0 && strcmp(calls, "a") == 0);
}

static void a_rewind_to_before_frees_them_and_makes_their_calls(void)
{
    region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT;
    region_mark before, after, theirs;
    size_t used;
    memset(calls, 0, sizeof calls);
    filled(&into, 3000, 'i');
    before = region_arena_mark(&into);
    used = stats_of(&into).used;
    for (int round = 0; round < 50; round++) {
        char *block = filled(&from, 100000, 'f'), *later;
        theirs = region_arena_mark(&from);
        CHECK(region_arena_defer(&from, call, (void *)"x") == 0);
        CHECK(region_arena_adopt(&into, &from) == 0);
        FAILS(region_arena_rewind(&into, theirs), -EINVAL);
        FAILS(region_arena_rewind(&from, theirs), -EINVAL);
        after = region_arena_mark(&into);
        later = filled(&into, 100, 'l');
        CHECK(region_arena_rewind(&into, after) == 0 && !region_arena_contains(&into, later));
        CHECK(holds(block, 100000, 'f') && calls[0] == '\0');
        CHECK(region_arena_rewind(&into, before) == 0 && strcmp(calls, "x") == 0);
        CHECK(stats_of(&into).used == used && stats_of(&into).ranges == 1 && !region_arena_contains(&into, block));
        FAILS(region_arena_rewind(&into, after), -EINVAL);
        calls[0] = '\0';
    }
    /* To an address of theirs, as to any. */
    {
        char *first = filled(&from, 100, '1'), *second = filled(&from, 100, '2');
        CHECK(region_arena_adopt(&into, &from) == 0);
        CHECK(region_arena_rewind_to(&into, second) == 0 && region_arena_contains(&into, first));
        CHECK(region_alloc(&into, 5) == second && holds(first, 100, '1'));
        /* Nothing is left of theirs. */
        CHECK(region_arena_rewind_to(&into, first) == 0 && !region_arena_contains(&into, first));
        CHECK(stats_of(&into).used == used + LINK && stats_of(&into).ranges == 1);
        CHECK(region_arena_rewind(&into, before) == 0 && stats_of(&into).used == used);
    }
    /* In the first of several ranges. */
    {
        char *first = filled(&from, 60000, '1'), *second;
        filled(&from, 1000000, '2');
        second = filled(&from, 5000000, '3');
        CHECK(region_arena_adopt(&into, &from) == 0 && region_arena_rewind_to(&into, second) == 0);
        CHECK(stats_of(&into).used == used + LINK + 1060000 && holds(first, 60000, '1'));
        CHECK(region_arena_rewind_to(&into, first + 16) == 0 && stats_of(&into).used == used + LINK + 16);
        CHECK(region_arena_rewind(&into, before) == 0 && stats_of(&into).used == used);
    }
    region_arena_free(&into);
}

static void a_text_that_was_growing_grows_no_more(void)
{
    region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT;
    region_string grows = REGION_STRING_INIT(&from), stays = REGION_STRING_INIT(&into);
    const char *text;
    CHECK(region_string_puts(&grows, "theirs") == 0 && region_string_puts(&stays, "ours") == 0);
    text = grows.data;
    CHECK(region_arena_adopt(&into, &from) == 0 && strcmp(text, "theirs") == 0);
    FAILS(region_string_puts(&grows, "!"), -EINVAL);
    EMPTY(region_string_finish(&grows));
    region_string_free(&grows);
    CHECK(strcmp(text, "theirs") == 0 && region_string_puts(&grows, "new") == 0);
    CHECK(region_string_puts(&stays, ", still") == 0 && strcmp(stays.data, "ours, still") == 0);
    CHECK(region_arena_free(&into) == 0 && region_arena_free(&from) == 0);
}

/* A buffer ends when its owner says; what was made to have one range has no other. */
static void what_cannot_move_is_refused_and_stays(void)
{
    static char memory[4096];
    region_arena into = REGION_ARENA_INIT, from, *child;
    region_arena_options buffer = REGION_ARENA_OPTIONS, reserve = REGION_ARENA_OPTIONS;
    char *block;
    size_t used;
    buffer.buffer = memory, buffer.buffer_size = sizeof memory;
    reserve.reserve = 1 << 20;

    CHECK(region_arena_init(&from, &buffer) == 0);
    block = filled(&from, 100, 'f');
    FAILS(region_arena_adopt(&into, &from), -EOPNOTSUPP);
    filled(&from, 100000, 'f');
    FAILS(region_arena_adopt(&into, &from), -EOPNOTSUPP);
    CHECK(region_arena_error(&into) == -EOPNOTSUPP && stats_of(&into).reserved == 0);
    CHECK(region_arena_contains(&from, block) && holds(block, 100, 'f') && region_arena_free(&from) == 0);

    CHECK(region_arena_init(&into, &reserve) == 0);
    block = filled(&from, 100, 'f');
    FAILS(region_arena_adopt(&into, &from), -EOPNOTSUPP);
    CHECK(region_arena_contains(&from, block) && region_arena_free(&into) == 0);
    buffer.flags = REGION_ARENA_FIXED;
    CHECK(region_arena_init(&into, &buffer) == 0);
    FAILS(region_arena_adopt(&into, &from), -EOPNOTSUPP);
    CHECK(region_arena_free(&into) == 0);
    /* The other way round: a buffer first, then others; and a reservation moves. */
    buffer.flags = 0;
    CHECK(region_arena_init(&into, &buffer) == 0 && region_arena_adopt(&into, &from) == 0);
    CHECK(region_arena_init(&from, &reserve) == 0 && filled(&from, 100, 'r') != NULL);
    CHECK(region_arena_adopt(&into, &from) == 0 && holds(block, 100, 'f'));
    used = stats_of(&into).used;

    FAILS(region_arena_adopt(&into, &into), -EINVAL);
    FAILS(region_arena_adopt(NULL, &from), -EINVAL);
    FAILS(region_arena_adopt(&into, NULL), -EINVAL);
    child = region_arena_child(&into);
    CHECK(child != NULL && filled(child, 100, 'c') != NULL);
    FAILS(region_arena_adopt(child, &into), -EINVAL);
    CHECK(stats_of(&into).used >= used && holds(block, 100, 'f'));
    /* A child into its parent: its struct stays, empty. */
    CHECK(region_arena_adopt(&into, child) == 0 && stats_of(child).reserved == 0);
    CHECK(region_arena_reset(&into, REGION_KEEP_ALL) == 0 && region_arena_free(&into) == 0);
}

static int allow(void *asked, region_arena *a, size_t size)
{
    CHECK(size == 1008 && region_arena_set_limit(a, 2000) == 0);
    return ++*(int *)asked == 1;
}

static void a_limit_counts_them_and_a_callback_is_asked(void)
{
    region_arena into = REGION_ARENA_INIT, from = REGION_ARENA_INIT;
    int asked = 0;
    char *block = filled(&from, 1000, 'f');
    filled(&into, 16, 'i');
    CHECK(region_arena_set_limit(&into, 16 + LINK + 1007) == 0);
    FAILS(region_arena_adopt(&into, &from), -ENOSPC);
    CHECK(stats_of(&into).used == 16 && region_arena_contains(&from, block));
    CHECK(region_arena_on_oom(&into, allow, &asked) == 0 && region_arena_adopt(&into, &from) == 0);
    CHECK(asked == 1 && stats_of(&into).used == 16 + LINK + 1008 && holds(block, 1000, 'f'));
    region_arena_free(&into);
}

/* The system maps reservations side by side. So the last block of one may end where the first block of another begins,
 * and is no part of what is free there once that is given back. */
static void a_block_before_an_adopted_range_stays_apart_from_it(void)
{
    enum { RANGES = 32, RANGE = 64 << 10 };
    static region_arena arenas[RANGES];
    static char *blocks[RANGES];
    region_arena_options reserve = REGION_ARENA_OPTIONS;
    reserve.reserve = RANGE;
    for (int i = 0; i < RANGES; i++) {
        CHECK(region_arena_init(&arenas[i], &reserve) == 0);
        blocks[i] = filled(&arenas[i], RANGE, (char)i);
    }
    for (int i = 0; i < RANGES; i++) {
        for (int j = 0; j < RANGES; j++) {
            region_arena into = REGION_ARENA_INIT;
            char *longer;
            if (blocks[i] == NULL || blocks[j] == NULL || blocks[j] != blocks[i] + RANGE)
                continue;
            /* Another range comes between, in the order of time. */
            CHECK(region_arena_adopt(&into, &arenas[i]) == 0 && filled(&into, 16, 'n') != NULL);
            CHECK(region_arena_adopt(&into, &arenas[j]) == 0);
            if (i / 2 % 2 == 0)
                region_free(&into, blocks[j], RANGE);
            else
                CHECK(region_arena_rewind_to(&into, blocks[j]) == 0);
            CHECK(stats_of(&into).used == RANGE + 16 + LINK);
            CHECK(region_realloc(&into, blocks[i], RANGE, RANGE - 16) == blocks[i]);
            CHECK(stats_of(&into).used == RANGE + 16 + LINK);
            longer = (char *)region_realloc(&into, blocks[i], RANGE - 16, RANGE + 16);
            CHECK(longer != blocks[i] && holds(longer, RANGE - 16, (char)i));
            CHECK(region_arena_free(&into) == 0);
            blocks[i] = blocks[j] = NULL;
        }
    }
    for (int i = 0; i < RANGES; i++)
        region_arena_free(&arenas[i]);
}

int main(void)
{
    blocks_stay_where_they_are_and_are_counted();
    an_arena_without_blocks_adopts_and_is_adopted();
    a_range_that_went_back_is_zero_where_it_is_said_to_be();
    deferred_calls_and_children_move_the_newest_first();
    a_rewind_to_before_frees_them_and_makes_their_calls();
    a_text_that_was_growing_grows_no_more();
    what_cannot_move_is_refused_and_stays();
    a_limit_counts_them_and_a_callback_is_asked();
    a_block_before_an_adopted_range_stays_apart_from_it();
    return 0;
}

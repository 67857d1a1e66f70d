/* Arenas from C: the ways to allocate, marks, deferred calls, figures. Each function is a claim. */

#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>

struct node {
    struct node *next;
    int value;
};

static uintptr_t address(const void *p)
{
    return (uintptr_t)p;
}

static void an_arena_of_zeroes_allocates(void)
{
    region_arena a = REGION_ARENA_INIT;
    struct node *list = NULL;
    long long sum = 0;
    for (int i = 0; i < 100000; i++) {
        struct node *n = region_new(&a, struct node);
        CHECK(n != NULL && address(n) % 16 == 0);
        n->next = list;
        n->value = i;
        list = n;
    }
    for (; list != NULL; list = list->next)
        sum += list->value;
    CHECK(sum == 4999950000LL);
    CHECK(region_arena_free(&a) == 0);
}

static void types_get_their_alignment(void)
{
    region_arena a = REGION_ARENA_INIT;
    for (size_t align = 1; align <= (size_t)1 << 22; align <<= 1) {
        char *p = region_alloc_aligned(&a, 3, align);
        CHECK(p != NULL && address(p) % align == 0);
        memset(p, 1, 3);
        p = region_calloc_aligned(&a, 3, 5, align);
        CHECK(p != NULL && address(p) % align == 0 && p[0] == 0 && p[14] == 0);
    }
    CHECK(region_new_array(&a, double, 100) != NULL);
    region_arena_free(&a);
}

static void calloc_zeroes_what_was_used_before(void)
{
    region_arena a = REGION_ARENA_INIT;
    for (int round = 0; round < 3; round++) {
        unsigned char *p = region_calloc(&a, 1000, 7);
        CHECK(p != NULL);
        for (size_t i = 0; i < 7000; i++)
            CHECK(p[i] == 0);
        memset(p, 0xa5, 7000);
        region_arena_reset(&a, REGION_KEEP_ALL);
    }
    CHECK(region_new_zeroed(&a, struct node)->next == NULL);
    CHECK(region_new_array_zeroed(&a, int, 3)[2] == 0);
    region_arena_free(&a);
}

static void a_large_calloc_takes_no_ram(void)
{
    region_arena a = REGION_ARENA_INIT;
    CHECK(region_calloc(&a, 1u << 20, 1024) != NULL);
    CHECK(region_arena_resident(&a) < 16u << 20);
    region_arena_free(&a);
}

static void realloc_grows_the_last_block_in_place(void)
{
    region_arena a = REGION_ARENA_INIT;
    char *p = region_realloc(&a, NULL, 0, 100);
    char *first = p, *other;
    memset(p, 'x', 100);
    for (size_t size = 100; size < 3000000; size += 1000) {
        p = region_realloc(&a, p, size, size + 1000);
        CHECK(p != NULL && p[0] == 'x' && p[99] == 'x');
        if (size < 60000)
            CHECK(p == first);
    }
    p = region_alloc(&a, 50);
    memset(p, 'y', 50);
    CHECK(region_realloc(&a, p, 50, 20) == p);
    other = region_alloc(&a, 10);
    CHECK(other == p + 32); /* what was cut off is used again */
    p = region_realloc(&a, p, 20, 500);
    CHECK(p != NULL && p > other && p[19] == 'y');
    region_arena_free(&a);
}

static void free_takes_the_last_block_back(void)
{
    region_arena a = REGION_ARENA_INIT;
    void *p = region_alloc(&a, 100), *q = region_alloc(&a, 100);
    region_free(&a, p, 100); /* not the last */
    CHECK(region_alloc(&a, 1) != p);
    region_arena_reset(&a, REGION_KEEP_ALL);
    p = region_alloc(&a, 100);
    q = region_alloc(&a, 100);
    region_free(&a, q, 100);
    region_free(&a, p, 100);
    region_free(&a, NULL, 0);
    CHECK(region_alloc(&a, 1) == p);
    region_arena_free(&a);
}

static void copies_are_copies(void)
{
    region_arena a = REGION_ARENA_INIT;
    const char bytes[] = { 1, 0, 2 };
    char *p = region_memdup(&a, bytes, 3);
    CHECK(p != bytes && memcmp(p, bytes, 3) == 0);
    CHECK(strcmp(region_strdup(&a, "region"), "region") == 0);
    CHECK(strcmp(region_strdup(&a, ""), "") == 0);
    CHECK(strcmp(region_strndup(&a, "region", 3), "reg") == 0);
    CHECK(strcmp(region_strndup(&a, "region", 300), "region") == 0);
    CHECK(strcmp(region_strndup(&a, bytes, 3), "\1") == 0);
    region_arena_free(&a);
}

static void printf_takes_any_length(void)
{
    region_arena a = REGION_ARENA_INIT;
    char *text;
    CHECK(strcmp(region_printf(&a, "%s.%d", "name", 7), "name.7") == 0);
    text = region_printf(&a, "%1000d|", 5);
    CHECK(strlen(text) == 1001 && text[999] == '5' && text[1000] == '|');
    text = region_printf(&a, "%255d", 1);
    CHECK(strlen(text) == 255);
    text = region_printf(&a, "%256d", 1);
    CHECK(strlen(text) == 256 && text[255] == '1');
    region_arena_free(&a);
}

static void strings_grow_in_place_and_move(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    char *text, *in_between;
    for (int i = 0; i < 10000; i++)
        CHECK(region_string_printf(&s, "%d,", i % 10) == 0);
    CHECK(s.len == 20000 && s.data[s.len] == '\0' && memcmp(s.data, "0,1,2,", 6) == 0);
    in_between = region_strdup(&a, "in between");
    CHECK(region_string_puts(&s, "end") == 0 && region_string_putc(&s, '.') == 0);
    CHECK(region_string_append(&s, s.data + s.len - 4, 4) == 0); /* a piece of itself */
    for (int i = 0; i < 12; i++)
        CHECK(region_string_append(&s, s.data, s.len) == 0); /* all of itself, moving */
    CHECK(s.len == 20008u << 12 && memcmp(s.data + s.len - 8, "end.end.", 8) == 0);
    text = region_string_finish(&s);
    CHECK(s.data == NULL && s.len == 0 && strlen(text) == 20008u << 12);
    CHECK(strcmp(in_between, "in between") == 0);
    text = region_string_finish(&s);
    CHECK(text != NULL && text[0] == '\0'); /* an empty text is a text */
    CHECK(region_string_puts(&s, "given up") == 0);
    region_string_free(&s);
    CHECK(s.data == NULL);
    region_arena_free(&a);
}

static char order[16];

static void note(void *letter)
{
    size_t len = strlen(order);
    order[len] = *(const char *)letter;
    order[len + 1] = '\0';
}

static void deferred_calls_are_made_last_first(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_defer node = REGION_DEFER_INIT;
    region_mark mark;
    char letters[] = "abcde";
    order[0] = '\0';
    CHECK(region_arena_defer(&a, note, &letters[0]) == 0);
    CHECK(region_arena_defer_node(&a, &node, note, &letters[1]) == 0);
    mark = region_arena_mark(&a);
    CHECK(region_arena_defer(&a, note, &letters[2]) == 0);
    CHECK(region_arena_defer(&a, note, &letters[3]) == 0);
    CHECK(region_arena_rewind(&a, mark) == 0 && strcmp(order, "dc") == 0);
    CHECK(region_arena_rewind(&a, mark) == 0 && strcmp(order, "dc") == 0);
    CHECK(region_arena_reset(&a, 0) == 0 && strcmp(order, "dcba") == 0);
    CHECK(region_arena_defer(&a, note, &letters[4]) == 0);
    CHECK(region_arena_free(&a) == 0 && strcmp(order, "dcbae") == 0);
}

static void reset_it(void *arena)
{
    region_arena_reset(arena, REGION_KEEP_ALL);
}

static void free_it(void *arena)
{
    region_arena_free(arena);
}

static void a_deferred_call_may_reset_and_free_its_arena(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_mark mark = region_arena_mark(&a);
    char letters[] = "ab";
    order[0] = '\0';
    region_arena_defer(&a, note, &letters[0]);
    region_arena_defer(&a, reset_it, &a);
    region_arena_defer(&a, note, &letters[1]);
    CHECK(region_arena_rewind(&a, mark) == 0 && strcmp(order, "ba") == 0);
    region_arena_defer(&a, note, &letters[0]);
    region_arena_defer(&a, free_it, &a);
    CHECK(region_arena_free(&a) == 0 && strcmp(order, "baa") == 0);
    CHECK(region_alloc(&a, 1) != NULL);
    region_arena_free(&a);
}

static void rewinding_frees_what_came_after(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_mark empty = region_arena_mark(&a), mark;
    char *kept = region_strdup(&a, "kept"), *temporary;
    mark = region_arena_mark(&a);
    temporary = region_alloc(&a, 10);
    CHECK(region_alloc(&a, 10000000) != NULL); /* leaves the first block */
    CHECK(region_arena_rewind(&a, mark) == 0);
    CHECK(region_alloc(&a, 10) == temporary && strcmp(kept, "kept") == 0);
    CHECK(region_arena_rewind(&a, empty) == 0);
    CHECK(region_alloc(&a, 5) == kept);
    region_arena_free(&a);

    options.limit = 100000; /* initialized, and without memory yet */
    CHECK(region_arena_init(&a, &options) == 0);
    empty = region_arena_mark(&a);
    temporary = region_strdup(&a, "temporary");
    CHECK(region_arena_rewind(&a, empty) == 0 && region_alloc(&a, 1) == temporary);
    region_arena_free(&a);
}

static void a_mark_of_zeroes_is_none(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_mark zeroes;
    char *kept = region_strdup(&a, "kept");
    memset(&zeroes, 0, sizeof zeroes);
    FAILS(region_arena_rewind(&a, zeroes), -EINVAL);
    CHECK(region_arena_contains(&a, kept) && region_alloc(&a, 1) != kept);
    region_arena_free(&a);
    FAILS(region_arena_rewind(&a, zeroes), -EINVAL);
}

static void a_mark_outlives_that_its_last_block_grew_and_left(void)
{
    region_arena a = REGION_ARENA_INIT;
    char *kept = region_strdup(&a, "kept"), *block = region_alloc(&a, 100), *after;
    region_mark mark = region_arena_mark(&a);
    CHECK(region_realloc(&a, block, 100, 1000000) != block); /* to another range */
    CHECK(region_arena_rewind(&a, mark) == 0 && strcmp(kept, "kept") == 0);
    after = region_alloc(&a, 1);
    CHECK(after == block + 112);
    region_arena_free(&a);
}

static void a_mark_that_was_undone_is_told_by_its_block_and_distance(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_mark start = region_arena_mark(&a), undone;
    void *first = region_alloc(&a, 1), *second;
    second = region_alloc(&a, 200000); /* the first of another range */
    undone = region_arena_mark(&a);
    CHECK(region_arena_rewind(&a, start) == 0);
    CHECK(region_alloc(&a, 1) == first && region_alloc(&a, 1) != NULL);
    CHECK(region_alloc(&a, 300000) == second); /* its range again, entered later in the arena */
    FAILS(region_arena_rewind(&a, undone), -EINVAL);
    region_arena_free(&a);
}

static void figures_add_up(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_stats stats;
    char *p;
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.used == 0 && stats.reserved == 0 && stats.ranges == 0);
    CHECK(stats.limit == SIZE_MAX);
    p = region_alloc(&a, 100);
    memset(p, 1, 100);
    CHECK(region_arena_stats(&a, &stats) == 0);
    CHECK(stats.used == 112 && stats.committed >= 112 && stats.reserved >= stats.committed && stats.ranges == 1);
    CHECK(region_arena_resident(&a) >= 112);
    CHECK(region_arena_contains(&a, p) && region_arena_contains(&a, p + 99) && !region_arena_contains(&a, p - 1));
    CHECK(!region_arena_contains(&a, p + 112) && !region_arena_contains(&a, &a) && !region_arena_contains(&a, NULL));
    CHECK(region_arena_print_stats(&a, 1) == 0);
    CHECK(region_arena_print_stats(&a, -1) == -EBADF);
    CHECK(region_arena_reset(&a, 0) == 0 && region_arena_resident(&a) == 0);
    region_arena_free(&a);
    region_trim();
}

/* A long block of an arena: 300,000 bytes, of which each is written. */
static void fill(void)
{
    region_arena a = REGION_ARENA_INIT;
    memset(region_alloc(&a, 300000), 1, 300000);
    region_arena_free(&a);
}

static void the_cache_says_what_it_keeps_and_keeps_what_it_may(void)
{
    region_cache_counts before, counts;
    int i;
    region_trim();
    CHECK(region_cache_stats(&before) == 0 && before.kept_bytes == 0 && before.budget == 64 << 20);
    for (i = 0; i < 10; i++)
        fill();
    CHECK(region_cache_stats(&counts) == 0);
#if !defined KEEPS_FIRST_BLOCKS && !defined __SANITIZE_ADDRESS__ /* As the small archive, and beside a checker. */
    CHECK(counts.kept > before.kept && counts.kept_bytes >= 300000 && counts.kept_bytes <= counts.budget);
    CHECK(counts.reused_bytes - before.reused_bytes >= 9 * 300000 && counts.out == before.out);
#endif
    /* A smaller budget holds at once. */
    region_cache_set_budget(0);
    CHECK(region_cache_stats(&counts) == 0 && counts.kept_bytes == 0 && counts.budget == 0);
    region_cache_set_budget(64 << 20);
    /* And what is off keeps nothing. */
    region_cache_enable(false);
    region_trim();
    fill();
    CHECK(region_cache_stats(&counts) == 0 && counts.kept == 0);
    region_cache_enable(true);
}

static void options_say_how_it_is(void)
{
    region_arena a;
    region_stats stats;
    region_arena_options options = REGION_ARENA_OPTIONS;
    options.limit = 1000;
    CHECK(region_arena_init(&a, &options) == 0);
    CHECK(region_alloc(&a, 992) != NULL && region_alloc(&a, 16) == NULL && region_arena_error(&a) == -ENOSPC);
    CHECK(region_arena_set_limit(&a, SIZE_MAX) == 0 && region_alloc(&a, 16) != NULL);
    region_arena_free(&a);

    options.limit = 0;
    options.reserve = 1 << 20;
    CHECK(region_arena_init(&a, &options) == 0);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.reserved == 1 << 20);
    CHECK(region_alloc(&a, 1 << 20) != NULL && region_alloc(&a, 1) == NULL && region_arena_error(&a) == -ENOSPC);
    region_arena_free(&a);

    options.capacity = (1 << 20) + 1; /* more than the reservation has */
    FAILS(region_arena_init(&a, &options), -ENOSPC);
    options.capacity = 1 << 20;
    CHECK(region_arena_init(&a, &options) == 0 && region_alloc(&a, 1 << 20) != NULL);
    region_arena_free(&a);
    options.capacity = 0;

    options.reserve = SIZE_MAX / 2;
    CHECK(region_arena_init(&a, &options) < 0); /* ENOMEM; EINVAL under valgrind */
    CHECK(region_alloc(&a, 10) != NULL); /* empty and valid */
    region_arena_free(&a);

    options.reserve = 0;
    options.capacity = 100 << 20;
    CHECK(region_arena_init(&a, &options) == 0);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.reserved >= 100 << 20 && stats.used == 0);
    region_arena_free(&a);
    CHECK(region_arena_init(&a, NULL) == 0 && region_alloc(&a, 1) != NULL);
    region_arena_free(&a);
}

static int asked;

static int raise_the_limit(void *context, region_arena *a, size_t size)
{
    asked++;
    CHECK(context == &asked && size == 5000);
    return region_arena_set_limit(a, 100000) == 0;
}

static int give_up(void *context, region_arena *a, size_t size)
{
    (void)context, (void)a, (void)size;
    asked++;
    return 0;
}

static void the_program_may_answer_a_refusal(void)
{
    region_arena a = REGION_ARENA_INIT;
    CHECK(region_arena_set_limit(&a, 100) == 0);
    CHECK(region_arena_on_oom(&a, raise_the_limit, &asked) == 0);
    CHECK(region_alloc(&a, 5000) != NULL && asked == 1);
    CHECK(region_arena_on_oom(&a, give_up, NULL) == 0);
    CHECK(region_alloc(&a, 100000) == NULL && asked == 2);
    CHECK(region_arena_on_oom(&a, NULL, NULL) == 0);
    CHECK(region_alloc(&a, 100000) == NULL && asked == 2);
    region_arena_free(&a);
}

static int always_try_again(void *context, region_arena *a, size_t size)
{
    (void)context, (void)a, (void)size;
    CHECK(++asked < 100);
    return 1;
}

static void nothing_is_asked_about_what_no_freeing_cures(void)
{
    volatile size_t too_much = SIZE_MAX - 100, odd = 3; /* volatile, or compilers refuse the calls */
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    asked = 0;
    CHECK(region_arena_on_oom(&a, always_try_again, NULL) == 0);
    CHECK(region_alloc(&a, too_much + 100) == NULL && region_arena_error(&a) == -EOVERFLOW);
    CHECK(region_alloc(&a, too_much) == NULL && region_arena_error(&a) == -EOVERFLOW);
    CHECK(region_calloc(&a, too_much, 3) == NULL && region_arena_error(&a) == -EOVERFLOW);
    CHECK(region_realloc(&a, NULL, 0, too_much) == NULL && region_arena_error(&a) == -EOVERFLOW);
    CHECK(region_alloc_aligned(&a, 1, odd) == NULL && region_arena_error(&a) == -EINVAL);
    CHECK(region_memdup(&a, NULL, 1) == NULL && region_arena_error(&a) == -EINVAL);
    FAILS(region_string_reserve(&s, too_much), -EOVERFLOW);
    CHECK(asked == 0 && region_arena_free(&a) == 0);
}

static void the_program_is_asked_about_text_however_fast_it_grows(void)
{
    static const char wide[200] = { 0 };
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    asked = 0;
    CHECK(region_arena_set_limit(&a, 100) == 0 && region_arena_on_oom(&a, give_up, NULL) == 0);
    FAILS(region_string_append(&s, wide, 200), -ENOSPC);
    CHECK(asked == 1 && region_string_puts(&s, "x") == 0 && asked == 1);
    FAILS(region_string_append(&s, wide, 200), -ENOSPC);
    FAILS(region_string_reserve(&s, 127), -ENOSPC);
    CHECK(asked == 3 && s.len == 1 && region_arena_free(&a) == 0);
}

static int fail_otherwise(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    return region_memdup(a, NULL, 1) != NULL; /* -EINVAL */
}

static int free_and_give_up(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    return region_arena_free(a);
}

static void what_was_refused_is_told_whatever_the_callback_did(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    CHECK(region_arena_set_limit(&a, 16) == 0 && region_arena_on_oom(&a, fail_otherwise, NULL) == 0);
    CHECK(region_alloc(&a, 100) == NULL && region_arena_error(&a) == -ENOSPC);
    CHECK(region_arena_set_limit(&a, 0) == 0 && region_arena_on_oom(&a, free_and_give_up, NULL) == 0);
    FAILS(region_string_puts(&s, "x"), -ENOSPC);
    CHECK(s.data == NULL && s.len == 0);
    CHECK(region_arena_set_limit(&a, 0) == 0 && region_arena_on_oom(&a, free_and_give_up, NULL) == 0);
    FAILS(region_arena_defer(&a, note, order), -ENOSPC);
    CHECK(region_arena_free(&a) == 0);
}

static void an_arena_may_be_moved(void)
{
    region_arena a = REGION_ARENA_INIT, b;
    char *p = region_strdup(&a, "moved");
    b = a;
    memset(&a, 0, sizeof a);
    CHECK(region_arena_contains(&b, p) && region_strdup(&b, p) != NULL);
    region_arena_free(&a);
    region_arena_free(&b);
}

int main(void)
{
    an_arena_of_zeroes_allocates();
    types_get_their_alignment();
    calloc_zeroes_what_was_used_before();
    a_large_calloc_takes_no_ram();
    realloc_grows_the_last_block_in_place();
    free_takes_the_last_block_back();
    copies_are_copies();
    printf_takes_any_length();
    strings_grow_in_place_and_move();
    deferred_calls_are_made_last_first();
    a_deferred_call_may_reset_and_free_its_arena();
    rewinding_frees_what_came_after();
    a_mark_of_zeroes_is_none();
    a_mark_outlives_that_its_last_block_grew_and_left();
    a_mark_that_was_undone_is_told_by_its_block_and_distance();
    figures_add_up();
    the_cache_says_what_it_keeps_and_keeps_what_it_may();
    options_say_how_it_is();
    the_program_may_answer_a_refusal();
    nothing_is_asked_about_what_no_freeing_cures();
    the_program_is_asked_about_text_however_fast_it_grows();
    what_was_refused_is_told_whatever_the_callback_did();
    an_arena_may_be_moved();
    return 0;
}

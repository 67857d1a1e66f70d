/* Places in arenas: marks and texts that a rewind undid are refused, whatever lies there since, and deferred calls are
 * made once. Each function is a claim. */

#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>
#include <wchar.h>

/* ---- Marks. */

static void a_mark_that_was_undone_is_told_when_its_place_is_in_use_again(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_mark start, undone;
    char *kept;
    CHECK(region_alloc(&a, 16) != NULL);
    start = region_arena_mark(&a);
    CHECK(region_alloc(&a, 160) != NULL);
    undone = region_arena_mark(&a);
    CHECK(region_arena_rewind(&a, start) == 0);
    kept = (char *)region_alloc(&a, 320); /* over the place */
    memset(kept, 7, 320);
    FAILS(region_arena_rewind(&a, undone), -EINVAL);
    CHECK(region_alloc(&a, 16) == kept + 320);
    CHECK(region_arena_rewind(&a, start) == 0 && region_alloc(&a, 16) == kept);
    region_arena_free(&a);
}

static void a_mark_that_a_reset_undid_is_told(void)
{
    static const size_t keeps[] = { 0, 4096, REGION_KEEP_ALL };
    region_arena a = REGION_ARENA_INIT;
    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++) {
        region_mark undone;
        CHECK(region_alloc(&a, 160) != NULL);
        undone = region_arena_mark(&a);
        CHECK(region_arena_reset(&a, keeps[i]) == 0 && region_alloc(&a, 320) != NULL);
        FAILS(region_arena_rewind(&a, undone), -EINVAL);
    }
    region_arena_free(&a);
}

static void a_mark_that_a_block_given_back_undid_is_told(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_mark undone;
    void *block = region_alloc(&a, 160);
    undone = region_arena_mark(&a);
    region_free(&a, block, 160);
    block = region_alloc(&a, 320);
    FAILS(region_arena_rewind(&a, undone), -EINVAL);
    undone = region_arena_mark(&a);
    block = region_realloc(&a, block, 320, 16);
    CHECK(block != NULL && region_alloc(&a, 480) != NULL);
    FAILS(region_arena_rewind(&a, undone), -EINVAL);
    region_arena_free(&a);
}

static void a_mark_of_an_empty_arena_is_no_other_arenas(void)
{
    region_arena a = REGION_ARENA_INIT, b = REGION_ARENA_INIT;
    region_mark of_a = region_arena_mark(&a), of_b = region_arena_mark(&b);
    char *kept = region_strdup(&b, "kept");
    FAILS(region_arena_rewind(&b, of_a), -EINVAL);
    CHECK(region_arena_contains(&b, kept) && strcmp(kept, "kept") == 0);
    CHECK(region_arena_rewind(&b, of_b) == 0 && region_alloc(&b, 5) == kept);
    CHECK(region_arena_rewind(&a, of_a) == 0);
    region_arena_free(&a);
    region_arena_free(&b);
}

static void a_mark_of_an_arena_that_was_freed_is_no_more(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_mark empty = region_arena_mark(&a), after;
    CHECK(region_alloc(&a, 160) != NULL);
    after = region_arena_mark(&a);
    CHECK(region_arena_free(&a) == 0);
    FAILS(region_arena_rewind(&a, empty), -EINVAL);
    CHECK(region_alloc(&a, 320) != NULL);
    FAILS(region_arena_rewind(&a, empty), -EINVAL);
    FAILS(region_arena_rewind(&a, after), -EINVAL);
    CHECK(region_arena_rewind(&a, region_arena_mark(&a)) == 0);
    region_arena_free(&a);
}

/* Loops within loops, as parsers have them: every mark that stands is taken, as often as it likes. */
static void loops_within_loops_rewind(void)
{
    region_arena a = REGION_ARENA_INIT;
    for (int i = 0; i < 3; i++) {
        region_mark first = region_arena_mark(&a), undone = first;
        CHECK(region_alloc(&a, 160) != NULL);
        for (int j = 0; j < 3; j++) {
            region_mark second = region_arena_mark(&a);
            CHECK(region_alloc(&a, 160) != NULL);
            for (int k = 0; k < 3; k++) {
                region_mark third = region_arena_mark(&a);
                CHECK(region_alloc(&a, 160) != NULL);
                if (k > 0)
                    FAILS(region_arena_rewind(&a, undone), -EINVAL);
                undone = region_arena_mark(&a);
                CHECK(region_arena_rewind(&a, third) == 0 && region_alloc(&a, 16) != NULL);
                CHECK(region_alloc(&a, 160) != NULL && region_arena_rewind(&a, third) == 0);
                CHECK(region_alloc(&a, 320) != NULL);
            }
            CHECK(region_arena_rewind(&a, second) == 0 && region_alloc(&a, 960) != NULL);
            FAILS(region_arena_rewind(&a, undone), -EINVAL);
            CHECK(region_arena_rewind(&a, second) == 0);
        }
        CHECK(region_arena_rewind(&a, first) == 0 && region_alloc(&a, 1600) != NULL);
        FAILS(region_arena_rewind(&a, undone), -EINVAL);
        CHECK(region_arena_rewind(&a, first) == 0);
    }
    region_arena_free(&a);
}

static void marks_move_with_their_arena(void)
{
    region_arena a = REGION_ARENA_INIT, b;
    region_mark mark;
    CHECK(region_alloc(&a, 16) != NULL);
    mark = region_arena_mark(&a);
    CHECK(region_alloc(&a, 16) != NULL);
    b = a;
    CHECK(region_arena_rewind(&b, mark) == 0);
    region_arena_free(&b);
}

/* ---- Deferred calls. */

static int calls;

static void count_call(void *context)
{
    (void)context;
    calls++;
}

static void a_node_is_deferred_once(void)
{
    region_arena a = REGION_ARENA_INIT, b = REGION_ARENA_INIT;
    region_defer node = REGION_DEFER_INIT, other = REGION_DEFER_INIT;
    calls = 0;
    CHECK(region_arena_defer_node(&a, &node, count_call, NULL) == 0);
    FAILS(region_arena_defer_node(&a, &node, count_call, NULL), -EALREADY);
    CHECK(region_arena_defer_node(&a, &other, count_call, NULL) == 0);
    FAILS(region_arena_defer_node(&a, &node, count_call, NULL), -EALREADY);
    FAILS(region_arena_defer_node(&b, &node, count_call, NULL), -EALREADY); /* it is another arena's */
    CHECK(region_arena_reset(&a, 0) == 0 && calls == 2);
    CHECK(region_arena_free(&b) == 0 && calls == 2);
    /* Its call was made: it may be used again. */
    CHECK(region_arena_defer_node(&b, &node, count_call, NULL) == 0);
    CHECK(region_arena_free(&b) == 0 && region_arena_free(&a) == 0 && calls == 3);
}

static region_defer again;
static region_arena its;

static void defer_again(void *context)
{
    if (++calls < 5)
        CHECK(region_arena_defer_node(&its, &again, defer_again, context) == 0);
}

static void a_node_may_be_deferred_by_its_own_call(void)
{
    calls = 0;
    CHECK(region_arena_defer_node(&its, &again, defer_again, NULL) == 0);
    CHECK(region_arena_free(&its) == 0 && calls == 5);
}

/* Whatever memory held before, it is no node whose call is due. */
static void memory_that_was_used_before_is_a_node(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_defer node;
    memset(&node, 0xff, sizeof node);
    calls = 0;
    CHECK(region_arena_defer_node(&a, &node, count_call, NULL) == 0);
    CHECK(region_arena_free(&a) == 0 && calls == 1);
}

/* ---- Texts. */

/* Takes all that was freed and fills it; nobody else may write there. */
static unsigned char *occupy(region_arena *a, size_t size)
{
    unsigned char *block = (unsigned char *)region_alloc(a, size);
    CHECK(block != NULL);
    memset(block, 0x77, size);
    return block;
}

static void untouched(const unsigned char *block, size_t size)
{
    for (size_t i = 0; i < size; i++)
        CHECK(block[i] == 0x77);
}

static void a_text_that_a_rewind_threw_away_takes_no_more(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    region_mark mark = region_arena_mark(&a);
    unsigned char *block;
    char *text;
    CHECK(region_string_puts(&s, "begun before, written since") == 0);
    CHECK(region_arena_rewind(&a, mark) == 0);
    block = occupy(&a, 500);
    FAILS(region_string_puts(&s, "more"), -EINVAL);
    CHECK(region_arena_error(&a) == -EINVAL);
    FAILS(region_string_putc(&s, 'x'), -EINVAL);
    FAILS(region_string_append(&s, "x", 1), -EINVAL);
    FAILS(region_string_reserve(&s, 0), -EINVAL);
    FAILS(region_string_reserve_(&s, 1000), -EINVAL);
    FAILS(region_string_printf(&s, "%d", 1), -EINVAL);
    FAILS(region_string_printf(&s, "%1000d", 1), -EINVAL);
    EMPTY(region_string_finish(&s));
    region_string_free(&s);
    CHECK(s.data == NULL && s.len == 0 && s.capacity == 0);
    untouched(block, 500);
    CHECK(region_alloc(&a, 16) == block + 512); /* and nothing was given back */
    CHECK(region_string_puts(&s, "anew") == 0);
    text = region_string_finish(&s);
    CHECK(text != NULL && strcmp(text, "anew") == 0);
    region_arena_free(&a);
}

static void a_text_that_grew_since_is_thrown_away_wherever_it_began(void)
{
    region_arena a = REGION_ARENA_INIT;
    for (int moves = 0; moves < 2; moves++) {
        region_string s = REGION_STRING_INIT(&a);
        region_mark mark;
        unsigned char *block;
        CHECK(region_string_puts(&s, "begun before") == 0);
        if (moves)
            CHECK(region_alloc(&a, 16) != NULL);
        mark = region_arena_mark(&a);
        CHECK(region_string_reserve(&s, 400) == 0 && region_arena_rewind(&a, mark) == 0);
        block = occupy(&a, 1000);
        FAILS(region_string_puts(&s, "more"), -EINVAL);
        region_string_free(&s);
        untouched(block, 1000);
    }
    region_arena_free(&a);
}

static void a_text_that_did_not_grow_since_stands(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    CHECK(region_string_puts(&s, "kept") == 0);
    for (int i = 0; i < 3; i++) {
        region_mark mark = region_arena_mark(&a);
        CHECK(region_alloc(&a, 1000) != NULL && region_string_putc(&s, '.') == 0);
        CHECK(region_arena_rewind(&a, mark) == 0 && region_string_putc(&s, '!') == 0);
    }
    CHECK(strcmp(s.data, "kept.!.!.!") == 0);
    CHECK(region_alloc(&a, 16) != NULL && region_string_reserve(&s, 1000) == 0);
    CHECK(strcmp(region_string_finish(&s), "kept.!.!.!") == 0);
    region_arena_free(&a);
}

/* Grown by as much as its size was rounded up by, a text takes nothing; so the marks since then do not end it. */
static void a_text_that_grew_within_its_last_16_bytes_stands(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    region_mark mark;
    CHECK(region_string_reserve(&s, 64) == 0 && s.capacity == 65);
    CHECK(region_string_puts(&s, "kept") == 0);
    mark = region_arena_mark(&a);
    CHECK(region_alloc(&a, 16) != NULL);
    CHECK(region_arena_set_limit(&a, 96) == 0); /* no room for twice as much */
    CHECK(region_string_reserve(&s, 70) == 0 && s.capacity == 75);
    CHECK(region_arena_rewind(&a, mark) == 0 && region_string_puts(&s, " on") == 0 && strcmp(s.data, "kept on") == 0);
    region_arena_free(&a);
}

static void a_text_of_an_arena_that_was_freed_or_reset_is_no_more(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    unsigned char *block;
    CHECK(region_string_puts(&s, "text") == 0 && region_arena_reset(&a, REGION_KEEP_ALL) == 0);
    block = occupy(&a, 500);
    FAILS(region_string_puts(&s, "more"), -EINVAL);
    region_string_free(&s);
    untouched(block, 500);
    CHECK(region_string_puts(&s, "text") == 0 && region_arena_free(&a) == 0);
    FAILS(region_string_puts(&s, "more"), -EINVAL);
    block = occupy(&a, 500);
    FAILS(region_string_puts(&s, "more"), -EINVAL);
    region_string_free(&s);
    untouched(block, 500);
    region_arena_free(&a);
}

/* ---- Formatted text. */

static void a_text_may_be_formatted_of_itself(void)
{
    region_arena a = REGION_ARENA_INIT;
    for (int in_between = 0; in_between < 2; in_between++) {
        region_string s = REGION_STRING_INIT(&a);
        char expected[20000] = "ab", *finished;
        CHECK(region_string_puts(&s, "ab") == 0);
        for (int i = 0; i < 7; i++) { /* three times as long each time, and some */
            char before[5000];
            CHECK(strlen(expected) < sizeof before);
            strcpy(before, expected);
            snprintf(expected, sizeof expected, "%s%s-%d-%s", before, before, i, before + 1);
            CHECK(region_string_printf(&s, "%s-%d-%s", s.data, i, s.data + 1) == 0);
            CHECK(s.len == strlen(expected) && strcmp(s.data, expected) == 0);
            if (in_between)
                CHECK(region_alloc(&a, 16) != NULL); /* so that it moves */
        }
        finished = region_string_finish(&s);
        CHECK(strcmp(finished, expected) == 0);
    }
    region_arena_free(&a);
}

static void long_text_grows_in_place(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    char *start;
    CHECK(region_string_puts(&s, "-") == 0);
    start = s.data;
    for (int i = 0; i < 30; i++)
        CHECK(region_string_printf(&s, "%1000d", i) == 0 && s.data == start);
    CHECK(s.len == 30001 && s.data[s.len] == '\0');
    region_arena_free(&a);
}

/* No character has this number, so it cannot be written. A libc that does not look says nothing. */
static const wchar_t nobody[] = { 0x7ffffff0, 0 };

static void a_format_that_fails_is_told(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    if (snprintf(NULL, 0, "%ls", nobody) >= 0)
        return;
    CHECK(region_string_puts(&s, "text") == 0 && region_arena_set_limit(&a, 4096) == 0);
    CHECK(region_alloc(&a, 5000) == NULL && region_arena_error(&a) == -ENOSPC);
    EMPTY(region_printf(&a, "%ls", nobody));
    CHECK(region_arena_error(&a) == -EINVAL);
    CHECK(region_alloc(&a, 5000) == NULL && region_arena_error(&a) == -ENOSPC);
    FAILS(region_string_printf(&s, "%ls", nobody), -EINVAL);
    CHECK(region_arena_error(&a) == -EINVAL && strcmp(s.data, "text") == 0);
    region_arena_free(&a);
}

int main(void)
{
    a_mark_that_was_undone_is_told_when_its_place_is_in_use_again();
    a_mark_that_a_reset_undid_is_told();
    a_mark_that_a_block_given_back_undid_is_told();
    a_mark_of_an_empty_arena_is_no_other_arenas();
    a_mark_of_an_arena_that_was_freed_is_no_more();
    loops_within_loops_rewind();
    marks_move_with_their_arena();
    a_node_is_deferred_once();
    a_node_may_be_deferred_by_its_own_call();
    memory_that_was_used_before_is_a_node();
    a_text_that_a_rewind_threw_away_takes_no_more();
    a_text_that_grew_since_is_thrown_away_wherever_it_began();
    a_text_that_did_not_grow_since_stands();
    a_text_that_grew_within_its_last_16_bytes_stands();
    a_text_of_an_arena_that_was_freed_or_reset_is_no_more();
    a_text_may_be_formatted_of_itself();
    long_text_grows_in_place();
    a_format_that_fails_is_told();
    return 0;
}

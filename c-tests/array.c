/* Arrays of any type that grow in an arena, by macros. Each function is a claim. */

#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>

struct point {
    int x, y;
};

typedef REGION_ARRAY(int) ints;

static bool are(const ints *array, size_t n, const int *expected)
{
    return array->len == n && (n == 0 || memcmp(array->data, expected, n * sizeof *expected) == 0);
}

static void elements_of_any_type_are_pushed_and_popped(void)
{
    region_arena a = REGION_ARENA_INIT;
    REGION_ARRAY(struct point) points = REGION_ARRAY_INIT(&a);
    REGION_ARRAY(const char *) names = REGION_ARRAY_INIT(&a);
    REGION_ARRAY(char) bytes = REGION_ARRAY_INIT(&a);
    REGION_ARRAY(double) numbers = REGION_ARRAY_INIT(&a);
    struct point last;
    CHECK(points.data == NULL && points.len == 0 && !region_array_pop(&points, &last));
    for (int i = 0; i < 1000; i++) {
        CHECK(region_array_push(&points, (struct point){ i, -i }) == 0);
        CHECK(region_array_push(&names, i % 2 != 0 ? "odd" : "even") == 0);
        CHECK(region_array_push(&bytes, (char)i) == 0 && region_array_push(&numbers, 0.5 * i) == 0);
        /* Of the array's own words. */
        CHECK(region_array_push(&numbers, (double)numbers.len) == 0);
    }
    for (int i = 0; i < 1000; i++) {
        CHECK(points.data[i].x == i && points.data[i].y == -i && bytes.data[i] == (char)i);
        CHECK(strcmp(names.data[i], i % 2 != 0 ? "odd" : "even") == 0);
        CHECK(numbers.data[2 * i] == 0.5 * i && numbers.data[2 * i + 1] == 2.0 * i + 1);
    }
    CHECK(region_array_pop(&points, &last) && last.x == 999 && points.len == 999);
    /* Fewer, by hand. */
    points.len = 1;
    CHECK(region_array_push(&points, last) == 0 && points.data[1].x == 999 && points.data[0].x == 0);
    region_arena_free(&a);
}

static void elements_go_in_and_out_anywhere(void)
{
    region_arena a = REGION_ARENA_INIT;
    ints numbers = REGION_ARRAY_INIT(&a);
    static const int four[] = { 1, 2, 3, 4 };
    int i = 0;
    CHECK(region_array_extend(&numbers, four, 4) == 0 && are(&numbers, 4, four));
    CHECK(region_array_insert(&numbers, 0, 0) == 0 && region_array_insert(&numbers, 5, 5) == 0);
    CHECK(are(&numbers, 6, (const int[]){ 0, 1, 2, 3, 4, 5 }));
    /* Each argument once. */
    CHECK(region_array_insert(&numbers, (size_t)++i, 7) == 0 && i == 1);
    CHECK(region_array_remove(&numbers, (size_t)i++, 1) == 0 && i == 2);
    CHECK(region_array_push(&numbers, i++) == 0 && i == 3);
    CHECK(are(&numbers, 7, (const int[]){ 0, 1, 2, 3, 4, 5, 2 }));
    CHECK(region_array_insert_all(&numbers, 6, four + 1, 2) == 0);
    CHECK(are(&numbers, 9, (const int[]){ 0, 1, 2, 3, 4, 5, 2, 3, 2 }));
    CHECK(region_array_remove(&numbers, 6, 3) == 0 && region_array_remove(&numbers, 0, 1) == 0);
    /* Nobody has to look at the answer. */
    region_array_push(&numbers, 9);
    region_array_insert(&numbers, 0, 8);
    region_array_remove(&numbers, 0, 1);
    region_array_pop(&numbers, &i);
    CHECK(i == 9 && region_array_remove(&numbers, 1, 3) == 0 && are(&numbers, 2, (const int[]){ 1, 5 }));
    CHECK(region_array_remove(&numbers, 0, 2) == 0 && region_array_remove(&numbers, 0, 0) == 0 && numbers.len == 0);
    CHECK(region_array_extend(&numbers, NULL, 0) == 0 && numbers.len == 0);
    region_arena_free(&a);
}

/* At each place, of each place, with and without room. */
static void an_arrays_own_elements_are_copied_as_they_were(void)
{
    enum { N = 12 };
    for (size_t at = 0; at <= N; at++) {
        for (size_t from = 0; from <= N; from++) {
            for (size_t n = 0; n <= N - from; n++) {
                for (int moves = 0; moves < 2; moves++) {
                    region_arena a = REGION_ARENA_INIT;
                    ints numbers = REGION_ARRAY_INIT(&a);
                    int expected[2 * N];
                    CHECK(region_array_reserve(&numbers, N) == 0);
                    for (int i = 0; i < N; i++)
                        CHECK(region_array_push(&numbers, i) == 0);
                    if (moves != 0)
                        CHECK(region_alloc(&a, 1) != NULL);
                    for (size_t i = 0; i < N + n; i++)
                        expected[i] = (int)(i < at ? i : i < at + n ? from + i - at : i - n);
                    CHECK(region_array_insert_all(&numbers, at, numbers.data + from, n) == 0);
                    CHECK(are(&numbers, N + n, expected));
                    region_arena_free(&a);
                }
            }
        }
    }
}

static void an_array_grows_in_place_while_it_is_the_last_block(void)
{
    region_arena a = REGION_ARENA_INIT;
    ints numbers = REGION_ARRAY_INIT(&a);
    const int *first;
    size_t capacity;
    CHECK(region_array_push(&numbers, 0) == 0 && numbers.capacity >= 16);
    first = numbers.data;
    for (int i = 1; i < 10000; i++)
        CHECK(region_array_push(&numbers, i) == 0 && numbers.data == first);
    CHECK(region_alloc(&a, 1) != NULL);
    capacity = numbers.capacity;
    while (numbers.len < capacity)
        CHECK(region_array_push(&numbers, 1) == 0 && numbers.data == first);
    CHECK(region_array_push(&numbers, 2) == 0 && numbers.data != first && numbers.capacity >= 2 * capacity);
    CHECK(numbers.data[9999] == 9999 && numbers.data[capacity] == 2);
    region_arena_free(&a);
}

static void a_finished_array_is_as_long_as_its_elements(void)
{
    region_arena a = REGION_ARENA_INIT;
    ints numbers = REGION_ARRAY_INIT(&a);
    int *done;
    CHECK(region_array_finish(&numbers) == NULL);
    for (int i = 0; i < 5; i++)
        CHECK(region_array_push(&numbers, i) == 0);
    done = region_array_finish(&numbers);
    CHECK(done != NULL && done[4] == 4 && numbers.data == NULL && numbers.len == 0 && numbers.capacity == 0);
    CHECK((char *)region_alloc(&a, 1) == (char *)done + 32);
    /* And another one; given back, its memory is the next block's. */
    CHECK(region_array_push(&numbers, 1) == 0);
    done = numbers.data;
    region_array_free(&numbers);
    CHECK(numbers.data == NULL && numbers.capacity == 0 && region_alloc(&a, 16) == (void *)done);
    region_array_free(&numbers);
    region_arena_free(&a);
}

static void an_array_that_a_rewind_threw_away_does_not_grow(void)
{
    region_arena a = REGION_ARENA_INIT;
    ints numbers = REGION_ARRAY_INIT(&a), older = REGION_ARRAY_INIT(&a);
    region_mark mark;
    CHECK(region_array_push(&older, 1) == 0);
    mark = region_arena_mark(&a);
    CHECK(region_array_push(&numbers, 1) == 0 && region_arena_rewind(&a, mark) == 0);
    CHECK(region_alloc(&a, 64) != NULL);
    FAILS(region_array_reserve(&numbers, 1000), -EINVAL);
    FAILS(region_array_extend(&numbers, older.data, 1), -EINVAL);
    FAILS(region_array_insert(&numbers, 0, 1), -EINVAL);
    FAILS(region_array_remove(&numbers, 0, 1), -EINVAL);
    numbers.len = numbers.capacity;
    FAILS(region_array_push(&numbers, 1), -EINVAL);
    EMPTY(region_array_finish(&numbers));
    CHECK(older.data[0] == 1 && region_array_push(&older, 2) == 0);
    region_array_free(&numbers);
    CHECK(region_array_push(&numbers, 3) == 0 && numbers.data[0] == 3 && numbers.len == 1);
    region_arena_free(&a);
}

static int give_up(void *asked, region_arena *a, size_t size)
{
    (void)a, (void)size;
    ++*(int *)asked;
    return 0;
}

static void what_cannot_be_is_told_and_changes_nothing(void)
{
    region_arena a = REGION_ARENA_INIT;
    ints numbers = REGION_ARRAY_INIT(&a), nowhere = REGION_ARRAY_INIT(NULL);
    volatile size_t most = SIZE_MAX;
    int asked = 0, one = 1;
    CHECK(region_array_push(&numbers, 1) == 0);
    FAILS(region_array_insert(&numbers, 2, 1), -EINVAL);
    FAILS(region_array_remove(&numbers, 1, 1), -EINVAL);
    FAILS(region_array_remove(&numbers, 0, most), -EINVAL);
    FAILS(region_array_remove(&numbers, 2, 0), -EINVAL);
    FAILS(region_array_reserve(&numbers, most), -EOVERFLOW);
    FAILS(region_array_reserve(&numbers, most / sizeof(int)), -EOVERFLOW);
    FAILS(region_array_extend(&numbers, &one, most / 2), -EOVERFLOW);
    CHECK(numbers.len == 1 && numbers.data[0] == 1 && region_array_push(&numbers, 2) == 0);
    FAILS(region_array_push(&nowhere, 1), -EINVAL);
    FAILS(region_array_insert(&nowhere, 0, 1), -EINVAL);
    FAILS(region_array_reserve_(NULL, 1, 4), -EINVAL);
    FAILS(region_array_reserve_(&numbers, 1, 0), -EINVAL);
    FAILS(region_array_insert_(NULL, 0, &one, 1, 4), -EINVAL);
    FAILS(region_array_remove_(NULL, 0, 0, 4), -EINVAL);
    EMPTY(region_array_finish_(NULL, 4));
    region_array_free_(NULL, 4);
    region_array_free(&nowhere);
    /* Just what a limit allows, and what its callback says. */
    CHECK(region_arena_set_limit(&a, 128) == 0);
    while (numbers.len < 32)
        CHECK(region_array_push(&numbers, 3) == 0);
    CHECK(region_arena_on_oom(&a, give_up, &asked) == 0 && numbers.capacity == 32);
    FAILS(region_array_push(&numbers, 4), -ENOSPC);
    CHECK(asked == 1 && numbers.len == 32 && numbers.data[31] == 3 && region_arena_error(&a) == -ENOSPC);
    region_arena_free(&a);
}

/* Any row of steps, beside an array of the usual kind. */
static void any_steps_leave_what_they_should(void)
{
    enum { MOST = 4000 };
    static int shadow[MOST];
    unsigned random = 1;
    for (int round = 0; round < 30; round++) {
        region_arena a = REGION_ARENA_INIT;
        ints numbers = REGION_ARRAY_INIT(&a);
        size_t len = 0;
        for (int step = 0; step < 400; step++) {
            size_t at, n;
            int popped;
            random = random * 1664525u + 1013904223u;
            at = len == 0 ? 0 : (random >> 8) % (len + 1);
            n = (random >> 20) % 40;
            switch ((random >> 28) % 6) {
            case 0:
                if (len == 0 || len + n > MOST)
                    break;
                if (at + n > len)
                    n = len - at;
                memcpy(shadow + len, shadow + at, n * sizeof *shadow);
                CHECK(region_array_extend(&numbers, numbers.data + at, n) == 0);
                len += n;
                break;
            case 1:
                if (at + n > len)
                    n = len - at;
                memmove(shadow + at, shadow + at + n, (len - at - n) * sizeof *shadow);
                CHECK(region_array_remove(&numbers, at, n) == 0);
                len -= n;
                break;
            case 2:
                CHECK(region_array_pop(&numbers, &popped) == (len != 0));
                CHECK(len == 0 || popped == shadow[--len]);
                break;
            case 3:
                CHECK(region_alloc(&a, n) != NULL);
                break;
            default:
                if (len == MOST)
                    break;
                memmove(shadow + at + 1, shadow + at, (len - at) * sizeof *shadow);
                shadow[at] = step;
                CHECK((at == len ? region_array_push(&numbers, step) : region_array_insert(&numbers, at, step)) == 0);
                len++;
            }
            CHECK(are(&numbers, len, shadow) && numbers.len <= numbers.capacity);
        }
        region_arena_free(&a);
    }
}

int main(void)
{
    elements_of_any_type_are_pushed_and_popped();
    elements_go_in_and_out_anywhere();
    an_arrays_own_elements_are_copied_as_they_were();
    an_array_grows_in_place_while_it_is_the_last_block();
    a_finished_array_is_as_long_as_its_elements();
    an_array_that_a_rewind_threw_away_does_not_grow();
    what_cannot_be_is_told_and_changes_nothing();
    any_steps_leave_what_they_should();
    return 0;
}

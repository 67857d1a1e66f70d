/* Arenas in bytes of the caller's: on the stack, in a static, fixed or going on in mapped memory.
 *
 *     buffer           checks what it claims
 *     buffer strict    the same of fixed arenas, where any system call but write(2) and _exit(2) is death (seccomp)
 */

#define _GNU_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An arena in `buffer` and nowhere else. */
static region_arena fixed(void *buffer, size_t size)
{
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_arena a;
    options.buffer = buffer;
    options.buffer_size = size;
    options.flags = REGION_ARENA_FIXED;
    CHECK(region_arena_init(&a, &options) == 0);
    return a; /* to another address, which an arena does not mind */
}

/* An arena that begins in `buffer`. */
static region_arena begun(void *buffer, size_t size)
{
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_arena a;
    options.buffer = buffer;
    options.buffer_size = size;
    CHECK(region_arena_init(&a, &options) == 0);
    return a;
}

static bool lies_in(const void *block, size_t len, const void *buffer, size_t size)
{
    uintptr_t at = (uintptr_t)block, start = (uintptr_t)buffer;
    return block != NULL && start <= at && at + len <= start + size;
}

struct pair {
    struct pair *next;
    const char *key, *value;
};

/* The pairs of "key=value&key=value", the last first; NULL when the arena has no room for them. */
static struct pair *parse(region_arena *a, const char *query)
{
    struct pair *pairs = NULL;
    while (*query != '\0') {
        size_t key = strcspn(query, "=&"), value = 0;
        struct pair *p = region_new(a, struct pair);
        if (p == NULL)
            return NULL;
        p->key = region_strndup(a, query, key);
        query += key + (query[key] == '=');
        value = strcspn(query, "&");
        p->value = region_strndup(a, query, value);
        if (p->key == NULL || p->value == NULL)
            return NULL;
        query += value + (query[value] == '&');
        p->next = pairs;
        pairs = p;
    }
    return pairs;
}

static void a_request_is_parsed_on_the_stack(void)
{
    char stack[1024];
    region_arena a = fixed(stack, sizeof stack);
    struct pair *pairs = parse(&a, "name=arena&empty=&kind=bump");
    CHECK(lies_in(pairs, sizeof *pairs, stack, sizeof stack));
    CHECK(strcmp(pairs->key, "kind") == 0 && strcmp(pairs->value, "bump") == 0);
    CHECK(strcmp(pairs->next->value, "") == 0 && strcmp(pairs->next->next->value, "arena") == 0);
    CHECK(region_arena_contains(&a, pairs->value) && !region_arena_contains(&a, stack + sizeof stack - 1));
    CHECK(region_arena_free(&a) == 0);
    memset(stack, 0, sizeof stack); /* the bytes are ours again */
}

static int asked;

static int give_up(void *context, region_arena *a, size_t size)
{
    (void)context, (void)a, (void)size;
    asked++;
    return 0;
}

static void an_arena_that_is_full_says_so_and_stays_whole(void)
{
    /* From a multiple of 512 to the next, so that nothing between them is one. */
    static char space[2 * 512];
    const size_t size = 512;
    char *memory = space + (size - (uintptr_t)space % size) % size;
    region_arena a = fixed(memory, size);
    region_stats stats;
    region_mark half;
    size_t blocks = 0;
    char *first = (char *)region_strdup(&a, "still here"), *again;
    while (region_alloc(&a, 48) != NULL)
        blocks++;
    CHECK(blocks == (size - 16) / 48 && region_arena_error(&a) == -ENOSPC);
    CHECK(region_alloc(&a, 48) == NULL && region_calloc(&a, 1, 48) == NULL && region_alloc_aligned(&a, 1, 512) == NULL);
    CHECK(region_alloc(&a, 1 << 30) == NULL && region_realloc(&a, first, 11, 600) == NULL);
    /* Its first node may fit what is left, where pointers are short. */
    half = region_arena_mark(&a);
    CHECK(parse(&a, "no=room&for=it") == NULL && region_arena_rewind(&a, half) == 0);
    CHECK(region_arena_defer(&a, NULL, NULL) == -EINVAL);
    CHECK(region_arena_on_oom(&a, give_up, NULL) == 0 && region_alloc(&a, 500) == NULL && asked == 1);
    CHECK(region_alloc(&a, 0) != NULL && strcmp(first, "still here") == 0);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.ranges == 1);
    CHECK(stats.used == 16 + 48 * blocks && stats.committed == size && stats.reserved == size);

    CHECK(region_arena_reset(&a, 0) == 0 && region_arena_reset(&a, REGION_KEEP_ALL) == 0);
    CHECK(region_arena_set_limit(&a, 64) == 0 && region_alloc(&a, 65) == NULL);
    CHECK(region_arena_set_limit(&a, SIZE_MAX) == 0);
    again = (char *)region_alloc(&a, size / 2);
    half = region_arena_mark(&a);
    CHECK(again == first && region_alloc(&a, size / 2) != NULL && region_alloc(&a, 1) == NULL);
    CHECK(region_arena_rewind(&a, half) == 0 && region_alloc(&a, size / 2) != NULL);
    CHECK(region_arena_free(&a) == 0 && region_arena_free(&a) == 0);
}

static void zeroes_are_zero_whatever_the_buffer_held(void)
{
    char stack[256];
    for (int round = 0; round < 2; round++) {
        region_arena a;
        memset(stack, 0x5a, sizeof stack);
        a = fixed(stack, sizeof stack);
        for (int reset = 0; reset < 2; reset++) {
            unsigned char *block = (unsigned char *)region_calloc(&a, 10, 20);
            CHECK(lies_in(block, 200, stack, sizeof stack));
            for (int i = 0; i < 200; i++)
                CHECK(block[i] == 0);
            memset(block, 0xff, 200);
            region_arena_reset(&a, 0);
        }
        region_arena_free(&a);
    }
}

static void any_address_and_any_length_will_do(void)
{
    static unsigned char room[256 + 64];
    unsigned char *memory = room + (64 - (uintptr_t)room % 64);
    for (size_t at = 1; at <= 33; at++) {
        for (size_t size = 31; size <= 200; size++) {
            region_arena a;
            memset(memory, 0x77, 256);
            a = fixed(memory + at, size);
            for (size_t i = 0; i < 20; i++) {
                unsigned char *block = (unsigned char *)region_alloc(&a, 17);
                if (block == NULL)
                    break;
                CHECK((uintptr_t)block % 16 == 0 && lies_in(block, 17, memory + at, size));
                memset(block, 0, 17);
            }
            CHECK(region_alloc(&a, 17) == NULL);
            region_arena_free(&a);
            for (size_t i = 0; i < at; i++)
                CHECK(memory[i] == 0x77);
            for (size_t i = at + size; i < 256; i++)
                CHECK(memory[i] == 0x77);
        }
    }
    {
        region_arena a = fixed(memory, 256);
        CHECK((uintptr_t)region_alloc_aligned(&a, 8, 64) % 64 == 0 && region_alloc(&a, 8) != NULL);
        CHECK((uintptr_t)region_alloc_aligned(&a, 8, 128) % 128 == 0);
        region_arena_free(&a);
    }
}

static void count(void *context)
{
    ++*(int *)context;
}

static void what_is_deferred_runs_and_text_grows_in_place(void)
{
    char stack[2000];
    int calls = 0;
    region_arena a = fixed(stack, sizeof stack);
    region_string s = REGION_STRING_INIT(&a);
    CHECK(region_arena_defer(&a, count, &calls) == 0);
    for (int i = 0; i < 100; i++)
        CHECK(region_string_puts(&s, "0123456789") == 0);
    CHECK(s.len == 1000 && lies_in(s.data, s.len, stack, sizeof stack));
    CHECK(region_string_reserve(&s, 2000) == -ENOSPC && s.len == 1000);
    CHECK(region_arena_reset(&a, 0) == 0 && calls == 1);
    CHECK(region_arena_free(&a) == 0);
}

/* Blocks that come and go, and everything at once. What is kept for later goes back to nobody. */
static void a_heap_is_all_in_its_buffer(void)
{
    static char memory[100000];
    region_heap heap;
    region_heap_options options = REGION_HEAP_OPTIONS;
    char *blocks[100];
    options.buffer = memory;
    options.buffer_size = sizeof memory;
    options.flags = REGION_HEAP_FIXED;
    CHECK(region_heap_init(&heap, &options) == 0);
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < 100; i++) {
            size_t size = (i * 37 + round * 11) % 200;
            blocks[i] = (char *)region_heap_alloc(&heap, size);
            CHECK(lies_in(blocks[i], size, memory, sizeof memory));
            memset(blocks[i], 1, size);
        }
        for (size_t i = round % 2; i < 100; i += 2)
            CHECK(region_heap_free_block(&heap, blocks[i]) == 0 && region_heap_free_block(&heap, blocks[i]) < 0);
        CHECK((blocks[0] = (char *)region_heap_alloc(&heap, 10000)) != NULL);
        blocks[1] = (char *)region_heap_realloc(&heap, blocks[0], 12000);
        CHECK(lies_in(blocks[1], 12000, memory, sizeof memory) && region_heap_trim(&heap) == 0);
        CHECK(region_heap_clear(&heap, round % 3 == 0 ? 0 : REGION_KEEP_ALL) == 0);
    }
    CHECK(region_heap_alloc(&heap, sizeof memory) == NULL && region_heap_error(&heap) == -ENOSPC);
    CHECK(region_heap_free(&heap) == 0);
}

static void an_arena_goes_on_where_its_buffer_ends(void)
{
    char stack[1000];
    region_arena a, b;
    region_stats stats;
    region_mark mark;
    char *first, *here, *beyond;
    memset(stack, 1, sizeof stack);
    a = begun(stack, sizeof stack);
    first = (char *)region_alloc(&a, 100);
    mark = region_arena_mark(&a);
    here = (char *)region_alloc(&a, 700);
    beyond = (char *)region_calloc(&a, 1, 5000);
    CHECK(lies_in(first, 100, stack, sizeof stack) && lies_in(here, 700, stack, sizeof stack));
    CHECK(beyond != NULL && !lies_in(beyond, 1, stack, sizeof stack) && beyond[4999] == 0);
    CHECK(region_arena_contains(&a, first) && region_arena_contains(&a, beyond + 4999));
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.ranges == 2 && stats.reserved == sizeof stack + (64 << 10));
    CHECK(region_arena_resident(&a) >= 5000);
    b = a; /* moved */
    for (int i = 0; i < 100; i++)
        memset(region_alloc(&b, 100000), 2, 100000);
    CHECK(region_arena_stats(&b, &stats) == 0 && stats.ranges >= 4 && stats.used > 10000000);

    CHECK(region_arena_rewind(&b, mark) == 0 && region_alloc(&b, 700) == here);
    CHECK(region_arena_reset(&b, 0) == 0 && region_alloc(&b, 1) == first);
    memset(region_alloc(&b, 1 << 20), 3, 1 << 20);
    CHECK(region_arena_reset(&b, 1 << 20) == 0 && region_arena_reset(&b, REGION_KEEP_ALL) == 0);
    CHECK(region_alloc(&b, 1 << 20) != NULL && region_arena_free(&b) == 0);
    memset(stack, 4, sizeof stack);
    CHECK(region_alloc(&b, 8) != NULL && !region_arena_contains(&b, stack)); /* as any empty arena */
    CHECK(region_arena_free(&b) == 0 && stack[0] == 4 && stack[999] == 4);
}

static void a_buffer_without_room_is_passed_over(void)
{
    char small[40];
    for (size_t size = 0; size < 32; size++) {
        region_arena a = begun(small + 1, size);
        char *block = (char *)region_alloc(&a, 30);
        CHECK(block != NULL && !lies_in(block, 1, small, sizeof small));
        region_arena_free(&a);
    }
}

static void a_large_buffer_is_used_to_its_end(void)
{
    static char large[1 << 20];
    region_arena a = begun(large, sizeof large);
    char *last = NULL;
    for (size_t i = 0; i < sizeof large / 4096 - 1; i++) {
        last = (char *)region_alloc(&a, 4096);
        CHECK(lies_in(last, 4096, large, sizeof large));
    }
    memset(region_alloc(&a, 8192), 1, 8192);
    CHECK(!region_arena_contains(&a, large + sizeof large - 1) && region_arena_contains(&a, last));
    region_arena_free(&a);
}

int main(int argc, char **argv)
{
    bool strict = argc > 1 && strcmp(argv[1], "strict") == 0;
    CHECK(!strict || prctl(PR_SET_SECCOMP, 1 /* SECCOMP_MODE_STRICT */) == 0);
    a_request_is_parsed_on_the_stack();
    an_arena_that_is_full_says_so_and_stays_whole();
    zeroes_are_zero_whatever_the_buffer_held();
    any_address_and_any_length_will_do();
    what_is_deferred_runs_and_text_grows_in_place();
    a_heap_is_all_in_its_buffer();
#ifdef SYS_exit
    if (strict) {
        static const char message[] = "no system call\n";
        long left = write(1, message, sizeof message - 1) == (long)sizeof message - 1 ? 0 : 1;
        syscall(SYS_exit, left); /* exit(3) would call exit_group(2) */
    }
#endif
    an_arena_goes_on_where_its_buffer_ends();
    a_buffer_without_room_is_passed_over();
    a_large_buffer_is_used_to_its_end();
    return 0;
}

/* Hooks of every shape that region.h makes, over a heap and over an arena. No other library is needed here. */

#include "region.h"

#include "check.h"
#include <string.h>

static region_heap heap = REGION_HEAP_INIT;
static region_arena arena = REGION_ARENA_INIT;

static int asked;

/* The context is an expression, evaluated at each call: here it counts. */
static region_heap *chosen(void)
{
    asked++;
    return &heap;
}

REGION_HOOKS(plain, region_heap_hook, chosen());
REGION_HOOKS(of_arena, region_tracked, &arena);
REGION_HOOKS_AT(at, region_heap_hook, &heap);
REGION_HOOKS_AT(arena_at, region_tracked, &arena);
REGION_HOOKS_LAST(last, region_heap_hook);
REGION_HOOKS_LAST(arena_last, region_tracked);
REGION_HOOKS_OF(ints, region_heap_hook, int);
REGION_HOOKS_OF(unsigneds, region_heap_hook, unsigned int);
REGION_HOOKS_OF(arena_unsigneds, region_tracked, unsigned int);
REGION_HOOKS_OF(sizes, region_heap_hook, size_t);

/* As <sqlite3.h> has it. */
typedef struct sqlite3_mem_methods sqlite3_mem_methods;
struct sqlite3_mem_methods {
    void *(*xMalloc)(int);
    void (*xFree)(void *);
    void *(*xRealloc)(void *, int);
    int (*xSize)(void *);
    int (*xRoundup)(int);
    int (*xInit)(void *);
    void (*xShutdown)(void *);
    void *pAppData;
};
REGION_SQLITE_METHODS(methods, region_heap_hook, &heap);

/* As other libraries have them: the types fit without a cast. */
struct suite {
    void *(*malloc_fcn)(size_t size);
    void *(*realloc_fcn)(void *ptr, size_t size);
    void (*free_fcn)(void *ptr);
    void *(*calloc_fcn)(size_t n, size_t size);
    char *(*strdup_fcn)(const char *text);
};
struct located {
    void *(*malloc_fn)(size_t size, const char *file, int line);
    void *(*realloc_fn)(void *ptr, size_t size, const char *file, int line);
    void (*free_fn)(void *ptr, const char *file, int line);
};
struct context_last {
    void *(*malloc_fn)(size_t size, void *data);
    void (*free_fn)(void *ptr, void *data);
    void *(*calloc_fn)(size_t n, size_t size, void *data);
    void *(*realloc_fn)(void *ptr, size_t size, void *data);
};
struct context_first {
    void *(*malloc_fn)(void *data, size_t size);
    void (*free_fn)(void *data, void *ptr);
};
typedef void *(*lua_like)(void *data, void *ptr, size_t old_size, size_t size);

static size_t blocks(void)
{
    region_heap_counts stats;
    CHECK(region_heap_stats(&heap, &stats) == 0 && stats.mistakes == 0);
    return stats.blocks;
}

static void zeroes(const unsigned char *bytes, size_t len)
{
    CHECK(bytes != NULL);
    for (size_t i = 0; i < len; i++)
        CHECK(bytes[i] == 0);
}

static void without_a_context(struct suite suite, bool is_heap)
{
    char *block = (char *)suite.malloc_fcn(100), *text = suite.strdup_fcn("some text");
    void *clean = suite.calloc_fcn(30, 30);
    volatile size_t half = SIZE_MAX / 2 + 2;
    zeroes((unsigned char *)clean, 900);
    CHECK(strcmp(text, "some text") == 0 && suite.calloc_fcn(half, 2) == NULL);
    memset(block, 7, 100);
    block = (char *)suite.realloc_fcn(block, 100000);
    CHECK(block != NULL && block[99] == 7);
    CHECK(!is_heap || (blocks() == 3 && region_heap_contains(&heap, block)));
    suite.free_fcn(text);
    suite.free_fcn(clean);
    suite.free_fcn(NULL);
    CHECK(suite.realloc_fcn(block, 0) == NULL);
    block = (char *)suite.realloc_fcn(NULL, 10);
    suite.free_fcn(block);
    text = suite.strdup_fcn("");
    CHECK(text[0] == '\0');
    suite.free_fcn(text);
}

static void with_a_place(struct located located)
{
    char *block = (char *)located.malloc_fn(100, "file.c", 1);
    memset(block, 7, 100);
    block = (char *)located.realloc_fn(block, 5000, NULL, 0);
    CHECK(block != NULL && block[99] == 7);
    located.free_fn(block, "file.c", 3);
    located.free_fn(NULL, "file.c", 4);
}

static void with_the_context_last(struct context_last hooks, void *context)
{
    char *block = (char *)hooks.malloc_fn(100, context), *clean = (char *)hooks.calloc_fn(7, 9, context);
    zeroes((unsigned char *)clean, 63);
    memset(block, 7, 100);
    block = (char *)hooks.realloc_fn(block, 5000, context);
    CHECK(block != NULL && block[99] == 7);
    hooks.free_fn(block, context);
    hooks.free_fn(clean, context);
}

static void with_sizes_of_other_types(void)
{
    void *(*of_ints)(void *, int, int) = ints_alloc;
    void *(*of_unsigneds)(void *, unsigned int, unsigned int) = unsigneds_alloc;
    void *block = of_ints(&heap, 100, 20), *other = of_unsigneds(&heap, 300, 1);
    volatile size_t half = SIZE_MAX / 2 + 2;
    volatile int minus = -1; /* or the compiler itself would warn */
    CHECK(region_heap_usable_size(&heap, block) >= 2000 && region_heap_usable_size(&heap, other) >= 300);
    CHECK(of_ints(&heap, minus, 1) == NULL && of_ints(&heap, 5, minus) == NULL);
    CHECK(sizes_alloc(&heap, half, 2) == NULL && sizes_alloc(&heap, 2, half) == NULL);
    ints_free(&heap, block);
    unsigneds_free(&heap, other);
    block = of_ints(&heap, 0, 5);
    CHECK(block != NULL);
    ints_free(&heap, block);
    sizes_free(&heap, NULL);
    block = arena_unsigneds_alloc(&arena, 10, 10);
    memset(block, 1, 100);
    arena_unsigneds_free(&arena, block);
    CHECK(blocks() == 0);
}

static void sqlite_has_all_of_its_methods(void)
{
    void *block = methods.xMalloc(1000), *other;
    volatile int minus = -1;
    CHECK(methods.xInit(methods.pAppData) == 0 && methods.xSize(block) >= 1000);
    for (int size = 1; size < 100000; size += 77) {
        int good = methods.xRoundup(size);
        CHECK(good >= size && good % 8 == 0);
        other = methods.xMalloc(good);
        CHECK(methods.xSize(other) == good && methods.xRoundup(good) == good);
        methods.xFree(other);
    }
    CHECK(methods.xRoundup(0x7fffff00) == 0x7fffff00 && methods.xMalloc(minus) == NULL);
    memset(block, 4, 1000);
    block = methods.xRealloc(block, 50000);
    CHECK(block != NULL && ((char *)block)[999] == 4 && methods.xSize(block) >= 50000);
    methods.xFree(block);
    methods.xShutdown(methods.pAppData);
    CHECK(blocks() == 0);
}

int main(void)
{
    const struct suite suite = { plain_malloc, plain_realloc, plain_free, plain_calloc, plain_strdup };
    const struct suite in_arena = { of_arena_malloc, of_arena_realloc, of_arena_free, of_arena_calloc, of_arena_strdup };
    const struct located located = { at_malloc, at_realloc, at_free };
    const struct located located_in_arena = { arena_at_malloc, arena_at_realloc, arena_at_free };
    const struct context_last behind = { last_malloc, last_free, last_calloc, last_realloc };
    const struct context_last behind_arena = { arena_last_malloc, arena_last_free, arena_last_calloc, arena_last_realloc };
    const struct context_first first = { region_heap_hook_malloc, region_heap_hook_free };
    const lua_like lua[] = { region_heap_hook_resize, region_hook_realloc };
    void *block = first.malloc_fn(&heap, 50);
    CHECK(region_heap_hook_size(&heap, block) >= 50);
    first.free_fn(&heap, block);
    block = lua[0](&heap, NULL, 5, 100);
    block = lua[0](&heap, block, 100, 300);
    CHECK(block != NULL && lua[0](&heap, NULL, 3, 0) == NULL && lua[0](&heap, block, 300, 0) == NULL);
    block = region_heap_hook_calloc(&heap, 10, 10);
    zeroes((unsigned char *)block, 100);
    region_heap_hook_free(&heap, block);

    without_a_context(suite, true);
    CHECK(blocks() == 0 && asked == 13);
    without_a_context(in_arena, false);
    with_a_place(located);
    with_a_place(located_in_arena);
    with_the_context_last(behind, &heap);
    with_the_context_last(behind_arena, &arena);
    with_sizes_of_other_types();
    sqlite_has_all_of_its_methods();
    CHECK(blocks() == 0 && region_heap_free(&heap) == 0 && region_arena_free(&arena) == 0);
    return 0;
}

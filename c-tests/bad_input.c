/* Everything a caller can get wrong that the library can see: each is a defined error, and nothing breaks. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int give_up(void *context, region_arena *a, size_t size)
{
    (void)a, (void)size;
    ++*(int *)context;
    return 0;
}

static void call(void *context)
{
    (void)context;
}

static void null_in_place_of_an_arena(void)
{
    region_stats stats;
    region_defer node = REGION_DEFER_INIT;
    region_string s = REGION_STRING_INIT(NULL);
    EMPTY(region_alloc(NULL, 1));
    EMPTY(region_alloc_slow_(NULL, 1));
    EMPTY(region_alloc(NULL, 0));
    EMPTY(region_alloc_aligned(NULL, 1, 1));
    EMPTY(region_alloc_array(NULL, 1, 1, 1));
    EMPTY(region_calloc(NULL, 1, 1));
    EMPTY(region_calloc_aligned(NULL, 1, 1, 1));
    EMPTY(region_realloc(NULL, NULL, 0, 1));
    EMPTY(region_memdup(NULL, "", 1));
    EMPTY(region_strdup(NULL, ""));
    EMPTY(region_strndup(NULL, "", 1));
    EMPTY(region_printf(NULL, "x"));
    EMPTY(region_read_file(NULL, "/dev/null", 0, NULL));
    EMPTY(region_read_fd(NULL, 0, 0, NULL));
    region_free(NULL, &s, 1);
    FAILS(region_arena_init(NULL, NULL), -EINVAL);
    FAILS(region_arena_free(NULL), -EINVAL);
    FAILS(region_arena_reset(NULL, 0), -EINVAL);
    FAILS(region_arena_adopt(NULL, NULL), -EINVAL);
    FAILS(region_arena_rewind(NULL, region_arena_mark(NULL)), -EINVAL);
    FAILS(region_arena_defer(NULL, call, NULL), -EINVAL);
    FAILS(region_arena_defer_node(NULL, &node, call, NULL), -EINVAL);
    FAILS(region_arena_on_oom(NULL, give_up, NULL), -EINVAL);
    FAILS(region_arena_set_limit(NULL, 1), -EINVAL);
    FAILS(region_arena_error(NULL), -EINVAL);
    FAILS(region_arena_stats(NULL, &stats), -EINVAL);
    EMPTY(region_arena_contains(NULL, &s));
    EMPTY(region_arena_resident(NULL));
    FAILS(region_arena_print_stats(NULL, 1), -EINVAL);
    FAILS(region_string_puts(&s, "x"), -EINVAL);
    EMPTY(region_string_finish(&s));
    FAILS(region_string_puts(NULL, "x"), -EINVAL);
    FAILS(region_string_putc(NULL, 'x'), -EINVAL);
    FAILS(region_string_reserve(NULL, 1), -EINVAL);
    FAILS(region_string_reserve_(NULL, 1), -EINVAL);
    EMPTY(region_string_finish(NULL));
    region_string_free(NULL);
    FAILS(region_array_reserve_(NULL, 1, 1), -EINVAL);
    FAILS(region_array_insert_(NULL, 0, NULL, 1, 1), -EINVAL);
    FAILS(region_array_remove_(NULL, 0, 0, 1), -EINVAL);
    EMPTY(region_array_finish_(NULL, 1));
    region_array_free_(NULL, 1);
    EMPTY(region_hook_malloc(NULL, 1));
    EMPTY(region_tracked_malloc(NULL, 1));
    EMPTY(region_hook_realloc(NULL, NULL, 0, 1));
    EMPTY(region_tracked_calloc(NULL, 1, 1));
    EMPTY(region_tracked_realloc(NULL, NULL, 1));
}

static void null_in_place_of_something_else(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    FAILS(region_arena_stats(&a, NULL), -EINVAL);
    FAILS(region_arena_defer(&a, NULL, NULL), -EINVAL);
    FAILS(region_arena_defer_node(&a, NULL, call, NULL), -EINVAL);
    EMPTY(region_memdup(&a, NULL, 1));
    CHECK(region_arena_error(&a) == -EINVAL);
    CHECK(region_memdup(&a, NULL, 0) != NULL);
    EMPTY(region_strdup(&a, NULL));
    EMPTY(region_strndup(&a, NULL, 0));
    EMPTY(region_read_file(&a, NULL, 1, NULL));
    CHECK(region_arena_error(&a) == -EINVAL);
    FAILS(region_string_puts(&s, NULL), -EINVAL);
    FAILS(region_string_append(&s, NULL, 1), -EINVAL);
    CHECK(region_string_append(&s, NULL, 0) == 0);
    region_arena_free(&a);
    FAILS(region_cache_stats(NULL), -EINVAL);
}

static void absurd_sizes(void)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 3, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2 + 1, SIZE_MAX / 2 };
    region_arena a = REGION_ARENA_INIT;
    for (int filled = 0; filled < 2; filled++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            /* Through a volatile, or the compiler itself would warn of these. */
            volatile size_t size = sizes[i];
            void *block = region_alloc(&a, 100);
            uint8_t *cur = a.cur;
            region_string s = REGION_STRING_INIT(&a);
            EMPTY(region_alloc(&a, size));
            EMPTY(region_alloc_slow_(&a, size));
            CHECK(region_arena_error(&a) == (size > SIZE_MAX / 2 - 15 ? -EOVERFLOW : -ENOMEM));
            EMPTY(region_alloc_aligned(&a, size, 4096));
            EMPTY(region_calloc(&a, size, 1));
            EMPTY(region_calloc(&a, 1, size));
            EMPTY(region_alloc_array(&a, size, 16, 16));
            EMPTY(region_realloc(&a, block, 100, size));
            EMPTY(region_realloc(&a, NULL, 0, size));
            EMPTY(region_tracked_malloc(&a, size));
            EMPTY(region_tracked_calloc(&a, size, 3));
            CHECK(region_string_reserve(&s, size) < 0 && s.data == NULL);
            CHECK(a.cur == cur && region_realloc(&a, block, 100, 120) == block);
        }
        CHECK(region_alloc(&a, 200000) != NULL);
    }
    region_arena_free(&a);
}

static void products_that_wrap(void)
{
    region_arena a = REGION_ARENA_INIT;
    volatile size_t half = SIZE_MAX / 2 + 2;
    EMPTY(region_calloc(&a, half, 2));
    CHECK(region_arena_error(&a) == -EOVERFLOW);
    EMPTY(region_calloc(&a, 2, half));
    EMPTY(region_alloc_array(&a, half, 4, 4));
    EMPTY(region_new_array(&a, long, half));
    EMPTY(region_new_array_zeroed(&a, long, half));
    EMPTY(region_tracked_calloc(&a, half, 2));
    region_arena_free(&a);
}

static void alignments_that_cannot_be(void)
{
    static const size_t bad[] = { 0, 3, 24, SIZE_MAX / 4 * 3 + 3, SIZE_MAX, SIZE_MAX / 2 + 1 };
    region_arena a = REGION_ARENA_INIT;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        volatile size_t align = bad[i];
        EMPTY(region_alloc_aligned(&a, 8, align));
        CHECK(region_arena_error(&a) == -EINVAL);
        EMPTY(region_calloc_aligned(&a, 1, 8, align));
        EMPTY(region_alloc_array(&a, 1, 8, align));
        EMPTY(region_alloc_aligned(&a, 0, align));
    }
    CHECK(a.cur == a.end && region_alloc(&a, 8) != NULL);
    region_arena_free(&a);
}

static void nothing_is_an_address(void)
{
    region_arena a = REGION_ARENA_INIT;
    for (int filled = 0; filled < 2; filled++) {
        uint8_t *cur = a.cur;
        CHECK(region_alloc(&a, 0) != NULL && region_calloc(&a, 0, 8) != NULL && region_calloc(&a, 8, 0) != NULL);
        CHECK((uintptr_t)region_alloc_aligned(&a, 0, 4096) % 4096 == 0 && region_memdup(&a, "", 0) != NULL);
        CHECK(region_realloc(&a, NULL, 0, 0) != NULL && region_tracked_calloc(&a, 0, 0) != NULL);
        region_free(&a, region_alloc(&a, 0), 0);
        if (!filled)
            CHECK(cur == NULL && region_alloc(&a, 8) != NULL);
    }
    EMPTY(region_hook_realloc(&a, NULL, 5, 0));
    CHECK(region_tracked_realloc(&a, NULL, 1) != NULL);
    region_arena_free(&a);
}

static void an_arena_that_was_freed_is_empty(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_arena zero;
    memset(&zero, 0, sizeof zero);
    CHECK(region_arena_free(&a) == 0 && region_arena_free(&a) == 0);
    CHECK(region_alloc(&a, 100) != NULL);
    CHECK(region_arena_set_limit(&a, 1000) == 0 && region_arena_on_oom(&a, give_up, NULL) == 0);
    CHECK(region_arena_free(&a) == 0 && memcmp(&a, &zero, sizeof a) == 0);
    CHECK(region_arena_free(&a) == 0 && region_arena_reset(&a, 0) == 0 && region_arena_error(&a) == 0);
    CHECK(region_alloc(&a, 100) != NULL && region_arena_free(&a) == 0);
}

static void marks_of_others(void)
{
    region_arena a = REGION_ARENA_INIT, b = REGION_ARENA_INIT;
    region_mark of_a, newer, garbage;
    char *kept;
    CHECK(region_alloc(&b, 1000) != NULL);
    kept = region_strdup(&a, "kept");
    of_a = region_arena_mark(&a);
    FAILS(region_arena_rewind(&b, of_a), -EINVAL);
    CHECK(region_alloc(&a, 100) != NULL);
    newer = region_arena_mark(&a);
    CHECK(region_arena_rewind(&a, of_a) == 0);
    FAILS(region_arena_rewind(&a, newer), -EINVAL);
    memset(&garbage, 0x5a, sizeof garbage);
    FAILS(region_arena_rewind(&a, garbage), -EINVAL);
    FAILS(region_arena_rewind(&a, region_arena_mark(NULL)), -EINVAL);
    CHECK(strcmp(kept, "kept") == 0);
    region_arena_free(&a);
    FAILS(region_arena_rewind(&a, of_a), -EINVAL);
    region_arena_free(&b);
}

static void a_header_of_another_version(void)
{
    region_arena a;
    region_map map;
    region_pool pool;
    region_input input;
    region_lines lines;
    const size_t other_version = REGION_ABI_(region_arena) + ((size_t)1 << 16);
    const size_t other_size = REGION_ABI_(region_arena) - sizeof(void *);
    memset(&a, 0x77, sizeof a);
    FAILS(region_arena_init_(&a, NULL, other_version), -EPROTO);
    FAILS(region_arena_init_(&a, NULL, other_size), -EPROTO);
    CHECK(((unsigned char *)&a)[0] == 0x77 && ((unsigned char *)&a)[sizeof a - 1] == 0x77); /* nothing was written */
    FAILS(region_map_init_(&map, 1, NULL, 0), -EPROTO);
    FAILS(region_pool_init_(&pool, 4096, 1, NULL, 1), -EPROTO);
    FAILS(region_pool_over_(&pool, &map, 4096, 1), -EPROTO);
    FAILS(region_input_fd_(&input, 0, 0, 1), -EPROTO);
    FAILS(region_input_path_(&input, "/dev/null", 0, 1), -EPROTO);
    FAILS(region_lines_init_(&lines, "", 0, '\n', 2), -EPROTO);
    CHECK(region_abi_version() == REGION_ABI_VERSION && strcmp(region_version(), REGION_VERSION) == 0);
}

static void options_of_another_version(void)
{
    struct {
        region_arena_options known;
        size_t unknown;
    } newer = { REGION_ARENA_OPTIONS, 0 };
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_map_options wish = REGION_MAP_OPTIONS;
    region_map map;
    region_arena a;
    newer.known.size = sizeof newer;
    newer.known.limit = 64;
    CHECK(region_arena_init(&a, &newer.known) == 0);
    EMPTY(region_alloc(&a, 65));
    region_arena_free(&a);
    newer.unknown = 1;
    FAILS(region_arena_init(&a, &newer.known), -EPROTO);
    CHECK(region_alloc(&a, 65) != NULL);
    region_arena_free(&a);
    options.size = 2 * sizeof(size_t); /* an older header, which knew a limit and no more */
    options.limit = 64;
    options.reserve = 1;
    CHECK(region_arena_init(&a, &options) == 0 && region_alloc(&a, 64) != NULL);
    EMPTY(region_alloc(&a, 1));
    region_arena_free(&a);
    options.size = 0;
    FAILS(region_arena_init(&a, &options), -EINVAL);
    options.size = SIZE_MAX;
    FAILS(region_arena_init(&a, &options), -EINVAL);
    wish.flags = 1u << 31;
    FAILS(region_map_init(&map, 4096, &wish), -EINVAL);
    wish.flags = 0;
    wish.align = 3;
    FAILS(region_map_init(&map, 4096, &wish), -EINVAL);
    CHECK(map.base == NULL);
}

static void buffers_that_cannot_be(void)
{
    static char memory[64];
    static const struct {
        void *buffer;
        size_t size;
        unsigned int flags;
        size_t reserve, capacity;
        int status;
    } wishes[] = {
        { NULL, 1, 0, 0, 0, -EINVAL },
        { NULL, SIZE_MAX, 0, 0, 0, -EINVAL },
        { NULL, 0, REGION_ARENA_FIXED, 0, 0, -EINVAL },
        { NULL, 64, REGION_ARENA_FIXED, 0, 0, -EINVAL },
        { NULL, 0, REGION_ARENA_FIXED, 1 << 20, 0, -EINVAL },
        { NULL, 0, 2, 0, 0, -EINVAL },
        { memory, 64, ~0u, 0, 0, -EINVAL },
        { memory, 64, 0, 1 << 20, 0, -EINVAL },
        { memory, 64, REGION_ARENA_FIXED, 0, 1 << 20, -EINVAL },
        { memory, 0, REGION_ARENA_FIXED, 0, 0, -EINVAL },
        { memory + 1, 16, REGION_ARENA_FIXED, 0, 0, -EINVAL },
        { memory, SIZE_MAX, 0, 0, 0, -EOVERFLOW },
        { memory, SIZE_MAX / 2 + 1, REGION_ARENA_FIXED, 0, 0, -EOVERFLOW },
        { memory, 0, 0, 0, 0, 0 },
        { memory + 1, 30, 0, 0, 0, 0 },
        { memory + 1, 31, REGION_ARENA_FIXED, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        region_arena_options options = REGION_ARENA_OPTIONS;
        region_arena a;
        void *block;
        options.buffer = wishes[i].buffer;
        options.buffer_size = wishes[i].size;
        options.flags = wishes[i].flags;
        options.reserve = wishes[i].reserve;
        options.capacity = wishes[i].capacity;
        memset(&a, 0x77, sizeof a);
        CHECK(region_arena_init(&a, &options) == wishes[i].status);
        block = region_alloc(&a, 16);
        CHECK(block != NULL && (wishes[i].status < 0 || wishes[i].flags == 0 || region_alloc(&a, 1) == NULL));
        CHECK(region_arena_free(&a) == 0);
    }
}

static void maps_that_cannot_be(void)
{
    region_map map = REGION_MAP_INIT;
    region_map_options wish = REGION_MAP_OPTIONS;
    region_pool_options pool_wish = REGION_POOL_OPTIONS;
    region_arena_options arena_wish = REGION_ARENA_OPTIONS;
    region_pool pool = REGION_POOL_INIT;
    region_arena arena = REGION_ARENA_INIT;
    size_t bytes;
    wish.reserved_ = pool_wish.reserved_ = arena_wish.reserved_ = 1;
    FAILS(region_map_init(&map, 1, &wish), -EINVAL);
    FAILS(region_pool_init(&pool, 4096, 1, &pool_wish), -EINVAL);
    FAILS(region_arena_init(&arena, &arena_wish), -EINVAL);
    wish.reserved_ = 0;
    FAILS(region_map_init(NULL, 1, NULL), -EINVAL);
    FAILS(region_map_init(&map, 0, NULL), -EINVAL);
    FAILS(region_map_init(&map, SIZE_MAX, NULL), -EOVERFLOW);
    CHECK(region_map_init(&map, SIZE_MAX / 2, NULL) < 0);
    CHECK(map.base == NULL && map.len == 0 && region_map_free(&map) == 0);
    FAILS(region_map_free(NULL), -EINVAL);
    FAILS(region_map_commit(&map, 0, 0), -EINVAL);
    FAILS(region_map_resident(&map, &bytes), -EINVAL);
    CHECK(region_map_init(&map, 10000, NULL) == 0 && map.len == 12288);
    FAILS(region_map_decommit(&map, 1, 4096), -EINVAL);
    FAILS(region_map_decommit(&map, 0, 16384), -EINVAL);
    FAILS(region_map_protect(&map, SIZE_MAX, 2, REGION_ACCESS_READ), -EOVERFLOW);
    FAILS(region_map_protect(&map, 0, 4096, 77), -EINVAL);
    FAILS(region_map_advise(&map, 0, 4096, 77), -EINVAL);
    FAILS(region_map_resident(&map, NULL), -EINVAL);
    FAILS(region_map_huge(&map, NULL), -EINVAL);
    FAILS(region_map_lock(&map, 1, 4096), -EINVAL);
    FAILS(region_map_unlock(&map, 0, 16384), -EINVAL);
    FAILS(region_map_lock(&map, SIZE_MAX, 2), -EOVERFLOW);
    FAILS(region_map_unlock(&map, 4096, SIZE_MAX), -EOVERFLOW);
    CHECK(region_map_lock(&map, 4096, 0) == 0 && region_map_page_size(&map) == 4096);
    CHECK(region_map_free(&map) == 0 && region_map_free(&map) == 0 && map.base == NULL);
    EMPTY(region_map_page_size(NULL));
    FAILS(region_map_huge(NULL, &bytes), -EINVAL);
    CHECK(region_map_huge(&map, &bytes) < 0);
    FAILS(region_map_lock(NULL, 0, 0), -EINVAL);
    FAILS(region_map_unlock(&map, 0, 0), -EINVAL);
    wish.flags = REGION_MAP_HUGETLB;
    FAILS(region_map_init(&map, 0, &wish), -EINVAL);
    FAILS(region_map_init(&map, SIZE_MAX, &wish), -EOVERFLOW);
    wish.flags = REGION_MAP_HUGETLB_1G | REGION_MAP_HUGE | REGION_MAP_RESERVE;
    FAILS(region_map_init(&map, SIZE_MAX / 2, &wish), -EOVERFLOW);
    CHECK(map.base == NULL);
    wish.flags = 256;
    FAILS(region_map_init(&map, 4096, &wish), -EINVAL);
}

static void pools_that_cannot_be(void)
{
    region_pool pool = REGION_POOL_INIT;
    region_map map = REGION_MAP_INIT;
    char *block, here;
    EMPTY(region_pool_take(NULL));
    EMPTY(region_pool_take(&pool));
    EMPTY(region_pool_take_many(&pool, 1));
    FAILS(region_pool_give(&pool, &here), -EINVAL);
    FAILS(region_pool_give(NULL, &here), -EINVAL);
    CHECK(region_pool_free(&pool) == 0);
    FAILS(region_pool_free(NULL), -EINVAL);
    FAILS(region_pool_trim(&pool, 0, NULL), -EINVAL);
    EMPTY(region_pool_block_size(&pool));
    EMPTY(region_pool_warm(&pool));
    EMPTY(region_pool_taken(&pool));
    FAILS(region_pool_init(NULL, 4096, 1, NULL), -EINVAL);
    FAILS(region_pool_init(&pool, 4095, 1, NULL), -EINVAL);
    FAILS(region_pool_init(&pool, 4096, 0, NULL), -EINVAL);
    FAILS(region_pool_init(&pool, 4096, SIZE_MAX, NULL), -EOVERFLOW);
    FAILS(region_pool_init(&pool, 0, 1, NULL), -EINVAL);
    FAILS(region_pool_over(&pool, &map, 4096), -EINVAL);
    FAILS(region_pool_over(&pool, NULL, 4096), -EINVAL);

    CHECK(region_pool_init(&pool, 4096, 2, NULL) == 0);
    block = region_pool_take(&pool);
    CHECK(region_pool_take(&pool) != NULL);
    EMPTY(region_pool_take(&pool));
    EMPTY(region_pool_take_zeroed(&pool));
    FAILS(region_pool_give(&pool, &here), -EFAULT);
    FAILS(region_pool_give(&pool, block + 1), -EINVAL);
    CHECK(region_pool_give(&pool, NULL) == 0 && region_pool_taken(&pool) == 2);
    CHECK(region_pool_give(&pool, block) == 0);
    FAILS(region_pool_give(&pool, block), -EALREADY);
    FAILS(region_pool_give_many(&pool, block, 0), -EINVAL);
    EMPTY(region_pool_take_many(&pool, 65));
    CHECK(region_pool_free(&pool) == 0 && region_pool_free(&pool) == 0);
    EMPTY(region_pool_capacity(&pool));
}

static void files_that_cannot_be(void)
{
    region_file file = REGION_FILE_INIT;
    char name[] = "/tmp/region-bad-XXXXXX", endless[5000];
    int fd = mkstemp(name), pipes[2];
    int reading = open(name, O_RDONLY), writing = open(name, O_WRONLY), root = open("/", O_RDONLY);
    char pipe_name[32];
    CHECK(fd >= 0 && reading >= 0 && writing >= 0 && root >= 0 && pipe(pipes) == 0);
    sprintf(pipe_name, "/proc/self/fd/%d", pipes[0]);
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = '\0';

    FAILS(region_file_open(NULL, name, REGION_FILE_READ), -EINVAL);
    FAILS(region_file_create(NULL, name, 1), -EINVAL);
    FAILS(region_file_open(&file, NULL, REGION_FILE_READ), -EINVAL);
    FAILS(region_file_create(&file, NULL, 1), -EINVAL);
    FAILS(region_file_open(&file, name, 3), -EINVAL);
    FAILS(region_file_open(&file, name, ~0u), -EINVAL);
    FAILS(region_file_open_(&file, name, 0, 0, 7), -EPROTO);
    FAILS(region_file_free(NULL), -EINVAL);
    FAILS(region_file_resize(NULL, 1), -EINVAL);
    FAILS(region_file_flush(NULL, 0, 0), -EINVAL);
    FAILS(region_file_allocate(NULL), -EINVAL);
    FAILS(region_file_advise(NULL, 0, 0, 0), -EINVAL);
    FAILS(region_file_resize(&file, 1), -EINVAL);
    FAILS(region_file_flush(&file, 0, 0), -EINVAL);
    FAILS(region_file_allocate(&file), -EINVAL);
    CHECK(region_file_free(&file) == 0 && file.base == NULL);

    for (unsigned int how = REGION_FILE_WRITE; how <= REGION_FILE_PRIVATE; how++) {
        FAILS(region_file_open(&file, name, how), -EINVAL); /* empty */
        FAILS(region_file_open(&file, "/no/such/file", how), -ENOENT);
        FAILS(region_file_open(&file, "", how), -ENOENT);
        FAILS(region_file_open(&file, "/", how), -EISDIR);
        FAILS(region_file_open(&file, "/dev/null", how), -ENODEV);
        FAILS(region_file_open(&file, endless, how), -ENAMETOOLONG);
        FAILS(region_file_open(&file, pipe_name, how), -ENODEV);
        CHECK(region_file_open(&file, "/proc/self/fd/999", how) < 0);
        CHECK(region_file_open(&file, "/proc/self/status", how) < 0 && file.base == NULL && file.len == 0);
    }
    FAILS(region_file_create(&file, "/no/such/file", 1), -ENOENT);
    FAILS(region_file_create(&file, "/", 1), -EISDIR);
    CHECK(region_file_create(&file, "/dev/null", 1) < 0);

    CHECK(region_file_create(&file, name, 10000) == 0 && file.len == 10000);
    FAILS(region_file_flush(&file, 0, 10001), -EINVAL);
    CHECK(region_file_flush(&file, 10000, 0) == 0);
    FAILS(region_file_flush(&file, 10001, 0), -EINVAL);
    FAILS(region_file_flush(&file, SIZE_MAX, 2), -EOVERFLOW);
    CHECK(region_file_flush(&file, 4097, 3) == 0); /* no pages need be whole */
    FAILS(region_file_advise(&file, 0, 10000, 77), -EINVAL);
    FAILS(region_file_advise(&file, 9999, 2, 0), -EINVAL);
    FAILS(region_file_advise(&file, 1, SIZE_MAX, REGION_ADVICE_NORMAL), -EOVERFLOW);
    CHECK(region_file_free(&file) == 0 && region_file_free(&file) == 0);
    FAILS(region_file_create(&file, name, 0), -EINVAL);
    FAILS(region_file_create(&file, name, SIZE_MAX), -EOVERFLOW);
    CHECK(region_file_open(&file, name, REGION_FILE_READ) == 0 && file.len == 10000); /* as it was */
    FAILS(region_file_resize(&file, 20000), -EINVAL);
    CHECK(region_file_flush(&file, 0, 10000) == 0);
    CHECK(region_file_free(&file) == 0);

    FAILS(region_file_from_fd(NULL, fd, REGION_FILE_READ), -EINVAL);
    FAILS(region_file_from_fd(&file, fd, 3), -EINVAL);
    FAILS(region_file_fd_(&file, fd, REGION_FILE_READ, 7), -EPROTO);
    for (unsigned int how = REGION_FILE_WRITE; how <= REGION_FILE_PRIVATE; how++) {
        FAILS(region_file_from_fd(&file, -1, how), -EBADF);
        FAILS(region_file_from_fd(&file, 12345, how), -EBADF);
        FAILS(region_file_from_fd(&file, INT_MIN, how), -EBADF);
        FAILS(region_file_from_fd(&file, root, how), -EISDIR);
        CHECK(region_file_from_fd(&file, pipes[0], how) < 0 && region_file_from_fd(&file, pipes[1], how) < 0);
        FAILS(region_file_from_fd(&file, writing, how), -EACCES);
        CHECK(file.base == NULL && file.len == 0);
    }
    FAILS(region_file_from_fd(&file, reading, REGION_FILE_WRITE), -EACCES);
    CHECK(region_file_from_fd(&file, reading, REGION_FILE_PRIVATE) == 0 && region_file_free(&file) == 0);
    CHECK(close(reading) == 0 && close(writing) == 0 && close(root) == 0);
    /* A program that runs cannot be written to, by root either: -ETXTBSY, or -EACCES under valgrind. */
    CHECK(region_file_open(&file, "/proc/self/exe", REGION_FILE_WRITE) < 0 && file.base == NULL);
    CHECK(region_file_open(&file, "/proc/self/exe", REGION_FILE_PRIVATE) == 0 && region_file_free(&file) == 0);
    CHECK(unlink(name) == 0 && close(fd) == 0 && close(pipes[0]) == 0 && close(pipes[1]) == 0);
}

static void inputs_that_cannot_be(void)
{
    region_input input = REGION_INPUT_INIT;
    region_lines lines = { { 0 } };
    region_slice line;
    FAILS(region_input_open(NULL, "/dev/null"), -EINVAL);
    FAILS(region_input_open(&input, NULL), -EINVAL);
    FAILS(region_input_open(&input, "/no/such/file"), -ENOENT);
    CHECK(input.len == 0);
    CHECK(region_input_free(&input) == 0 && region_input_free(&input) == 0);
    FAILS(region_input_free(NULL), -EINVAL);
    FAILS(region_input_read(&input, "/"), -EISDIR);
    FAILS(region_input_read_fd(&input, -1), -EBADF);
    FAILS(region_input_from_fd(&input, 12345), -EBADF);
    FAILS(region_input_read_more(NULL, 0, 1, NULL), -EINVAL);
    FAILS(region_input_path_(&input, "/dev/null", 9, REGION_ABI_(region_input)), -EINVAL);
    region_input_free(&input);
    FAILS(region_input_read_more(&input, -1, 1, NULL), -EBADF);
    CHECK(region_input_free(&input) == 0);

    EMPTY(region_input_is_mapped(NULL));
    EMPTY(region_input_is_mapped(&input));
    EMPTY(region_lines_next(NULL, &line));
    EMPTY(region_lines_next_back(NULL, &line));
    EMPTY(region_lines_next_crlf(NULL, &line));
    EMPTY(region_lines_next(&lines, &line));
    EMPTY(region_lines_count(&lines));
    FAILS(region_lines_init(NULL, "", 0), -EINVAL);
    FAILS(region_lines_init(&lines, NULL, 1), -EINVAL);
    FAILS(region_lines_init(&lines, "", SIZE_MAX), -EINVAL);
    FAILS(region_lines_records(&lines, NULL, 1, '\0'), -EINVAL);
    CHECK(region_lines_init(&lines, NULL, 0) == 0);
    EMPTY(region_lines_next(&lines, &line));
    CHECK(region_lines_init(&lines, "x\n", 2) == 0);
    EMPTY(region_lines_next(&lines, NULL));
}

/* What the library says itself, and what the manual's pages of the calls that it makes say under ERRORS. */
#define NUMBER(name) { name, #name }
static const struct {
    int error;
    const char *name;
} numbers[] = {
    NUMBER(EACCES), NUMBER(EAGAIN), NUMBER(EALREADY), NUMBER(EBADF), NUMBER(EBADMSG), NUMBER(EBUSY),
    NUMBER(ECONNREFUSED), NUMBER(ECONNRESET), NUMBER(EDESTADDRREQ), NUMBER(EDQUOT), NUMBER(EEXIST), NUMBER(EFAULT),
    NUMBER(EFBIG), NUMBER(EHOSTUNREACH), NUMBER(EINTR), NUMBER(EINVAL), NUMBER(EIO), NUMBER(EISDIR), NUMBER(ELOOP),
    NUMBER(EMFILE), NUMBER(ENAMETOOLONG), NUMBER(ENFILE), NUMBER(ENODEV), NUMBER(ENOENT), NUMBER(ENOMEM),
    NUMBER(ENOSPC), NUMBER(ENOSYS), NUMBER(ENOTCONN), NUMBER(ENOTDIR), NUMBER(ENXIO), NUMBER(EOPNOTSUPP),
    NUMBER(EOVERFLOW), NUMBER(EPERM), NUMBER(EPIPE), NUMBER(EPROTO), NUMBER(EROFS), NUMBER(ESPIPE), NUMBER(ESTALE),
    NUMBER(ETIMEDOUT), NUMBER(ETXTBSY),
};

static void every_number_has_a_sentence(void)
{
    for (int error = -200; error <= 200; error++)
        CHECK(region_strerror(error) != NULL && region_strerror(error)[0] != '\0');
    CHECK(region_strerror(-2147483647 - 1) != NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *sentence = region_strerror(-numbers[i].error);
        size_t len = strlen(numbers[i].name);
        if (strncmp(sentence, numbers[i].name, len) != 0)
            fprintf(stderr, "%s: %s\n", numbers[i].name, sentence);
        CHECK(strncmp(sentence, numbers[i].name, len) == 0 && sentence[len] == ':' && strlen(sentence) > len + 10);
        CHECK(sentence == region_strerror(numbers[i].error));
    }
    CHECK(strstr(region_strerror(-ENOSPC), "disk") != NULL && strstr(region_strerror(-ENAMETOOLONG), "name") != NULL);
}

int main(void)
{
    null_in_place_of_an_arena();
    null_in_place_of_something_else();
    absurd_sizes();
    products_that_wrap();
    alignments_that_cannot_be();
    nothing_is_an_address();
    an_arena_that_was_freed_is_empty();
    marks_of_others();
    a_header_of_another_version();
    options_of_another_version();
    buffers_that_cannot_be();
    maps_that_cannot_be();
    pools_that_cannot_be();
    files_that_cannot_be();
    inputs_that_cannot_be();
    every_number_has_a_sentence();
    return 0;
}

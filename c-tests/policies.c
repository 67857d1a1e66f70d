/* What each function that takes memory of an arena does under each policy for a lack of memory, and that all of them
 * refuse for the same reasons. tests/c_refusals.rs holds the table below to all such functions of the header. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The functions. Each takes about SIZE bytes of an arena and says whether it did. */

enum { SIZE = 5000 };

static const char wide[SIZE + 1];
static char letters[SIZE + 1];

/* What a function may have to grow, taken before there is a lack of memory. */
static void *block;
static region_string text;

static bool alloc(region_arena *a)
{
    return region_alloc(a, SIZE) != NULL;
}

static bool alloc_slow(region_arena *a)
{
    return region_alloc_slow_(a, SIZE) != NULL;
}

static bool alloc_aligned(region_arena *a)
{
    return region_alloc_aligned(a, SIZE, 64) != NULL;
}

static bool alloc_array(region_arena *a)
{
    return region_alloc_array(a, SIZE / 8, 8, 8) != NULL;
}

static bool zeroed(region_arena *a)
{
    return region_calloc(a, SIZE / 8, 8) != NULL;
}

static bool zeroed_aligned(region_arena *a)
{
    return region_calloc_aligned(a, SIZE / 8, 8, 64) != NULL;
}

static bool grown(region_arena *a)
{
    void *longer = region_realloc(a, block, 16, SIZE);
    CHECK(memcmp(longer == NULL ? block : longer, "a block", 8) == 0);
    return longer != NULL;
}

static bool copied(region_arena *a)
{
    return region_memdup(a, wide, SIZE) != NULL;
}

static bool string_copied(region_arena *a)
{
    return region_strdup(a, letters) != NULL;
}

static bool part_copied(region_arena *a)
{
    return region_strndup(a, letters, SIZE - 1) != NULL;
}

static bool slice_copied(region_arena *a)
{
    return region_strmemdup(a, letters, SIZE - 1) != NULL;
}

/* A file of SIZE bytes, made by main. */
static char file[] = "/tmp/region-policies-XXXXXX";

static bool file_read(region_arena *a)
{
    size_t len = 0;
    char *text_of = region_read_file(a, file, 64, &len);
    CHECK(text_of == NULL || (len == SIZE && memcmp(text_of, letters, SIZE) == 0 && text_of[len + 63] == 0));
    return text_of != NULL;
}

static bool fd_read(region_arena *a)
{
    int fd = open(file, O_RDONLY);
    char *text_of = region_read_fd(a, fd, 0, NULL);
    close(fd);
    CHECK(text_of == NULL || strlen(text_of) == SIZE);
    return text_of != NULL;
}

static bool printed(region_arena *a)
{
    return region_printf(a, "%s", letters) != NULL;
}

static bool va_printed_by(region_arena *a, const char *format, ...)
{
    char *printed_text;
    va_list arguments;
    va_start(arguments, format);
    printed_text = region_vprintf(a, format, arguments);
    va_end(arguments);
    return printed_text != NULL;
}

static bool va_printed(region_arena *a)
{
    return va_printed_by(a, "%s", letters);
}

/* A text is whole whatever happened to it, and its functions return what the arena says. */
static bool went(region_arena *a, int error)
{
    CHECK(error == 0 || (error == region_arena_error(a) && text.len == 4));
    CHECK(memcmp(text.data, "text", 4) == 0 && text.data[text.len] == '\0');
    return error == 0;
}

static bool reserved(region_arena *a)
{
    return went(a, region_string_reserve(&text, SIZE));
}

static bool reserved_to_print(region_arena *a)
{
    return went(a, region_string_reserve_(&text, SIZE));
}

static bool appended(region_arena *a)
{
    return went(a, region_string_append(&text, wide, SIZE));
}

static bool put(region_arena *a)
{
    return went(a, region_string_puts(&text, letters));
}

static bool put_one_by_one(region_arena *a)
{
    int error = 0;
    for (int i = 0; i < SIZE && error == 0; i++)
        error = region_string_putc(&text, '.');
    if (error != 0)
        text.data[text.len = 4] = '\0';
    return went(a, error);
}

static bool text_printed(region_arena *a)
{
    return went(a, region_string_printf(&text, "%s", letters));
}

static int text_va_printed_by(const char *format, ...)
{
    int error;
    va_list arguments;
    va_start(arguments, format);
    error = region_string_vprintf(&text, format, arguments);
    va_end(arguments);
    return error;
}

static bool text_va_printed(region_arena *a)
{
    return went(a, text_va_printed_by("%s", letters));
}

/* The NUL of an empty text is all that this takes. */
static bool finished(region_arena *a)
{
    region_string empty = REGION_STRING_INIT(NULL);
    empty.arena = a;
    return region_string_finish(&empty) != NULL;
}

static void nothing(void *context)
{
    (void)context;
}

static bool deferred(region_arena *a)
{
    int error = region_arena_defer(a, nothing, NULL);
    CHECK(error == 0 || error == region_arena_error(a));
    return error == 0;
}

static bool child(region_arena *a)
{
    return region_arena_child(a) != NULL;
}

/* Not memory is missing for it, but what the limit allows. */
static bool adopted(region_arena *a)
{
    static region_arena other;
    int error;
    CHECK(region_arena_reset(&other, REGION_KEEP_ALL) == 0 && region_alloc(&other, SIZE) != NULL);
    error = region_arena_adopt(a, &other);
    CHECK(error == 0 || error == region_arena_error(a));
    return error == 0;
}

static REGION_ARRAY(int) numbers;

/* As a text: whole whatever happened to it. */
static bool array_went(region_arena *a, int error)
{
    CHECK(error == 0 || (error == region_arena_error(a) && numbers.len == 0));
    return error == 0;
}

static bool array_reserved(region_arena *a)
{
    memset(&numbers, 0, sizeof numbers);
    numbers.arena = a;
    return array_went(a, region_array_reserve(&numbers, SIZE / sizeof(int)));
}

static bool array_inserted(region_arena *a)
{
    memset(&numbers, 0, sizeof numbers);
    numbers.arena = a;
    return array_went(a, region_array_extend(&numbers, (const int *)(const void *)block, SIZE / sizeof(int)));
}

static bool hook_malloc(region_arena *a)
{
    return region_hook_malloc(a, SIZE) != NULL;
}

static bool hook_realloc(region_arena *a)
{
    return region_hook_realloc(a, NULL, 0, SIZE) != NULL;
}

static bool tracked_malloc(region_arena *a)
{
    return region_tracked_malloc(a, SIZE) != NULL;
}

static bool tracked_calloc(region_arena *a)
{
    return region_tracked_calloc(a, SIZE / 8, 8) != NULL;
}

static bool tracked_realloc(region_arena *a)
{
    return region_tracked_realloc(a, NULL, SIZE) != NULL;
}

static const struct function {
    const char *name;
    bool (*takes)(region_arena *a);
} functions[] = {
    { "region_alloc", alloc },
    { "region_alloc_slow_", alloc_slow },
    { "region_alloc_aligned", alloc_aligned },
    { "region_alloc_array", alloc_array },
    { "region_calloc", zeroed },
    { "region_calloc_aligned", zeroed_aligned },
    { "region_realloc", grown },
    { "region_memdup", copied },
    { "region_strdup", string_copied },
    { "region_strndup", part_copied },
    { "region_strmemdup", slice_copied },
    { "region_read_file", file_read },
    { "region_read_fd", fd_read },
    { "region_printf", printed },
    { "region_vprintf", va_printed },
    { "region_string_reserve", reserved },
    { "region_string_reserve_", reserved_to_print },
    { "region_string_append", appended },
    { "region_string_puts", put },
    { "region_string_putc", put_one_by_one },
    { "region_string_printf", text_printed },
    { "region_string_vprintf", text_va_printed },
    { "region_string_finish", finished },
    { "region_arena_defer", deferred },
    { "region_array_reserve_", array_reserved },
    { "region_array_insert_", array_inserted },
    { "region_arena_child", child },
    { "region_arena_adopt", adopted },
    { "region_hook_malloc", hook_malloc },
    { "region_hook_realloc", hook_realloc },
    { "region_tracked_malloc", tracked_malloc },
    { "region_tracked_calloc", tracked_calloc },
    { "region_tracked_realloc", tracked_realloc },
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* ---- The policies. */

static int asked;
static jmp_buf way_out;
static region_mark ballast;

/* An arena that has a block and a text under way, then as much as is to be freed, and no room for more. */
static void run_out(region_arena *a, region_oom_fn ask)
{
    region_stats stats;
    memset(a, 0, sizeof *a);
    memset(&text, 0, sizeof text);
    text.arena = a;
    block = region_memdup(a, "a block\0........", 16);
    CHECK(block != NULL && region_string_puts(&text, "text") == 0);
    ballast = region_arena_mark(a);
    CHECK(region_alloc(a, 3 * SIZE) != NULL && region_arena_stats(a, &stats) == 0);
    CHECK(region_arena_set_limit(a, stats.used) == 0 && region_arena_on_oom(a, ask, &asked) == 0);
    asked = 0;
}

static size_t used(const region_arena *a)
{
    region_stats stats;
    CHECK(region_arena_stats(a, &stats) == 0);
    return stats.used;
}

/* Nothing is taken, all is told, and what is there stays, also to be used when there is room. */
static void refused(region_arena *a, const struct function *function, size_t before)
{
    CHECK(region_arena_error(a) == -ENOSPC && used(a) <= before + 2 * SIZE);
    CHECK(region_arena_set_limit(a, SIZE_MAX) == 0 && function->takes(a) && region_arena_free(a) == 0);
}

static void none(const struct function *function)
{
    region_arena a;
    size_t before;
    run_out(&a, NULL);
    before = used(&a);
    CHECK(!function->takes(&a) && used(&a) == before);
    refused(&a, function, before);
}

static void ends_the_process(const struct function *function)
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        region_arena a;
        close(2); /* what it says there, oom_abort.c has read */
        run_out(&a, region_oom_abort);
        function->takes(&a);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

static int lift(void *context, region_arena *a, size_t size)
{
    CHECK(context == &asked && size != 0 && region_arena_error(a) == -ENOSPC);
    asked++;
    return region_arena_set_limit(a, SIZE_MAX) == 0;
}

static void lifts_and_retries(const struct function *function)
{
    region_arena a;
    run_out(&a, lift);
    CHECK(function->takes(&a) && asked == 1 && region_arena_free(&a) == 0);
}

static int free_ballast(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    return asked++ == 0 && region_arena_rewind(a, ballast) == 0;
}

static void frees_and_retries(const struct function *function)
{
    region_arena a;
    run_out(&a, free_ballast);
    CHECK(function->takes(&a) && asked == 1 && region_arena_free(&a) == 0);
}

static int give_up(void *context, region_arena *a, size_t size)
{
    (void)context, (void)a, (void)size;
    asked++;
    return 0;
}

static void gives_up(const struct function *function)
{
    region_arena a;
    size_t before;
    run_out(&a, give_up);
    before = used(&a);
    CHECK(!function->takes(&a) && asked == 1 && used(&a) == before);
    refused(&a, function, before);
}

static int leave(void *context, region_arena *a, size_t size)
{
    (void)context, (void)a, (void)size;
    asked++;
    longjmp(way_out, 1);
    return 0;
}

/* As often as it likes, and nobody needs to be told. */
static void leaves_by_longjmp(const struct function *function)
{
    static region_arena a;
    static volatile int times;
    static size_t before;
    run_out(&a, leave);
    before = used(&a);
    for (times = 0; times < 100; times++) {
        if (setjmp(way_out) == 0)
            CHECK(!function->takes(&a) && times < 0); /* never comes back */
        CHECK(asked == times + 1 && used(&a) == before);
    }
    CHECK(memcmp(block, "a block", 8) == 0 && memcmp(text.data, "text", 4) == 0);
    CHECK(region_arena_on_oom(&a, NULL, NULL) == 0);
    refused(&a, function, before);
}

static const struct function *nested;

static int take_the_same(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    CHECK(asked < 1000);
    asked++;
    CHECK(!nested->takes(a));
    return 0;
}

static void allocates_itself(const struct function *function)
{
    region_arena a;
    size_t before;
    run_out(&a, take_the_same);
    before = used(&a);
    nested = function;
    for (int times = 1; times < 4; times++) {
        CHECK(!function->takes(&a) && used(&a) == before);
        CHECK(asked == 8 * times); /* within itself, as deep as the header says */
    }
    CHECK(region_arena_on_oom(&a, NULL, NULL) == 0);
    refused(&a, function, before);
}

static int throw_all_away(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    return asked++ == 0 && (region_arena_reset(a, 0) == 0);
}

/* A block that was to grow is no more, and is neither read nor written. */
static void resets_the_arena(const struct function *function)
{
    region_arena a;
    run_out(&a, throw_all_away);
    if (strcmp(function->name, "region_realloc") == 0) {
        EMPTY(region_realloc(&a, block, 16, SIZE));
    } else if (strncmp(function->name, "region_string_", 14) == 0
               && strcmp(function->name, "region_string_finish") != 0) {
        CHECK(region_string_append(&text, wide, SIZE) < 0);
        FAILS(region_string_puts(&text, "x"), -EINVAL);
        region_string_free(&text);
        CHECK(region_string_puts(&text, "anew") == 0);
    } else {
        CHECK(function->takes(&a));
    }
    CHECK(asked == 1 && region_arena_free(&a) == 0);
}

static const struct {
    const char *name;
    void (*holds)(const struct function *function);
} policies[] = {
    { "none", none },
    { "ends the process", ends_the_process },
    { "lifts the limit and retries", lifts_and_retries },
    { "frees and retries", frees_and_retries },
    { "gives up", gives_up },
    { "leaves by longjmp", leaves_by_longjmp },
    { "allocates itself", allocates_itself },
    { "resets the arena", resets_the_arena },
};

/* ---- What no policy is asked about. */

static int always_try_again(void *context, region_arena *a, size_t size)
{
    (void)context, (void)a, (void)size;
    exit(2);
    return 1;
}

/* C strings and formats that make more than there is cannot be written down: those have no line. */
static void what_cannot_be_is_refused_at_once(void)
{
    volatile size_t much = SIZE_MAX - 100, half = SIZE_MAX / 2; /* volatile, or compilers refuse the calls */
    volatile size_t three = 3, none_at_all = 0, giga = (size_t)1 << 30;
    region_arena a = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&a);
    void *p = region_alloc(&a, 16), *tracked = region_tracked_malloc(&a, 16);
    CHECK(p != NULL && tracked != NULL && region_arena_on_oom(&a, always_try_again, NULL) == 0);
#define REFUSED(call, error) (CHECK((call) == NULL && region_arena_error(&a) == (error)))
    REFUSED(region_alloc(&a, much), -EOVERFLOW);
    REFUSED(region_alloc(&a, half + 1), -EOVERFLOW);
    REFUSED(region_alloc_slow_(&a, much), -EOVERFLOW);
    REFUSED(region_alloc_aligned(&a, much, 16), -EOVERFLOW);
    REFUSED(region_alloc_aligned(&a, 1, three), -EINVAL);
    REFUSED(region_alloc_aligned(&a, 1, none_at_all), -EINVAL);
    REFUSED(region_alloc_aligned(&a, much, three), -EINVAL);
    REFUSED(region_alloc_aligned(&a, 1, 2 * giga), -EINVAL);
    REFUSED(region_alloc_array(&a, half, 3, 8), -EOVERFLOW);
    REFUSED(region_alloc_array(&a, 1, 1, three), -EINVAL);
    REFUSED(region_calloc(&a, 3, half), -EOVERFLOW);
    REFUSED(region_calloc(&a, 1, much), -EOVERFLOW);
    REFUSED(region_calloc_aligned(&a, 3, half, 8), -EOVERFLOW);
    REFUSED(region_calloc_aligned(&a, 1, 1, three), -EINVAL);
    REFUSED(region_realloc(&a, NULL, 0, much), -EOVERFLOW);
    REFUSED(region_realloc(&a, p, 16, much), -EOVERFLOW);
    REFUSED(region_memdup(&a, NULL, 1), -EINVAL);
    REFUSED(region_memdup(&a, p, much), -EOVERFLOW);
    REFUSED(region_strdup(&a, NULL), -EINVAL);
    REFUSED(region_strndup(&a, NULL, 1), -EINVAL);
    REFUSED(region_strmemdup(&a, NULL, 1), -EINVAL);
    REFUSED(region_strmemdup(&a, letters, much), -EOVERFLOW);
    REFUSED(region_read_file(&a, NULL, 0, NULL), -EINVAL);
    REFUSED(region_read_file(&a, file, much, NULL), -EOVERFLOW);
    REFUSED(region_read_fd(&a, -1, 0, NULL), -EBADF);
    REFUSED(region_hook_malloc(&a, much), -EOVERFLOW);
    REFUSED(region_hook_realloc(&a, p, 16, much), -EOVERFLOW);
    REFUSED(region_tracked_malloc(&a, much), -EOVERFLOW);
    REFUSED(region_tracked_malloc(&a, SIZE_MAX - none_at_all), -EOVERFLOW);
    REFUSED(region_tracked_calloc(&a, 3, half), -EOVERFLOW);
    REFUSED(region_tracked_realloc(&a, tracked, much), -EOVERFLOW);
#define TEXT_REFUSED(call, error) (CHECK((call) == (error) && region_arena_error(&a) == (error)))
    for (int has_text = 0; has_text < 2; has_text++) {
        TEXT_REFUSED(region_string_reserve(&s, much), -EOVERFLOW);
        TEXT_REFUSED(region_string_reserve(&s, SIZE_MAX - none_at_all), -EOVERFLOW);
        TEXT_REFUSED(region_string_reserve_(&s, much), -EOVERFLOW);
        TEXT_REFUSED(region_string_append(&s, NULL, 1), -EINVAL);
        TEXT_REFUSED(region_string_append(&s, wide, much), -EOVERFLOW);
        TEXT_REFUSED(region_string_puts(&s, NULL), -EINVAL);
        CHECK(has_text || region_string_puts(&s, "text") == 0);
    }
    CHECK(strcmp(s.data, "text") == 0 && region_arena_free(&a) == 0);
}

int main(void)
{
    int fd = mkstemp(file);
    memset(letters, 'x', SIZE);
    CHECK(fd >= 0 && write(fd, letters, SIZE) == SIZE && close(fd) == 0);
    for (size_t f = 0; f < FUNCTIONS; f++) {
        for (size_t p = 0; p < sizeof policies / sizeof *policies; p++)
            policies[p].holds(&functions[f]);
        printf("policies: %s\n", functions[f].name);
        fflush(stdout); /* before the next fork */
    }
    what_cannot_be_is_refused_at_once();
    CHECK(unlink(file) == 0);
    return 0;
}

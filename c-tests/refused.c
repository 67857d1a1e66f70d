/* refused STORY [ERRNO]: what a program does with one part of the library, while the system refuses some of its calls.
 *
 * tests/c_refusals.rs traces this program and answers chosen system calls with ERRNO between watch(ON) and watch(OFF).
 * A story uses its objects meanwhile, keeps what it was given, then uses the same objects without refusals. Whatever
 * happens: a refusal is that errno or NULL, nothing that was given changes, everything works afterwards, and once all
 * is freed the process has the mappings it began with. Prints how often the library said no. */

#define _GNU_SOURCE
#include "region.h"

#include "story.h"
#include "story_heap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Arenas. */

static int calls;

static void count_call(void *context)
{
    (void)context;
    calls++;
}

/* Takes blocks past every boundary, each size twice, as what was refused once may be had the next time. */
static void fill(region_arena *a)
{
    static const size_t sizes[] = { 100, 5000, 70 * KIB, 700 * KIB, 3 * MIB, 10 };
    region_mark mark;
    size_t before;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        keep_if_given(a, region_alloc(a, sizes[i]), sizes[i]);
        keep_if_given(a, region_alloc_aligned(a, sizes[i] / 2, 4096), sizes[i] / 2);
    }
    intact();
    mark = region_arena_mark(a);
    before = count;
    keep_if_given(a, region_alloc_array(a, 1000, 300, 8), 300000);
    count = before;
    CHECK(region_arena_rewind(a, mark) == 0);
    keep_if_given(a, region_memdup(a, "123456", 6), 6);
    intact();
}

static void grow_to_gigabytes(region_arena *a)
{
    region_stats stats;
    for (size_t size = GIB; size <= 8 * GIB; size *= 2) {
        char *fresh = (char *)given(a, region_calloc(a, 1, size));
        char *table = (char *)given(a, region_alloc(a, size));
        if (fresh != NULL)
            CHECK(fresh[0] == 0 && fresh[size / 2] == 0 && fresh[size - 1] == 0);
        if (table != NULL)
            table[0] = table[size - 1] = 1;
    }
    intact();
    CHECK(region_arena_stats(a, &stats) == 0 && stats.reserved >= stats.committed && stats.committed >= stats.used);
}

/* Blocks, deferred calls and every way to throw them away. */
static void live(region_arena *a)
{
    static const size_t keeps[] = { REGION_KEEP_ALL, 80 * KIB, 0 };
    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++) {
        region_stats stats;
        void *zeroes;
        int deferred = 0;
        calls = 0;
        fill(a);
        deferred += fine(region_arena_defer(a, count_call, NULL));
        if (i == 1)
            grow_to_gigabytes(a);
        intact();
        count = 0;
        CHECK(region_arena_reset(a, keeps[i]) == 0 && calls == deferred);
        CHECK(region_arena_stats(a, &stats) == 0 && stats.used == 0);
        zeroes = given(a, region_calloc(a, 9, 10000));
        CHECK(zeroes == NULL || zero(zeroes, 90000));
    }
    (void)region_arena_resident(a);
    intact();
}

static void arenas(void)
{
    region_arena a = REGION_ARENA_INIT, b = REGION_ARENA_INIT;
    live(&a);
    fill(&b);
    fill(&b);
    count = 0;
    CHECK(region_arena_free(&b) == 0);
    region_trim();
    keep_if_given(&a, region_alloc(&a, 3000), 3000);
    refusals_end();
    intact();
    live(&a);
    live(&b);
    CHECK(region_arena_free(&a) == 0 && region_arena_free(&b) == 0);
}

static int asked;

static int try_again_once(void *context, region_arena *a, size_t size)
{
    CHECK(context == &asked && size != 0 && region_arena_error(a) == -refused_with);
    return asked++ == 0;
}

static void reserved_arenas(void)
{
    static char memory[4000];
    region_arena a, b, c, d;
    region_arena_options options = REGION_ARENA_OPTIONS;
    bool all;
    options.reserve = 64 * MIB;
    all = fine(region_arena_init(&a, &options));
    options.reserve = 0;
    options.capacity = 20 * MIB;
    options.on_oom = try_again_once;
    options.oom_context = &asked;
    all &= fine(region_arena_init(&b, &options));
    options.capacity = 0;
    options.on_oom = NULL;
    options.limit = 200000;
    all &= fine(region_arena_init(&c, &options));
    options.limit = 0;
    options.buffer = memory;
    options.buffer_size = sizeof memory;
    CHECK(region_arena_init(&d, &options) == 0); /* asks for nothing */
    fill(&d);
    CHECK(region_alloc(&d, 1) != NULL || told != 0);
    /* What could not be had is an empty arena, which goes about it by itself. */
    fill(&a);
    keep_if_given(&b, region_alloc(&b, 15 * MIB), MIB);
    keep_if_given(&c, region_calloc(&c, 1, 100000), 100000);
    intact();
    CHECK(region_arena_reset(&b, MIB) == 0 && region_arena_reset(&d, 0) == 0);
    count = 0;
    fill(&b);
    fill(&a);
    refusals_end();
    intact();
    if (all)
        CHECK(region_alloc(&c, 200001) == NULL && region_arena_error(&c) == -ENOSPC);
    fill(&a);
    fill(&b);
    fill(&d);
    intact();
    count = 0;
    CHECK(region_arena_free(&a) == 0 && region_arena_free(&b) == 0);
    CHECK(region_arena_free(&c) == 0 && region_arena_free(&d) == 0);
}

/* A block under way: grows, alone and with others behind it. */
static void grow(region_arena *a)
{
    unsigned char *block = NULL;
    size_t size = 0;
    for (size_t more = 1000; more < 4 * MIB; more *= 3) {
        unsigned char *grown = (unsigned char *)given(a, region_realloc(a, block, size, size + more));
        if (grown != NULL) {
            block = grown;
            memset(block + size, 0x55, more);
            size += more;
        }
        CHECK(size == 0 || (block[0] == 0x55 && memcmp(block, block + 1, size - 1) == 0));
        if (more > 100 * KIB)
            keep_if_given(a, region_alloc(a, 50), 50);
    }
    block = (unsigned char *)region_realloc(a, block, size, size / 2);
    CHECK(size == 0 || (block != NULL && block[0] == 0x55));
    region_free(a, block, size / 2);
    intact();
}

static void write_text(region_arena *a)
{
    region_string s = REGION_STRING_INIT(a);
    size_t len = 0;
    char *text;
    for (int i = 0; i < 400; i++) {
        size_t before = s.len;
        if (fine(region_string_printf(&s, "%999d\n", i)))
            len += 1000;
        if (i % 100 == 0 && fine(region_string_puts(&s, "-")))
            len++;
        CHECK(s.len == len && s.len >= before && (s.data == NULL || s.data[len] == '\0'));
    }
    text = region_string_finish(&s);
    if (given(a, text) != NULL)
        CHECK(strlen(text) == len);
    CHECK(fine(region_string_append(&s, "given up", 8)) == (s.data != NULL));
    region_string_free(&s);
    text = (char *)given(a, region_printf(a, "%70000d", 7));
    CHECK(text == NULL || (strlen(text) == 70000 && text[69999] == '7'));
    text = (char *)given(a, region_strdup(a, "text"));
    CHECK(text == NULL || strcmp(text, "text") == 0);
}

static void serve_hooks(region_arena *a)
{
    unsigned char *block = (unsigned char *)given(a, region_tracked_malloc(a, 60000)), *grown;
    void *zeroes = given(a, region_tracked_calloc(a, 1000, 1000));
    CHECK(zeroes == NULL || zero(zeroes, 1000000));
    if (block != NULL) {
        memset(block, 7, 60000);
        grown = (unsigned char *)given(a, region_tracked_realloc(a, block, 2 * MIB));
        if (grown != NULL)
            block = grown;
        CHECK(block[0] == 7 && memcmp(block, block + 1, 59999) == 0);
    }
    region_tracked_free(a, zeroes);
    region_tracked_free(a, block);
    block = (unsigned char *)given(a, region_hook_malloc(a, 300000));
    if (block != NULL)
        block = (unsigned char *)region_hook_realloc(a, block, 300000, 3000);
    region_hook_free(a, block, 3000);
}

static void growing_blocks(void)
{
    region_arena a = REGION_ARENA_INIT;
    grow(&a);
    write_text(&a);
    serve_hooks(&a);
    intact();
    refusals_end();
    intact();
    grow(&a);
    write_text(&a);
    serve_hooks(&a);
    intact();
    count = 0;
    CHECK(region_arena_free(&a) == 0);
}

/* ---- Maps. */

/* The kernel may lack this advice, or refuse it to this memory, whatever the tracer does. */
static void advise(region_map *map)
{
    size_t huge;
    int known = region_map_huge(map, &huge);
    CHECK(known == 0 ? huge <= map->len : known > -4096);
    for (unsigned int advice = REGION_ADVICE_NORMAL; advice <= REGION_ADVICE_WIPEONFORK; advice++) {
        int answer = region_map_advise(map, 0, map->len, advice);
        CHECK(answer <= 0 && answer > -4096 && region_strerror(answer)[0] != '\0');
    }
}

static void use_map(region_map *map, unsigned int flags)
{
    unsigned char *bytes = (unsigned char *)map->base;
    size_t resident;
    if (region_map_page_size(map) != region_page_size()) {
        bytes[0] = 3; /* a page that was set aside: the rest is about smaller ones */
        return;
    }
    if (flags & REGION_MAP_RESERVE) {
        if (!fine(region_map_commit(map, 0, 16 * KIB)))
            return;
    }
    CHECK(bytes[0] == 0 && bytes[16 * KIB - 1] == 0);
    memset(bytes, 3, 16 * KIB);
    if (fine(region_map_decommit(map, 8 * KIB, 8 * KIB)))
        CHECK(zero(bytes + 8 * KIB, 8 * KIB));
    CHECK(bytes[0] == 3 && memcmp(bytes, bytes + 1, 8 * KIB - 1) == 0);
    if (fine(region_map_resident(map, &resident)))
        CHECK(resident >= 8 * KIB && resident <= map->len);
    fine(region_map_protect(map, 0, 4 * KIB, REGION_ACCESS_READ));
    CHECK(bytes[0] == 3);
    if (fine(region_map_protect(map, 0, 4 * KIB, REGION_ACCESS_WRITE)))
        bytes[0] = 3;
    if (flags == 0)
        advise(map);
    if (fine(region_map_lock(map, 0, 4 * KIB)))
        fine(region_map_unlock(map, 0, 4 * KIB));
    CHECK(bytes[0] == 3 && memcmp(bytes, bytes + 1, 8 * KIB - 1) == 0);
}

static void use_maps(const unsigned int *flags, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        region_map map;
        region_map_options options = REGION_MAP_OPTIONS;
        options.flags = flags[i];
        options.align = i % 3 == 0 ? 2 * MIB : 0;
        options.name = i % 2 == 0 ? "story" : NULL;
        if (fine(region_map_init(&map, flags[i] & REGION_MAP_HUGE ? 2 * MIB : 64 * KIB, &options)))
            use_map(&map, flags[i]);
        else
            CHECK(map.base == NULL && map.len == 0);
        CHECK(region_map_free(&map) == 0 && map.base == NULL);
    }
}

static void maps(void)
{
    static const unsigned int flags[] = { 0, 0, REGION_MAP_RESERVE, REGION_MAP_POPULATE, REGION_MAP_GUARD };
    region_map map;
    bool there = fine(region_map_init(&map, MIB, NULL));
    if (there)
        keep(map.base, map.len);
    use_maps(flags, sizeof flags / sizeof *flags);
    if (there) {
        fine(region_map_protect(&map, 0, MIB, REGION_ACCESS_READ));
        fine(region_map_lock(&map, 0, 8 * KIB));
    }
    refusals_end();
    intact();
    count = 0;
    if (there) {
        CHECK(region_map_protect(&map, 0, MIB, REGION_ACCESS_WRITE) == 0);
        CHECK(region_map_unlock(&map, 0, MIB) == 0);
        CHECK(region_map_decommit(&map, 0, MIB) == 0 && zero(map.base, MIB));
        use_map(&map, 0);
    }
    use_maps(flags, sizeof flags / sizeof *flags);
    CHECK(region_map_free(&map) == 0);
}

static void rare_maps(void)
{
    static const unsigned int flags[] = {
        REGION_MAP_SHARED, REGION_MAP_UNCHARGED, REGION_MAP_RESERVE | REGION_MAP_GUARD,
        REGION_MAP_HUGE | REGION_MAP_GUARD | REGION_MAP_POPULATE,
        REGION_MAP_SHARED | REGION_MAP_POPULATE | REGION_MAP_UNCHARGED,
        REGION_MAP_HUGETLB | REGION_MAP_HUGE, REGION_MAP_HUGETLB_1G | REGION_MAP_HUGETLB | REGION_MAP_HUGE,
    };
    use_maps(flags, sizeof flags / sizeof *flags);
    refusals_end();
    use_maps(flags, sizeof flags / sizeof *flags);
}

/* ---- Pools. */

enum { BLOCKS = 24 };

static void use_pool(region_pool *pool, size_t size)
{
    size_t bytes, before = count;
    void *block, *run;
    for (int i = 0; i < BLOCKS / 2; i++) {
        block = i % 2 ? region_pool_take_zeroed(pool) : region_pool_take(pool);
        if (block == NULL) {
            CHECK(!must && refused_with != 0);
            told++;
            continue;
        }
        CHECK(i % 2 == 0 || zero(block, size));
        keep(block, size);
    }
    intact();
    run = region_pool_take_many(pool, 4);
    if (run != NULL)
        CHECK(region_pool_give_many(pool, run, 4) == 0);
    else
        told++;
    while (count > before + 2)
        CHECK(region_pool_give(pool, kept[--count].start) == 0);
    if (fine(region_pool_trim(pool, 1, &bytes)))
        CHECK(region_pool_warm(pool) <= 1);
    intact();
    while (count > before)
        CHECK(region_pool_give(pool, kept[--count].start) == 0);
    CHECK(region_pool_taken(pool) == count);
}

static void pools(void)
{
    region_pool pool[3];
    region_map map;
    region_pool_options options = REGION_POOL_OPTIONS;
    const size_t size[] = { 64 * KIB, 4 * KIB, 16 * KIB };
    bool there[3];
    there[0] = fine(region_pool_init(&pool[0], size[0], BLOCKS, NULL));
    options.flags = REGION_MAP_SHARED | REGION_MAP_GUARD;
    options.name = "story";
    there[1] = fine(region_pool_init(&pool[1], size[1], BLOCKS, &options));
    memset(&pool[2], 0, sizeof pool[2]);
    there[2] = fine(region_map_init(&map, BLOCKS * size[2], NULL));
    if (there[2])
        there[2] = fine(region_pool_over(&pool[2], &map, size[2]));
    for (int i = 0; i < 3; i++) {
        if (there[i]) {
            CHECK(region_pool_capacity(&pool[i]) == BLOCKS && region_pool_block_size(&pool[i]) == size[i]);
            use_pool(&pool[i], size[i]);
        } else {
            CHECK(region_pool_take(&pool[i]) == NULL && region_pool_capacity(&pool[i]) == 0);
        }
    }
    refusals_end();
    for (int i = 0; i < 3; i++) {
        if (there[i])
            use_pool(&pool[i], size[i]);
        CHECK(region_pool_free(&pool[i]) == 0);
    }
    CHECK(region_map_free(&map) == 0);
}

/* ---- Shared arenas. */

static void use_shared(const region_shared *shared)
{
    uint64_t offset = region_shared_alloc(shared, 5000, 64);
    void *block = region_shared_at(shared, offset, 5000);
    CHECK(offset != 0 && block != NULL && zero(block, 5000));
    keep(block, 5000);
    CHECK(region_shared_set_root(shared, offset) == 0 && region_shared_root(shared) == offset);
}

static void shared_arenas(void)
{
    region_shared forked, named, opened = REGION_SHARED_INIT;
    bool has_forked = fine(region_shared_init(&forked, MIB, NULL));
    bool has_named = fine(region_shared_init(&named, MIB, "story"));
    int answer = has_named ? region_shared_open(&opened, region_shared_fd(&named)) : -refused_with;
    /* A kernel that answers EINVAL to the question for seals says that it is no memory. */
    bool has_opened = fine(answer == -ENODEV && refused_with == EINVAL ? -EINVAL : answer);
    if (has_forked)
        use_shared(&forked);
    if (has_named)
        use_shared(&named);
    if (has_opened)
        use_shared(&opened);
    refusals_end();
    intact();
    if (has_forked)
        use_shared(&forked);
    if (has_named)
        use_shared(&named);
    if (has_named && !has_opened)
        CHECK(region_shared_open(&opened, region_shared_fd(&named)) == 0);
    if (has_named)
        use_shared(&opened);
    intact();
    count = 0;
    CHECK(region_shared_free(&opened) == 0 && region_shared_free(&named) == 0 && region_shared_free(&forked) == 0);
}

/* ---- Files, changed in place. */

static void resize(region_file *file)
{
    static const size_t lens[] = { 20000, 300000, 12288, 10000 };
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        size_t before = file->len;
        bool resized = fine(region_file_resize(file, lens[i]));
        CHECK(file->len == (resized ? lens[i] : before));
        CHECK(memcmp(file->base, (char *)file->base + 1, 9999) == 0 && *(char *)file->base == 4);
        /* Every byte can be touched: the file reaches as far as the memory. */
        CHECK(file->len == 10000 || zero((char *)file->base + 10000, file->len - 10000));
    }
    fine(region_file_flush(file, 100, 5000));
    fine(region_file_allocate(file));
    fine(region_file_advise(file, 0, file->len, REGION_ADVICE_RANDOM));
}

static void files(void)
{
    char name[] = "/tmp/region-refused-XXXXXX";
    region_file file, shown;
    int fd;
    bool there;
    watch(0);
    fd = mkstemp(name);
    CHECK(fd >= 0);
    watch(1);
    there = fine(region_file_create(&file, name, 10000));
    if (there) {
        memset(file.base, 4, file.len);
        resize(&file);
        if (fine(region_file_open(&shown, name, REGION_FILE_READ)))
            CHECK(memcmp(shown.base, file.base, 10000) == 0);
        CHECK(region_file_free(&shown) == 0);
        if (fine(region_file_open(&shown, name, REGION_FILE_PRIVATE))) {
            CHECK(memcmp(shown.base, file.base, 10000) == 0);
            memset(shown.base, 5, 10000);
        }
        CHECK(region_file_free(&shown) == 0 && *(char *)file.base == 4);
        if (fine(region_file_from_fd(&shown, fd, REGION_FILE_WRITE)))
            CHECK(memcmp(shown.base, file.base, 10000) == 0);
        CHECK(region_file_free(&shown) == 0);
    } else {
        CHECK(file.base == NULL && file.len == 0);
    }
    refusals_end();
    if (there)
        resize(&file);
    CHECK(region_file_free(&file) == 0);
    CHECK(region_file_create(&file, name, 100) == 0 && zero(file.base, 100) && region_file_free(&file) == 0);
    CHECK(unlink(name) == 0 && close(fd) == 0);
}

/* ---- Inputs. */

static unsigned char text[60000];

static const char *own_path;

/* A pipe that holds `text`, with nobody writing to it any more. */
static int full_pipe(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], text, sizeof text) == (ssize_t)sizeof text && close(ends[1]) == 0);
    return ends[0];
}

static bool begins(const region_input *input, const void *bytes, size_t len)
{
    return input->len <= len && (input->len == 0 || memcmp(input->data, bytes, input->len) == 0);
}

static void inputs(void)
{
    region_input mapped, copied, piped, process;
    int pipe_end, null, again[4], fifth;
    size_t got, before;
    watch(OFF);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)(i ^ i >> 8);
    pipe_end = full_pipe();
    null = open("/dev/null", O_WRONLY);
    for (size_t i = 0; i < 4; i++)
        again[i] = open(own_path, O_RDONLY);
    fifth = open(own_path, O_RDONLY);
    watch(ON);
    if (fine(region_input_open(&mapped, own_path)))
        CHECK(mapped.len > 1000 && memcmp(mapped.data + 1, "ELF", 3) == 0);
    if (fine(region_input_read(&copied, own_path)) && mapped.len != 0)
        CHECK(mapped.len == copied.len && memcmp(mapped.data, copied.data, mapped.len) == 0);
    /* The same file behind itself, which makes the memory grow where it is, on base pages and on huge ones. */
    for (size_t i = 0; i < 3; i++) {
        before = copied.len;
        fine(region_input_read_more(&copied, again[i], SIZE_MAX, &got));
        CHECK(copied.len == before + got && (before == 0 || memcmp(copied.data + 1, "ELF", 3) == 0));
    }
    if (fine(region_input_from_fd(&piped, pipe_end)))
        CHECK(piped.len == sizeof text);
    CHECK(begins(&piped, text, sizeof text));
    if (fine(region_input_open(&process, "/proc/self/status")))
        CHECK(process.len > 5 && memcmp(process.data, "Name:", 5) == 0);
    {
        region_arena a = REGION_ARENA_INIT;
        size_t len = 0;
        /* The program itself, by its path and by a descriptor: whole, or not there. */
        const char *own = (const char *)given(&a, region_read_file(&a, own_path, 64, &len));
        if (own != NULL)
            CHECK(len > 1000 && memcmp(own + 1, "ELF", 3) == 0 && own[len] == 0 && own[len + 63] == 0);
        own = (const char *)given(&a, region_read_fd(&a, fifth, 0, &len));
        if (own != NULL)
            CHECK(len > 1000 && memcmp(own + 1, "ELF", 3) == 0 && own[len] == 0);
        own = (const char *)given(&a, region_read_file(&a, "/proc/self/status", 0, NULL));
        if (own != NULL)
            CHECK(strncmp(own, "Name:", 5) == 0);
        fine(region_arena_print_stats(&a, null));
        CHECK(region_arena_free(&a) == 0);
    }
    refusals_end();
    /* Nothing of a pipe is lost: what was read is here, the rest still in the pipe. */
    CHECK(begins(&piped, text, sizeof text));
    CHECK(region_input_read_more(&piped, pipe_end, SIZE_MAX, &got) == 0);
    CHECK(piped.len == sizeof text && begins(&piped, text, sizeof text));
    before = copied.len;
    CHECK(region_input_read_more(&copied, again[3], SIZE_MAX, &got) == 0 && got > 1000 && copied.len == before + got);
    CHECK(memcmp(copied.data + before + 1, "ELF", 3) == 0);
    for (size_t i = 0; i < 4; i++)
        CHECK(close(again[i]) == 0);
    CHECK(region_input_free(&mapped) == 0 && region_input_free(&copied) == 0 && region_input_free(&process) == 0);
    CHECK(region_input_open(&mapped, own_path) == 0 && region_input_read(&copied, own_path) == 0);
    CHECK(region_input_is_mapped(&mapped) && memcmp(mapped.data, copied.data, copied.len) == 0);
    CHECK(region_input_free(&mapped) == 0 && region_input_free(&copied) == 0 && region_input_free(&piped) == 0);
    CHECK(close(pipe_end) == 0 && close(null) == 0 && close(fifth) == 0);
}

static const struct {
    const char *name;
    void (*tell)(void);
} stories[] = {
    { "arenas", arenas }, { "reserved arenas", reserved_arenas }, { "growing blocks", growing_blocks },
    { "maps", maps },     { "rare maps", rare_maps },             { "pools", pools },
    { "files", files },   { "inputs", inputs },                   { "shared arenas", shared_arenas },
    { "heaps", heaps },   { "heaps over other memory", heaps_over_other_memory },
};

int main(int argc, char **argv)
{
    static struct figures before, after;
    static char standard_output[BUFSIZ];
    CHECK(argc >= 2 && argc <= 4);
    own_path = argv[0];
    refused_with = argc > 2 ? atoi(argv[2]) : 0;
    /* What would change the mappings later happens now. */
    grow_stack();
    free(malloc(100));
    setvbuf(stdout, standard_output, _IOFBF, sizeof standard_output);
    alarm(900); /* a story that does not end is a failure */
    look(&before);
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        if (strcmp(argv[1], stories[i].name) != 0)
            continue;
        watch(ON);
        stories[i].tell();
        look(&after);
        /* With any third argument, mappings may be left: a munmap(2) was refused. */
        if (argc < 4)
            nothing_leaked(&before, &after);
        printf("told %d\n", told);
        return 0;
    }
    fprintf(stderr, "there is no story %s\n", argv[1]);
    return 1;
}

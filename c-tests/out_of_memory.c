/* How a program tests its own paths without memory: each allocation of a parser fails in turn, once, and with all
 * after.
 *
 * The recipe needs two functions of region.h. A limit of n bytes (region_arena_set_limit) refuses the first allocation
 * that would pass n; stepping n by 16, which every size is rounded up to, until a run is refused nothing meets every
 * one. What happens then is the callback's (region_arena_on_oom): it lifts the limit, so that only this one fails, or
 * lowers it to 0, so that all that come after fail too. */

#include "region.h"

#include "check.h"
#include <errno.h>
#include <string.h>

/* ---- The program under test: lines of "key = value", where \n in a value means a newline. */

struct entry {
    const char *key;
    const char *value;
};

struct settings {
    struct entry *entries;
    size_t count, room;
    char *summary;
};

static int open_parsers; /* something outside of the arena that a parser must clean up */

static void close_parser(void *context)
{
    (void)context;
    open_parsers--;
}

static int add(region_arena *a, struct settings *s, const char *line, size_t len)
{
    const char *equals = (const char *)memchr(line, '=', len), *end = line + len;
    region_string value = REGION_STRING_INIT(a);
    struct entry *entry;
    if (equals == NULL || equals < line + 1)
        return 1;
    if (s->count == s->room) {
        size_t room = s->room * 2 + 2, size = sizeof *s->entries;
        struct entry *grown = (struct entry *)region_realloc(a, s->entries, s->room * size, room * size);
        if (grown == NULL)
            return region_arena_error(a);
        s->entries = grown;
        s->room = room;
    }
    entry = &s->entries[s->count];
    entry->key = region_strndup(a, line, (size_t)(equals - 1 - line));
    if (entry->key == NULL)
        return region_arena_error(a);
    for (const char *at = equals + 2; at < end; at++) {
        bool newline = *at == '\\' && at + 1 < end && at[1] == 'n';
        int error = region_string_putc(&value, newline ? '\n' : *at);
        if (error != 0)
            return error;
        at += newline;
    }
    entry->value = region_string_finish(&value);
    if (entry->value == NULL)
        return region_arena_error(a);
    s->count++;
    return 0;
}

/* 0, 1 for text that is wrong, or a negative errno; then `settings` is empty and the arena is as it was. */
static int parse(region_arena *a, const char *text, struct settings *settings)
{
    region_mark mark = region_arena_mark(a);
    region_lines lines;
    region_slice line;
    int error;
    memset(settings, 0, sizeof *settings);
    error = region_arena_defer(a, close_parser, NULL);
    if (error != 0)
        return error;
    open_parsers++;
    region_lines_init(&lines, text, strlen(text));
    while (error == 0 && region_lines_next(&lines, &line))
        error = add(a, settings, line.data, line.len);
    if (error == 0) {
        const char *first = settings->count == 0 ? "nothing" : settings->entries[0].key;
        settings->summary = region_printf(a, "%zu settings, %s first", settings->count, first);
        if (settings->summary == NULL)
            error = region_arena_error(a);
    }
    if (error != 0) {
        memset(settings, 0, sizeof *settings);
        region_arena_rewind(a, mark);
    }
    return error;
}

/* ---- The test. */

static int refusals;

static int refuse_this(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    refusals++;
    region_arena_set_limit(a, SIZE_MAX);
    return 0;
}

static int refuse_from_now_on(void *context, region_arena *a, size_t size)
{
    (void)context, (void)size;
    refusals++;
    region_arena_set_limit(a, 0);
    return 0;
}

static size_t used(const region_arena *a)
{
    region_stats stats;
    CHECK(region_arena_stats(a, &stats) == 0);
    return stats.used;
}

static void check_settings(const struct settings *s)
{
    CHECK(s->count == 9 && strcmp(s->summary, "9 settings, name first") == 0);
    CHECK(strcmp(s->entries[0].value, "region") == 0 && strcmp(s->entries[8].key, "last") == 0);
    CHECK(strcmp(s->entries[3].value, "two\nlines") == 0 && strlen(s->entries[4].value) == 130);
}

int main(void)
{
    static const char text[] =
        "name = region\nlicense = MIT\nempty = \nlong = two\\nlines\n"
        "wide = ----------------------------------------------------------------"
        "------------------------------------------------------------------\n"
        "a = 1\nb = 2\nc = 3\nlast = end\n";
    static const region_oom_fn ways[] = { refuse_this, refuse_from_now_on };
    for (size_t way = 0; way < 2; way++) {
        region_arena a = REGION_ARENA_INIT;
        struct settings before, settings;
        region_mark mark;
        size_t start;
        int failed = 0;
        CHECK(parse(&a, text, &before) == 0 && region_arena_on_oom(&a, ways[way], NULL) == 0);
        mark = region_arena_mark(&a);
        start = used(&a);
        for (size_t limit = start;; limit += 16) {
            int error;
            refusals = 0;
            CHECK(region_arena_set_limit(&a, limit) == 0);
            error = parse(&a, text, &settings);
            CHECK(region_arena_set_limit(&a, SIZE_MAX) == 0);
            if (refusals == 0)
                break;
            failed++;
            /* The failure is told, all was undone, and what was there before stands. */
            CHECK(error == -ENOSPC && settings.entries == NULL && open_parsers == 1 && used(&a) == start);
            check_settings(&before);
            /* And the parser works again. */
            CHECK(parse(&a, text, &settings) == 0 && open_parsers == 2);
            check_settings(&settings);
            CHECK(region_arena_rewind(&a, mark) == 0 && open_parsers == 1);
        }
        check_settings(&settings);
        printf("%d allocations refused, %s\n", failed, way == 0 ? "each alone" : "with all after them");
        CHECK(failed > 20);
        CHECK(parse(&a, "no equals sign", &settings) == 1 && open_parsers == 2);
        CHECK(region_arena_free(&a) == 0 && open_parsers == 0);
    }
    return 0;
}

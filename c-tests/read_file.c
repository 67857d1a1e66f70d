/* Files read into an arena: settings parsed where they lie, up to the NUL behind them, and every kind of file. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- The example: lines of `key = value`, cut where they are. */

struct setting {
    char *key, *value;
    struct setting *next;
};

static char *trim(char *text)
{
    size_t len;
    text += strspn(text, " \t");
    len = strlen(text);
    while (len != 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        text[--len] = '\0';
    return text;
}

/* The settings of a file, the last one first; they and their text are the arena's. */
static struct setting *settings(region_arena *arena, const char *path)
{
    struct setting *first = NULL;
    char *line = region_read_file(arena, path, 0, NULL);
    while (line != NULL && *line != '\0') {
        size_t len = strcspn(line, "\n");
        char *next = line[len] == '\n' ? line + len + 1 : line + len, *equals;
        line[len] = '\0';
        equals = strchr(line, '=');
        if (equals != NULL) {
            struct setting *setting = region_new(arena, struct setting);
            if (setting == NULL)
                return NULL;
            *equals = '\0';
            setting->key = trim(line);
            setting->value = trim(equals + 1);
            setting->next = first;
            first = setting;
        }
        line = next;
    }
    return first;
}

/* ---- Claims. */

static char path[] = "/tmp/region-read-file-XXXXXX";

/* Makes the file hold `len` bytes. */
static void write_file(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC);
    CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static void settings_are_parsed_in_place(void)
{
    static const char text[] = "# of a server\nport = 8080\n\nname=region \n  deep =\ta = b";
    region_arena a = REGION_ARENA_INIT;
    struct setting *s;
    write_file(text, sizeof text - 1);
    s = settings(&a, path);
    CHECK(s != NULL && strcmp(s->key, "deep") == 0 && strcmp(s->value, "a = b") == 0);
    s = s->next;
    CHECK(s != NULL && strcmp(s->key, "name") == 0 && strcmp(s->value, "region") == 0);
    s = s->next;
    CHECK(s != NULL && strcmp(s->key, "port") == 0 && strcmp(s->value, "8080") == 0 && s->next == NULL);
    region_arena_free(&a);
}

static void zeroes_are_behind_the_bytes(void)
{
    static char bytes[70000];
    static const size_t lens[] = { 0, 1, 15, 16, 4096, 65520, 65536, 70000 }, paddings[] = { 0, 1, 16, 64, 5000 };
    region_arena a = REGION_ARENA_INIT;
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        write_file(bytes, lens[i]);
        for (size_t p = 0; p < sizeof paddings / sizeof *paddings; p++) {
            size_t len = 1, zeroes = paddings[p] == 0 ? 1 : paddings[p];
            char *text;
            region_stats stats;
            region_arena_reset(&a, REGION_KEEP_ALL);
            CHECK(memset(region_alloc(&a, 150000), 'y', 150000) != NULL); /* what the memory held before */
            region_arena_reset(&a, REGION_KEEP_ALL);
            text = region_read_file(&a, path, paddings[p], &len);
            CHECK(text != NULL && len == lens[i] && memcmp(text, bytes, len) == 0);
            for (size_t at = 0; at < zeroes; at++)
                CHECK(text[len + at] == 0);
            /* No more than that is taken. */
            CHECK(region_arena_stats(&a, &stats) == 0 && stats.used == (len + zeroes + 15) / 16 * 16);
        }
    }
    region_arena_free(&a);
}

static void streams_and_proc_are_read_to_their_end(void)
{
    region_arena a = REGION_ARENA_INIT;
    size_t len = 0;
    int ends[2], fd;
    char *text;
    CHECK(pipe(ends) == 0 && write(ends[1], "through a pipe", 14) == 14 && close(ends[1]) == 0);
    text = region_read_fd(&a, ends[0], 64, &len);
    CHECK(text != NULL && len == 14 && strcmp(text, "through a pipe") == 0);
    text = region_read_fd(&a, ends[0], 0, &len); /* nobody writes any more */
    CHECK(text != NULL && len == 0 && *text == '\0' && close(ends[0]) == 0);
    text = region_read_file(&a, "/proc/self/status", 0, &len);
    CHECK(text != NULL && len == strlen(text) && strncmp(text, "Name:", 5) == 0);
    text = region_read_file(&a, "/dev/null", 0, NULL);
    CHECK(text != NULL && *text == '\0');
    write_file("from here on", 12);
    fd = open(path, O_RDONLY);
    CHECK(fd >= 0 && lseek(fd, 5, SEEK_SET) == 5);
    text = region_read_fd(&a, fd, 0, &len);
    CHECK(text != NULL && strcmp(text, "here on") == 0 && lseek(fd, 0, SEEK_CUR) == 12 && close(fd) == 0);
    region_arena_free(&a);
}

static void what_is_refused_takes_nothing(void)
{
    static char bytes[100000];
    region_arena a = REGION_ARENA_INIT;
    region_stats stats;
    size_t before;
    int closed = open(path, O_RDONLY);
    CHECK(region_alloc(&a, 100) != NULL && region_arena_stats(&a, &stats) == 0);
    before = stats.used;
    CHECK(close(closed) == 0);
    CHECK(region_read_file(&a, "/no/such/file", 0, NULL) == NULL && region_arena_error(&a) == -ENOENT);
    CHECK(region_read_file(&a, "/proc", 0, NULL) == NULL && region_arena_error(&a) == -EISDIR);
    CHECK(region_read_fd(&a, closed, 0, NULL) == NULL && region_arena_error(&a) == -EBADF);
    CHECK(region_read_fd(&a, -1, 0, NULL) == NULL && region_arena_error(&a) == -EBADF);
    CHECK(region_read_file(&a, NULL, 0, NULL) == NULL && region_arena_error(&a) == -EINVAL);
    CHECK(region_read_file(&a, "/dev/null", SIZE_MAX, NULL) == NULL && region_arena_error(&a) == -EOVERFLOW);
    /* Of the limit each byte is used, and none beyond it. */
    write_file(bytes, sizeof bytes);
    CHECK(region_arena_set_limit(&a, before + sizeof bytes) == 0);
    CHECK(region_read_file(&a, path, 0, NULL) == NULL && region_arena_error(&a) == -ENOSPC);
    CHECK(region_read_file(&a, "/dev/zero", 0, NULL) == NULL && region_arena_error(&a) == -ENOSPC);
    CHECK(region_arena_stats(&a, &stats) == 0 && stats.used == before);
    write_file(bytes, sizeof bytes - 1);
    CHECK(region_read_file(&a, path, 0, NULL) != NULL);
    CHECK(region_alloc(&a, 1) == NULL);
    region_arena_free(&a);
}

int main(void)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0 && close(fd) == 0);
    settings_are_parsed_in_place();
    zeroes_are_behind_the_bytes();
    streams_and_proc_are_read_to_their_end();
    what_is_refused_takes_nothing();
    CHECK(unlink(path) == 0);
    return 0;
}

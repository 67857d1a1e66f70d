/* What the stories of refused.c are told with: when calls are refused, what was given and must stand, what leaked. */
#ifndef STORY_H
#define STORY_H

#include "region.h"

#include "check.h"
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

static int refused_with; /* what the tracer answers; 0 when nothing is refused */
static int told;         /* how often the library said no */
static bool must;        /* no refusals any more: everything works */

enum watch { OFF, ON, OVER };

/* To the tracer, by a prctl(2) that no kernel knows: refusals are on from here, or off, or over for good. */
static void watch(enum watch how)
{
    syscall(SYS_prctl, 0x52454655, how);
}

static void refusals_end(void)
{
    watch(OVER);
    must = true;
}

/* Notes a refusal, which must be the one that the system gave. Whether the call succeeded. */
static bool fine(int answer)
{
    if (answer == 0)
        return true;
    if (must || answer != -refused_with)
        fprintf(stderr, "answered %s\n", region_strerror(answer));
    CHECK(!must && answer == -refused_with);
    CHECK(strchr(region_strerror(answer), ' ') != NULL);
    told++;
    return false;
}

/* ---- What a story was given. */

static struct {
    unsigned char *start;
    size_t len;
    unsigned char byte;
} kept[256];
static size_t count;

static void keep(void *start, size_t len)
{
    CHECK(count < sizeof kept / sizeof *kept);
    kept[count].start = (unsigned char *)start;
    kept[count].len = len;
    kept[count].byte = (unsigned char)(count + 1);
    memset(start, kept[count].byte, len);
    count++;
}

/* A block of the arena's, or why there is none. */
static void *given(const region_arena *a, void *block)
{
    if (block == NULL)
        fine(region_arena_error(a));
    return block;
}

static void keep_if_given(region_arena *a, void *block, size_t len)
{
    if (given(a, block) == NULL)
        return;
    CHECK(region_arena_contains(a, block));
    keep(block, len);
}

static void intact(void)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned char *start = kept[i].start;
        CHECK(start[0] == kept[i].byte && memcmp(start, start + 1, kept[i].len - 1) == 0);
    }
}

static bool zero(const void *bytes, size_t len)
{
    const unsigned char *start = (const unsigned char *)bytes;
    return start[0] == 0 && memcmp(start, start + 1, len - 1) == 0;
}

/* ---- The process's mappings, and its descriptors. */

struct figures {
    char maps[64 * KIB];
    int free_fd; /* the lowest that is not in use */
};

static void look(struct figures *now)
{
    ssize_t n;
    size_t len = 0;
    int fd;
    region_trim();
    fd = open("/proc/self/maps", O_RDONLY);
    CHECK(fd >= 0);
    now->free_fd = fd;
    while ((n = read(fd, now->maps + len, sizeof now->maps - 1 - len)) > 0)
        len += (size_t)n;
    CHECK(n == 0 && len < sizeof now->maps - 1 && close(fd) == 0);
    now->maps[len] = '\0';
}

static void nothing_leaked(const struct figures *before, const struct figures *after)
{
    CHECK(before->free_fd == after->free_fd);
    if (strcmp(before->maps, after->maps) != 0)
        fprintf(stderr, "before:\n%safter:\n%s", before->maps, after->maps);
    CHECK(strcmp(before->maps, after->maps) == 0);
}

static void grow_stack(void)
{
    volatile char stack[256 * 1024];
    for (size_t i = 0; i < sizeof stack; i += KIB)
        stack[i] = 0;
}

#endif

/* A shared arena: a list that a child builds and its parent reads, and memory handed over by its descriptor. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct node {
    uint64_t next; /* an offset: a pointer would mean something else in another process */
    uint64_t value;
};

static void prepend(region_shared *shared, uint64_t value)
{
    uint64_t offset = region_shared_alloc(shared, sizeof(struct node), 8);
    struct node *n = (struct node *)region_shared_at(shared, offset, sizeof *n);
    CHECK(offset != 0 && n != NULL && n->value == 0);
    n->value = value;
    n->next = region_shared_root(shared);
    CHECK(region_shared_set_root(shared, offset) == 0);
}

static uint64_t sum(const region_shared *shared)
{
    uint64_t total = 0, at = region_shared_root(shared);
    while (at != 0) {
        const struct node *n = (const struct node *)region_shared_at(shared, at, sizeof *n);
        CHECK(n != NULL);
        total += n->value;
        at = n->next;
    }
    return total;
}

static void a_parent_reads_what_its_child_built(void)
{
    region_shared shared;
    int status;
    pid_t child;
    CHECK(region_shared_init(&shared, 1 << 20, NULL) == 0);
    FAILS(region_shared_fd(&shared), -EBADF);
    CHECK(region_shared_capacity(&shared) >= 1 << 20);
    child = fork();
    if (child == 0) {
        for (uint64_t i = 1; i <= 1000; i++)
            prepend(&shared, i);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(sum(&shared) == 500500 && region_shared_used(&shared) >= 1000 * sizeof(struct node));
    CHECK(region_shared_free(&shared) == 0);
}

static void an_arena_is_opened_by_its_descriptor(void)
{
    region_shared ours, theirs;
    CHECK(region_shared_init(&ours, 1 << 16, "greetings") == 0);
    prepend(&ours, 41);
    CHECK(region_shared_open(&theirs, region_shared_fd(&ours)) == 0);
    prepend(&theirs, 1);
    CHECK(sum(&ours) == 42 && region_shared_at(&ours, region_shared_root(&theirs), 16) != NULL);
    CHECK(region_shared_free(&ours) == 0 && sum(&theirs) == 42 && region_shared_free(&theirs) == 0);
}

static void what_cannot_be_is_refused(void)
{
    region_shared shared = REGION_SHARED_INIT;
    int fd = open("/dev/null", O_RDWR);
    uint64_t offset;
    FAILS(region_shared_init(NULL, 1, NULL), -EINVAL);
    CHECK(region_shared_init(&shared, SIZE_MAX, NULL) < 0);
    FAILS(region_shared_open(&shared, -1), -EBADF);
    FAILS(region_shared_open(&shared, fd), -ENODEV);
    FAILS(region_shared_init_(&shared, 1, NULL, 7), -EPROTO);
    FAILS(region_shared_open_(&shared, fd, 7), -EPROTO);
    EMPTY(region_shared_alloc(&shared, 1, 1));
    EMPTY(region_shared_at(&shared, 8, 1));
    EMPTY(region_shared_root(&shared));
    FAILS(region_shared_set_root(&shared, 8), -EINVAL);
    FAILS(region_shared_fd(&shared), -EINVAL);
    EMPTY(region_shared_used(NULL));
    EMPTY(region_shared_capacity(NULL));
    CHECK(region_shared_free(&shared) == 0 && region_shared_free(&shared) == 0);
    FAILS(region_shared_free(NULL), -EINVAL);

    CHECK(region_shared_init(&shared, 4096, NULL) == 0);
    offset = region_shared_alloc(&shared, 100, 64);
    CHECK(offset % 64 == 0 && region_shared_at(&shared, offset, 100) != NULL);
    EMPTY(region_shared_at(&shared, 0, 1));
    EMPTY(region_shared_at(&shared, offset, SIZE_MAX));
    EMPTY(region_shared_at(&shared, UINT64_MAX, 1));
    EMPTY(region_shared_at(&shared, 1 << 30, 1));
    EMPTY(region_shared_alloc(&shared, SIZE_MAX - 3, 1));
    EMPTY(region_shared_alloc(&shared, 1 << 20, 1));
    EMPTY(region_shared_alloc(&shared, 8, 3));
    EMPTY(region_shared_alloc(&shared, 8, 0));
    EMPTY(region_shared_alloc(&shared, 8, 8192));
    FAILS(region_shared_set_root(&shared, 0), -EFAULT);
    region_shared_free(&shared);
    close(fd);
}

int main(void)
{
    a_parent_reads_what_its_child_built();
    an_arena_is_opened_by_its_descriptor();
    what_cannot_be_is_refused();
    return 0;
}

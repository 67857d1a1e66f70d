/* locked_down [ERRNO]: a process that takes its memory first and then forbids itself to take more, as sandboxes do.
 *
 * After the filter, every call that maps, protects or advises memory answers ERRNO (EPERM unless told). An arena that
 * was reserved before goes on in the addresses it has, a pool hands out its blocks, and what would need new memory is
 * NULL or a negative errno. Only munmap(2) stays, to give back. Linux, x86-64 and AArch64. */

#define _GNU_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* From here on these calls answer with this errno. False where there is no seccomp(2). */
static bool lock_down(unsigned int refused_with)
{
    /* The number of the call is the first word of what a filter is shown. */
#define REFUSE(call, to) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), (to), 0)
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(SYS_mmap, 6),
        REFUSE(SYS_mremap, 5),
        REFUSE(SYS_mprotect, 4),
        REFUSE(SYS_madvise, 3),
        REFUSE(SYS_memfd_create, 2),
        REFUSE(SYS_mincore, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refused_with),
    };
    struct sock_fprog filter = { sizeof steps / sizeof *steps, steps };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static bool all(const void *bytes, int byte, size_t len)
{
    const unsigned char *start = (const unsigned char *)bytes;
    return start[0] == byte && memcmp(start, start + 1, len - 1) == 0;
}

int main(int argc, char **argv)
{
    const int refused = argc > 1 ? -atoi(argv[1]) : -EPERM;
    region_arena ready = REGION_ARENA_INIT, begun = REGION_ARENA_INIT, late = REGION_ARENA_INIT;
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_pool pool = REGION_POOL_INIT, other = REGION_POOL_INIT;
    region_map map = REGION_MAP_INIT, more = REGION_MAP_INIT;
    region_shared shared = REGION_SHARED_INIT;
    region_input input = REGION_INPUT_INIT;
    char *kept, *block;
    static char standard_output[BUFSIZ];

    /* What will be needed: addresses. RAM comes as it is touched, which no filter sees. */
    setvbuf(stdout, standard_output, _IOLBF, sizeof standard_output);
    options.reserve = 256 * MIB;
    CHECK(region_arena_init(&ready, &options) == 0);
    CHECK(region_pool_init(&pool, 65536, 64, NULL) == 0);
    CHECK(region_map_init(&map, 4 * MIB, NULL) == 0);
    kept = region_strdup(&begun, "taken before the door was shut");
    region_trim();

    if (!lock_down((unsigned int)-refused)) {
        fprintf(stderr, "SKIPPED: there is no seccomp(2) here\n");
        return 77;
    }

    /* The reserved arena goes on to its last byte, and from the start again. */
    for (int round = 0; round < 2; round++) {
        void *zeroes;
        for (int i = 0; i < 20; i++) {
            block = (char *)region_alloc(&ready, MIB);
            CHECK(block != NULL);
            memset(block, i, MIB);
        }
        CHECK(region_alloc(&ready, 200 * MIB) != NULL);
        EMPTY(region_alloc(&ready, 100 * MIB));
        CHECK(region_arena_error(&ready) == -ENOSPC);
        /* RAM cannot be given back any more, so it is kept, and cleared where zeroes are asked for. */
        CHECK(region_arena_reset(&ready, 0) == 0);
        zeroes = region_calloc(&ready, 1, 10 * MIB);
        CHECK(zeroes != NULL && all(zeroes, 0, 10 * MIB));
        CHECK(region_arena_reset(&ready, REGION_KEEP_ALL) == 0);
    }

    /* An arena that was begun has what it has; one that was not has nothing. */
    EMPTY(region_alloc(&begun, 300 * MIB));
    CHECK(region_arena_error(&begun) == refused);
    CHECK(region_alloc(&begun, 100) != NULL && strcmp(kept, "taken before the door was shut") == 0);
    EMPTY(region_alloc(&late, 1));
    CHECK(region_arena_error(&late) == refused && region_strerror(refused)[0] == 'E');

    /* The pool's blocks are there, the map is as it was, and neither can be made anew. */
    for (int i = 0; i < 64; i++) {
        block = (char *)region_pool_take_zeroed(&pool);
        CHECK(block != NULL && all(block, 0, 65536));
        memset(block, 1, 65536);
    }
    CHECK(region_pool_give(&pool, block) == 0 && region_pool_take_zeroed(&pool) == block && all(block, 0, 65536));
    memset(map.base, 1, map.len);
    FAILS(region_map_decommit(&map, 0, map.len), refused);
    FAILS(region_map_protect(&map, 0, map.len, REGION_ACCESS_READ), refused);
    CHECK(all(map.base, 1, map.len));
    FAILS(region_map_init(&more, MIB, NULL), refused);
    FAILS(region_pool_init(&other, 65536, 64, NULL), refused);
    FAILS(region_shared_init(&shared, MIB, NULL), refused);
    FAILS(region_shared_init(&shared, MIB, "late"), refused);
    FAILS(region_input_open(&input, argv[0]), refused);
    FAILS(region_input_read(&input, argv[0]), refused);

    /* What is given back makes room for nothing, and nothing breaks. */
    CHECK(region_arena_free(&begun) == 0 && region_arena_free(&late) == 0 && region_arena_free(&ready) == 0);
    CHECK(region_pool_free(&pool) == 0 && region_map_free(&map) == 0 && region_input_free(&input) == 0);
    region_trim();
    EMPTY(region_alloc(&late, 1));
    return 0;
}

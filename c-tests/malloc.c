/* What malloc(3) and its family hold to, whichever libc the program has: sizes, alignments, errno, zeroes, growing,
 * threads that free each other's blocks, fork beside threads that allocate, and use before and after main.
 *
 * For the malloc that `cargo capi-malloc` makes, preloaded or linked in; it knows it by the end of what it does wrong.
 * `malloc NAME` makes one mistake, which ends it. */

#define _GNU_SOURCE
#include "check.h"
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* Sizes that no compiler may know: it would warn of some, and leave calls out. */
static volatile size_t none = 0, odd = 48, most = PTRDIFF_MAX, every = SIZE_MAX;

static bool filled(const void *bytes, unsigned char with, size_t len)
{
    const unsigned char *start = (const unsigned char *)bytes;
    return len == 0 || (start[0] == with && memcmp(start, start + 1, len - 1) == 0);
}

/* A call that gives NULL, and this number in errno. */
#define REFUSED(call, number) \
    do { \
        errno = 0; \
        CHECK((call) == NULL && errno == (number)); \
    } while (0)

static void blocks_are_as_long_and_aligned_as_asked(void)
{
    static const size_t sizes[] = { 0, 1, 16, 17, 24, 100, 1000, 4096, 32768, 32769, 100000, 3000000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        char *block = (char *)malloc(size), *other = (char *)malloc(size), *zeroes = (char *)calloc(size, 1);
        CHECK(block != NULL && other != NULL && zeroes != NULL && block != other);
        CHECK((uintptr_t)block % 16 == 0 && (uintptr_t)zeroes % 16 == 0 && filled(zeroes, 0, size));
        CHECK(malloc_usable_size(block) >= size);
        memset(block, 5, malloc_usable_size(block));
        for (size_t align = 8; align <= 4 * MIB; align *= 4) {
            void *got = block;
            char *aligned = (char *)aligned_alloc(align, size), *old = (char *)memalign(align, size);
            CHECK(posix_memalign(&got, align, size) == 0 && got != block);
            CHECK(aligned != NULL && (uintptr_t)aligned % align == 0 && malloc_usable_size(aligned) >= size);
            CHECK(old != NULL && (uintptr_t)old % align == 0 && (uintptr_t)got % align == 0);
            memset(aligned, 6, size);
            memset(old, 6, size);
            memset(got, 6, size);
            free(aligned);
            free(got);
            free(old);
        }
        CHECK(filled(block, 5, size));
        free(block);
        free(other);
        free(zeroes);
    }
    CHECK(malloc_usable_size(NULL) == 0);
    free(NULL);
}

static void no_bytes_are_a_block_of_its_own(void)
{
    char *one = (char *)malloc(none), *two = (char *)malloc(none), *three = (char *)calloc(none, 8);
    char *four = (char *)calloc(8, none), *five = (char *)realloc(NULL, none);
    CHECK(one && two && three && four && five);
    CHECK(one != two && two != three && three != four && four != five && five != one);
    free(one);
    free(two);
    free(three);
    free(four);
    free(five);
    /* As glibc has it. */
    CHECK(realloc(malloc(10), none) == NULL);
}

static void what_cannot_be_is_refused_with_its_number(void)
{
    REFUSED(malloc(every), ENOMEM);
    REFUSED(malloc(most + 1), ENOMEM);
    REFUSED(malloc(most), ENOMEM);
    REFUSED(malloc(most - 64 * KIB), ENOMEM);
    REFUSED(calloc(most, 3), ENOMEM);
    REFUSED(calloc(every, every), ENOMEM);
    REFUSED(calloc(2, most), ENOMEM);
    REFUSED(aligned_alloc(64, most), ENOMEM);
    REFUSED(aligned_alloc(odd, 100), EINVAL);
    REFUSED(aligned_alloc(none, 100), EINVAL);
    REFUSED(valloc(most), ENOMEM);
    char *block = (char *)malloc(100);
    memset(block, 7, 100);
    REFUSED(realloc(block, most + 1), ENOMEM);
    REFUSED(realloc(block, most), ENOMEM);
    REFUSED(reallocarray(block, most, 4), ENOMEM);
    CHECK(filled(block, 7, 100));
    void *kept = block;
    errno = 77;
    CHECK(posix_memalign(&kept, 3, 100) == EINVAL && posix_memalign(&kept, 4, 100) == EINVAL);
    CHECK(posix_memalign(&kept, none, 100) == EINVAL && posix_memalign(&kept, 64, most) == ENOMEM);
    CHECK(kept == block && errno == 77);
    /* Large and small ones: none may leave a number of its own. */
    char *large = (char *)malloc(50 * MIB);
    memset(large, 1, 50 * MIB);
    errno = 78;
    free(large);
    free(block);
    CHECK(errno == 78);
}

static void content_stays_when_a_block_is_resized(void)
{
    char *block = (char *)malloc(1);
    block[0] = 9;
    for (size_t size = 1; size < 20 * MIB; size = size * 3 / 2 + 1) {
        block = (char *)realloc(block, size * 3 / 2 + 1);
        CHECK(block != NULL && (uintptr_t)block % 16 == 0 && filled(block, 9, size));
        memset(block, 9, size * 3 / 2 + 1);
    }
    for (size_t size = 10 * MIB; size > 0; size /= 2) {
        block = (char *)realloc(block, size);
        CHECK(block != NULL && filled(block, 9, size));
    }
    block = (char *)reallocarray(block, 1000, 1000);
    CHECK(block != NULL && block[0] == 9 && malloc_usable_size(block) >= 1000000);
    free(block);
}

static void pages_are_whole(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = (char *)valloc(10), *whole = (char *)aligned_alloc(page, page);
    CHECK(block != NULL && (uintptr_t)block % page == 0 && (uintptr_t)whole % page == 0);
    free(block);
    free(whole);
#ifdef __GLIBC__
    whole = (char *)pvalloc(page + 1);
    CHECK(whole != NULL && (uintptr_t)whole % page == 0 && malloc_usable_size(whole) >= 2 * page);
    free(whole);
    REFUSED(pvalloc(every), ENOMEM);
    CHECK(((uintptr_t)(whole = (char *)memalign(odd, 10))) % 64 == 0);
    free(whole);
    CHECK(malloc_trim(0) == 1);
#endif
}

static void freed_memory_is_cleared_for_calloc(void)
{
    for (size_t size = 16; size < 4 * MIB; size *= 3) {
        char *block = (char *)malloc(size);
        memset(block, 255, size);
        free(block);
        block = (char *)calloc(1, size);
        CHECK(filled(block, 0, size));
        free(block);
    }
}

/* Threads that hand their blocks to the next one. */

enum { THREADS = 4, ROUNDS = 20000, PLACES = 256 };

static void *places[THREADS][PLACES];

static void *freeing_each_others_blocks(void *number)
{
    size_t own = (size_t)number, random = own + 1;
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t size = 16 + (random >> 33) % (round % 100 == 0 ? 100000 : 600);
        size_t *block = (size_t *)malloc(size);
        CHECK(block != NULL);
        block[0] = size;
        ((unsigned char *)block)[size - 1] = (unsigned char)size;
        void **place = &places[(own + 1) % THREADS][(random >> 40) % PLACES];
        size_t *old = (size_t *)__atomic_exchange_n(place, block, __ATOMIC_ACQ_REL);
        if (old != NULL) {
            CHECK(malloc_usable_size(old) >= old[0] && ((unsigned char *)old)[old[0] - 1] == (unsigned char)old[0]);
            if (round % 3 == 0) {
                size_t size_now = old[0];
                old = (size_t *)realloc(old, 2 * size_now);
                CHECK(old != NULL && old[0] == size_now);
            }
            free(old);
        }
    }
    return NULL;
}

static void threads_free_each_others_blocks(void)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, freeing_each_others_blocks, (void *)i) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    for (size_t i = 0; i < THREADS * PLACES; i++) {
        free(places[i / PLACES][i % PLACES]);
    }
}

/* A fork beside threads that are in the middle of it: both sides go on. */

static bool stop;

static void *allocating(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        void *blocks[64];
        for (size_t i = 0; i < 64; i++) {
            blocks[i] = malloc(i * 40 % 3000);
        }
        for (size_t i = 0; i < 64; i++) {
            free(blocks[i]);
        }
        free(malloc(100 * KIB));
    }
    return unused;
}

static void *in_a_child(void *before)
{
    for (size_t i = 0; i < 3000; i++) {
        char *block = (char *)malloc(i * 7 % 5000);
        CHECK(block != NULL);
        memset(block, 4, i * 7 % 5000);
        free(block);
    }
    return before;
}

static void both_sides_of_a_fork_go_on(void)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, allocating, NULL) == 0);
    }
    for (int round = 0; round < 40; round++) {
        char *before = (char *)malloc(500);
        memset(before, 3, 500);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            pthread_t thread;
            alarm(900);
            in_a_child(NULL);
            CHECK(pthread_create(&thread, NULL, in_a_child, NULL) == 0 && pthread_join(thread, NULL) == 0);
            CHECK(filled(before, 3, 500));
            free(before);
            _exit(0);
        }
        int status = 1;
        in_a_child(NULL);
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        free(before);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

/* Before main and after it. */

static char *made_before_main;

__attribute__((constructor)) static void before_main(void)
{
    made_before_main = (char *)malloc(1000);
    memset(made_before_main, 2, 1000);
}

static void at_exit(void)
{
    char *block = (char *)malloc(50);
    CHECK(block != NULL && filled(made_before_main, 2, 1000));
    free(block);
}

__attribute__((destructor)) static void after_main(void)
{
    made_before_main = (char *)realloc(made_before_main, 100000);
    CHECK(made_before_main != NULL && filled(made_before_main, 2, 1000));
    free(made_before_main);
}

/* Mistakes, each of which ends the process. */

static void *volatile hidden;

static void mistake(const char *name)
{
    hidden = malloc(100);
    if (strcmp(name, "double free") == 0) {
        free(hidden);
        free(hidden);
    } else if (strcmp(name, "inside") == 0) {
        hidden = (char *)hidden + 16;
        free(hidden);
    } else if (strcmp(name, "misaligned") == 0) {
        hidden = (char *)hidden + 1;
        free(hidden);
    } else if (strcmp(name, "foreign") == 0) {
        hidden = (void *)&hidden;
        free(hidden);
    } else if (strcmp(name, "wild") == 0) {
        hidden = (void *)(uintptr_t)0x123456789000;
        free(hidden);
    } else if (strcmp(name, "realloc") == 0) {
        free(hidden);
        hidden = realloc(hidden, 200);
    } else if (strcmp(name, "large twice") == 0) {
        hidden = malloc(10 * MIB);
        free(hidden);
        free(hidden);
    }
    puts("went on");
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        mistake(argv[1]);
        return 0;
    }
    CHECK(made_before_main != NULL && filled(made_before_main, 2, 1000) && atexit(at_exit) == 0);
    blocks_are_as_long_and_aligned_as_asked();
    no_bytes_are_a_block_of_its_own();
    what_cannot_be_is_refused_with_its_number();
    content_stays_when_a_block_is_resized();
    pages_are_whole();
    freed_memory_is_cleared_for_calloc();
    threads_free_each_others_blocks();
    both_sides_of_a_fork_go_on();
    puts("malloc holds");
    return 0;
}

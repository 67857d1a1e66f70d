/* signals: arenas, pools and maps in a signal handler, while two threads, which it interrupts anywhere, have others of
 * their own. What everybody wrote stays, errno stays, and the process ends by cleanups that use arenas as well.
 *
 * What a handler interrupts it must leave alone: its arenas are its own. What the arenas share below the surface, the
 * blocks that are kept for the next one, is free of locks. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { HANDLED = 20000, PERIOD = 50 /* microseconds: 20 kHz */, ERRNO = 77 };

static volatile sig_atomic_t handled, wrong_line;
static volatile sig_atomic_t done;
static region_pool pool;
static region_shared shared;

/* A handler can neither print nor exit. */
#define HOLDS(fact) ((fact) ? (void)0 : (void)(wrong_line = wrong_line == 0 ? __LINE__ : wrong_line))

static void fill(unsigned char *block, unsigned char with, size_t size)
{
    HOLDS(block != NULL);
    if (block != NULL)
        memset(block, with, size);
}

static bool filled(const unsigned char *block, unsigned char with, size_t size)
{
    return block != NULL && block[0] == with && memcmp(block, block + 1, size - 1) == 0;
}

static void count(void *counter)
{
    ++*(int *)counter;
}

/* Lives of everything that a handler may have, filled with `with`. */
static void live(unsigned char with, unsigned int turn)
{
    static const size_t sizes[] = { 24, 900, 5000, 60, 70000, 400 };
    region_arena a = REGION_ARENA_INIT, b = REGION_ARENA_INIT;
    region_string s = REGION_STRING_INIT(&b);
    region_defer node = REGION_DEFER_INIT;
    unsigned char *blocks[6], *page = (unsigned char *)region_pool_take(&pool), *offset_block;
    size_t used = turn % 16 == 0 ? 6 : 4;
    region_mark mark;
    int calls = 0;
    uint64_t offset;
    if (page != NULL)
        memset(page, with, 4096);
    for (size_t i = 0; i < used; i++)
        fill(blocks[i] = (unsigned char *)region_alloc(&a, sizes[i]), with, sizes[i]);
    HOLDS(region_string_puts(&s, "text") == 0 && region_arena_defer_node(&b, &node, count, &calls) == 0);
    mark = region_arena_mark(&a);
    offset_block = (unsigned char *)region_calloc(&a, 1, 3000);
    HOLDS(filled(offset_block, 0, 3000) && region_arena_rewind(&a, mark) == 0);
    offset = turn % 64 == 0 ? region_shared_alloc(&shared, 100, 8) : 0;
    offset_block = (unsigned char *)region_shared_at(&shared, offset, 100);
    if (offset_block != NULL)
        memset(offset_block, with, 100);
    if (turn % 256 == 0) {
        region_map map;
        HOLDS(region_map_init(&map, 8192, NULL) == 0);
        fill((unsigned char *)map.base, with, 8192);
        HOLDS(filled((unsigned char *)map.base, with, 8192) && region_map_free(&map) == 0);
        region_trim();
    }
    for (size_t i = 0; i < used; i++)
        HOLDS(filled(blocks[i], with, sizes[i]));
    HOLDS(s.data != NULL && strcmp(s.data, "text") == 0);
    HOLDS(region_arena_reset(&b, 0) == 0 && calls == 1 && region_alloc(&b, 100) != NULL);
    HOLDS(region_arena_free(&a) == 0 && region_arena_free(&b) == 0);
    HOLDS(offset_block == NULL || filled(offset_block, with, 100));
    HOLDS(page == NULL || (filled(page, with, 4096) && region_pool_give(&pool, page) == 0));
}

/* Once, and by the handler again, so that what is interrupted gets on in between, however slow a checker makes all. */
static int interrupt_soon(void)
{
    struct itimerval once;
    memset(&once, 0, sizeof once);
    once.it_value.tv_usec = PERIOD;
    return setitimer(ITIMER_REAL, &once, NULL);
}

static void handle(int signal)
{
    int before = errno;
    (void)signal;
    live(3, (unsigned int)handled);
    HOLDS(errno == before);
    if (++handled < HANDLED)
        HOLDS(interrupt_soon() == 0);
}

static void *work(void *with)
{
    errno = ERRNO;
    for (unsigned int turn = 0; !done; turn++)
        live(*(unsigned char *)with, turn);
    HOLDS(errno == ERRNO);
    return NULL;
}

/* What lives until the process ends. */
static region_arena to_the_end = REGION_ARENA_INIT;
static unsigned char *kept;

static void say_goodbye(void *context)
{
    (void)context;
    if (wrong_line == 0 && filled(kept, 9, 5000))
        (void)!write(1, "goodbye\n", 8);
}

static void clean_up(void)
{
    live(4, 0);
    region_arena_free(&to_the_end);
    live(4, 0);
    region_trim();
}

int main(void)
{
    static unsigned char first = 1, second = 2;
    struct sigaction action;
    pthread_t thread;
    CHECK(region_pool_init(&pool, 4096, 64, NULL) == 0 && region_shared_init(&shared, 1 << 22, NULL) == 0);
    CHECK(atexit(clean_up) == 0 && region_arena_defer(&to_the_end, say_goodbye, NULL) == 0);
    kept = (unsigned char *)region_alloc(&to_the_end, 5000);
    fill(kept, 9, 5000);
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && pthread_create(&thread, NULL, work, &second) == 0);
    errno = ERRNO;
    CHECK(interrupt_soon() == 0);
    for (unsigned int turn = 0; handled < HANDLED && wrong_line == 0; turn++)
        live(first, turn);
    HOLDS(errno == ERRNO);
    done = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    if (wrong_line != 0)
        fprintf(stderr, "signals.c:%d: does not hold\n", (int)wrong_line);
    CHECK(wrong_line == 0 && region_pool_taken(&pool) == 0);
    CHECK(region_pool_free(&pool) == 0 && region_shared_free(&shared) == 0);
    return 0;
}

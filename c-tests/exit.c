/* Threads that make and free arenas while the process ends: what the library does at its unloading is no danger to
 * them. */

#include "check.h"
#include "region.h"
#include <pthread.h>

static region_arena last;

static void *churn(void *none)
{
    for (;;) {
        region_arena a = REGION_ARENA_INIT;
        size_t i;
        for (i = 1; i < 100; i++) {
            size_t *number = region_alloc(&a, i * 1000);
            CHECK(number);
            *number = i;
        }
        region_arena_free(&a);
    }
    return none;
}

/* Registered before anything of the library is used, so it is called late. */
static void at_exit(void)
{
    CHECK(region_strdup(&last, "late"));
    region_arena_free(&last);
}

int main(void)
{
    pthread_t thread;
    int i;
    CHECK(atexit(at_exit) == 0);
    for (i = 0; i < 4; i++) {
        CHECK(pthread_create(&thread, NULL, churn, NULL) == 0);
    }
    for (i = 0; i < 2000; i++) {
        region_arena a = REGION_ARENA_INIT;
        CHECK(region_strdup(&a, "some"));
        region_arena_free(&a);
    }
    CHECK(region_strdup(&last, "alive at the end"));
    return 0;
}

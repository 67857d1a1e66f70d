/* A plugin with libregion in it, or in need of libregion.so: what it keeps for new arenas must be given back when it is
 * unloaded. c-tests/unload.c loads it. */

#include "check.h"
#include "region.h"
#include <string.h>

/* Lives until the plugin's own destructors. */
static region_arena longest;

int plugin_work(void);

/* As many arenas at once as the library keeps blocks for, and more; each of them is warm. */
int plugin_work(void)
{
    enum { arenas = 40, large = 1 << 20 };
    region_arena some[arenas];
    int i;
    for (i = 0; i < arenas; i++) {
        some[i] = (region_arena)REGION_ARENA_INIT;
        CHECK(region_calloc(&some[i], 1, 100));
        CHECK(i % 3 || memset(region_alloc(&some[i], large), 1, large));
    }
    for (i = 0; i < arenas; i++) {
        region_arena_free(&some[i]);
    }
    CHECK(region_strdup(&longest, "written"));
    return 1;
}

__attribute__((destructor)) static void plugin_end(void)
{
    region_arena another = REGION_ARENA_INIT;
    CHECK(region_strdup(&another, "at the end"));
    region_arena_free(&another);
    /* What an arena has is its own until it is freed. */
    CHECK(longest.cur == 0 || region_strdup(&longest, "still there"));
    region_arena_free(&longest);
}

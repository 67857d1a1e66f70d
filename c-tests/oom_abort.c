/* An arena that was told to end the process when memory cannot be had: says how much, on standard error. */

#include "region.h"

int main(void)
{
    region_arena a = REGION_ARENA_INIT;
    region_arena_set_limit(&a, 4096);
    region_arena_on_oom(&a, region_oom_abort, NULL);
    if (region_alloc(&a, 4000) == NULL)
        return 1;
    return region_alloc(&a, 12345) == NULL ? 2 : 3;
}

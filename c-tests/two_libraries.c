/* Two static libraries that were both written in Rust, each with its own panic handler, in one program. */

#include "region.h"

uint32_t probe_buffer(uint32_t n);

int main(void)
{
    region_arena a = REGION_ARENA_INIT;
    int wrong = probe_buffer(4) != 14 || region_alloc(&a, 100) == NULL;
    region_arena_free(&a);
    return wrong;
}

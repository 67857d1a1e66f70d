/* A malloc that ends the process: linked with programs that promise not to call it. */

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

void *malloc(size_t size)
{
    (void)size;
    __builtin_trap();
}

void *calloc(size_t n, size_t size)
{
    (void)n, (void)size;
    __builtin_trap();
}

void *realloc(void *block, size_t size)
{
    (void)block, (void)size;
    __builtin_trap();
}

void free(void *block)
{
    if (block != NULL)
        __builtin_trap();
}

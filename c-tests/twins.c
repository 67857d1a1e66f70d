/* What other languages do: no header, every inline function by its exported twin, out of libregion.so. */

#define _DEFAULT_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include <errno.h>
#include <string.h>

typedef union {
    void *pointer;
    int (*init)(void *, const void *);
    int (*init_len)(void *, size_t, const void *);
    int (*init_pool)(void *, size_t, size_t, const void *);
    int (*over)(void *, void *, size_t);
    int (*open_map)(void *, void *);
    int (*shared)(void *, size_t, const char *);
    int (*path)(void *, const char *);
    int (*fd)(void *, int);
    int (*open)(void *, const char *, unsigned int);
    int (*open_fd)(void *, int, unsigned int);
    int (*create)(void *, const char *, size_t);
    int (*lines)(void *, const char *, size_t);
    int (*records)(void *, const char *, size_t, char);
    void *(*alloc)(void *, size_t);
    int (*done)(void *);
} twin;

static void *library;

static twin get(const char *name)
{
    twin found;
    found.pointer = dlsym(library, name);
    if (found.pointer == NULL)
        fprintf(stderr, "%s: %s\n", name, dlerror());
    CHECK(found.pointer != NULL);
    return found;
}

int main(int argc, char **argv)
{
    uintptr_t a[32], map[16], pool[48], input[24], lines[32], shared[16], file[16], heap[32];
    CHECK(argc == 2);
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    CHECK(get("region_arena_init").init(a, NULL) == 0);
    for (int i = 0; i < 10000; i++) {
        char *p = (char *)get("region_alloc").alloc(a, 24);
        CHECK(p != NULL && (uintptr_t)p % 16 == 0);
        memset(p, 1, 24);
    }
    CHECK(get("region_arena_free").done(a) == 0);
    CHECK(get("region_map_init").init_len(map, 1 << 20, NULL) == 0 && map[1] == 1 << 20);
    CHECK(get("region_pool_over").over(pool, map, 4096) == 0 && get("region_pool_free").done(pool) == 0);
    CHECK(get("region_heap_init").init(heap, NULL) == 0 && get("region_heap_alloc").alloc(heap, 24) != NULL);
    CHECK(get("region_heap_free").done(heap) == 0);
    CHECK(get("region_map_init").init_len(map, 1 << 20, NULL) == 0 && get("region_heap_over").open_map(heap, map) == 0);
    CHECK(get("region_heap_alloc").alloc(heap, 24) != NULL && get("region_heap_free").done(heap) == 0);
    CHECK(get("region_pool_init").init_pool(pool, 4096, 4, NULL) == 0 && get("region_pool_free").done(pool) == 0);
    CHECK(get("region_input_open").path(input, argv[0]) == 0 && input[1] != 0 && get("region_input_free").done(input) == 0);
    CHECK(get("region_input_read").path(input, argv[0]) == 0 && input[1] != 0 && get("region_input_free").done(input) == 0);
    CHECK(get("region_file_open").open(file, argv[0], 1) == 0 && file[1] != 0);
    CHECK(get("region_file_free").done(file) == 0);
    CHECK(get("region_lines_init").lines(lines, "a\nb", 3) == 0);
    CHECK(get("region_lines_records").records(lines, "a,b", 3, ',') == 0);
    CHECK(get("region_scratch").alloc(a, 0) == a);
    CHECK(get("region_shared_init").shared(shared, 4096, NULL) == 0 && get("region_shared_free").done(shared) == 0);

    EMPTY(get("region_alloc").alloc(NULL, 1));
    FAILS(get("region_arena_init").init(NULL, NULL), -EINVAL);
    FAILS(get("region_map_init").init_len(map, 0, NULL), -EINVAL);
    FAILS(get("region_heap_init").init(NULL, NULL), -EINVAL);
    FAILS(get("region_heap_over").open_map(heap, NULL), -EINVAL);
    FAILS(get("region_pool_init").init_pool(pool, 4095, 4, NULL), -EINVAL);
    FAILS(get("region_pool_over").over(pool, NULL, 4096), -EINVAL);
    FAILS(get("region_shared_init").shared(NULL, 4096, NULL), -EINVAL);
    FAILS(get("region_shared_open").fd(shared, -1), -EBADF);
    FAILS(get("region_input_open").path(input, "/no/such/file"), -ENOENT);
    FAILS(get("region_input_read").path(input, "/"), -EISDIR);
    FAILS(get("region_input_from_fd").fd(input, -1), -EBADF);
    FAILS(get("region_input_read_fd").fd(input, -1), -EBADF);
    FAILS(get("region_file_open").open(file, "/no/such/file", 1), -ENOENT);
    FAILS(get("region_file_create").create(file, "/", 1), -EISDIR);
    FAILS(get("region_file_from_fd").open_fd(file, -1, 0), -EBADF);
    FAILS(get("region_lines_init").lines(lines, NULL, 1), -EINVAL);
    FAILS(get("region_lines_records").records(lines, NULL, 1, '\0'), -EINVAL);
    return 0;
}

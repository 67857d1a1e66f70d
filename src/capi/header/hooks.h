/* ---- Allocator hooks of other libraries -----------------------------------------------------------------------
 * The context is a heap or an arena. region_heap_hook_ functions take a heap, for libraries that free what they take.
 * Two families take an arena, for what is thrown away as a whole: only the last block is taken back, others stay until
 * the arena is rewound. Of these region_hook_ functions get the old size from the caller, as Lua's hooks do, and
 * region_tracked_ functions keep it in 16 bytes before each block. Do not mix families. docs/c.md has a table: which
 * library takes which line. */

@GENERATED@
/* Hooks of other shapes. Each macro stands where functions are defined, and defines static ones whose names begin with
 * NAME_. FAMILY is region_heap_hook or region_tracked, and CONTEXT the heap or arena of all of them, such as &heap: an
 * expression that is evaluated at each call. */

/** Without a context: NAME_malloc, NAME_calloc, NAME_realloc, NAME_free, NAME_strdup, as those of the C library. */
#define REGION_HOOKS(name, family, context) \
    REGION_UNUSED_ static void *name##_malloc(size_t size) { return family##_malloc((context), size); } \
    REGION_UNUSED_ static void *name##_calloc(size_t n, size_t size) { return family##_calloc((context), n, size); } \
    REGION_UNUSED_ static void *name##_realloc(void *block, size_t size) \
    { \
        return family##_realloc((context), block, size); \
    } \
    REGION_UNUSED_ static void name##_free(void *block) { family##_free((context), block); } \
    REGION_UNUSED_ static char *name##_strdup(const char *text) \
    { \
        size_t size = 1; \
        char *copy; \
        while (text[size - 1] != '\0') \
            size++; \
        copy = REGION_CAST_(char *, family##_malloc((context), size)); \
        for (size_t i = 0; copy != NULL && i < size; i++) \
            copy[i] = text[i]; \
        return copy; \
    } \
    REGION_HOOKS_END_(name)

/** The same with the caller's file and line behind, which are not used: OpenSSL's. */
#define REGION_HOOKS_AT(name, family, context) \
    REGION_UNUSED_ static void *name##_malloc(size_t size, const char *file, int line) \
    { \
        return REGION_CAST_(void, file), REGION_CAST_(void, line), family##_malloc((context), size); \
    } \
    REGION_UNUSED_ static void *name##_realloc(void *block, size_t size, const char *file, int line) \
    { \
        return REGION_CAST_(void, file), REGION_CAST_(void, line), family##_realloc((context), block, size); \
    } \
    REGION_UNUSED_ static void name##_free(void *block, const char *file, int line) \
    { \
        REGION_CAST_(void, file), REGION_CAST_(void, line), family##_free((context), block); \
    } \
    REGION_HOOKS_END_(name)

/** The context last: nghttp2's, ngtcp2's. */
#define REGION_HOOKS_LAST(name, family) \
    REGION_UNUSED_ static void *name##_malloc(size_t size, void *context) { return family##_malloc(context, size); } \
    REGION_UNUSED_ static void *name##_calloc(size_t n, size_t size, void *context) \
    { \
        return family##_calloc(context, n, size); \
    } \
    REGION_UNUSED_ static void *name##_realloc(void *block, size_t size, void *context) \
    { \
        return family##_realloc(context, block, size); \
    } \
    REGION_UNUSED_ static void name##_free(void *block, void *context) { family##_free(context, block); } \
    REGION_HOOKS_END_(name)

/** The context first, and sizes of a type such as `unsigned int` (zlib's) or `int` (bzip2's): NAME_alloc of a product,
    and NAME_free. */
#define REGION_HOOKS_OF(name, family, size_type) \
    REGION_UNUSED_ static void *name##_alloc(void *context, size_type n, size_type size) \
    { \
        size_t count = REGION_CAST_(size_t, n), each = REGION_CAST_(size_t, size); \
        return each != 0 && count > SIZE_MAX / each ? NULL : family##_malloc(context, count * each); \
    } \
    REGION_UNUSED_ static void name##_free(void *context, void *block) { family##_free(context, block); } \
    REGION_HOOKS_END_(name)

/** NAME is a sqlite3_mem_methods with all its functions, for sqlite3_config(SQLITE_CONFIG_MALLOC, &NAME), behind
    <sqlite3.h>. FAMILY is region_heap_hook. */
#define REGION_SQLITE_METHODS(name, family, context) \
    REGION_UNUSED_ static void *name##_malloc(int size) \
    { \
        return family##_malloc((context), REGION_CAST_(size_t, size)); \
    } \
    REGION_UNUSED_ static void name##_free(void *block) { family##_free((context), block); } \
    REGION_UNUSED_ static void *name##_realloc(void *block, int size) \
    { \
        return family##_realloc((context), block, REGION_CAST_(size_t, size)); \
    } \
    REGION_UNUSED_ static int name##_size(void *block) { return REGION_CAST_(int, family##_size((context), block)); } \
    REGION_UNUSED_ static int name##_roundup(int size) \
    { \
        size_t good = region_heap_good_size(REGION_CAST_(size_t, size)); \
        return good > 0x7fffffff ? size : REGION_CAST_(int, good); \
    } \
    REGION_UNUSED_ static int name##_init(void *data) { return REGION_CAST_(void, data), 0; } \
    REGION_UNUSED_ static void name##_shutdown(void *data) { REGION_CAST_(void, data); } \
    static const sqlite3_mem_methods name = { name##_malloc, name##_free,  name##_realloc,  name##_size, \
                                              name##_roundup, name##_init, name##_shutdown, NULL }

/* What a macro's semicolon ends. */
#define REGION_HOOKS_END_(name) struct name##_region_hooks_

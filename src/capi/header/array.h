/* ---- Growing arrays -------------------------------------------------------------------------------------------
 * Elements of one type, side by side in a block of an arena, by macros that know the type:
 *
 *     REGION_ARRAY(struct point) points = REGION_ARRAY_INIT(&arena);
 *     if (region_array_push(&points, p) != 0) ...
 *     for (size_t i = 0; i < points.len; i++) use(points.data[i]);
 *
 * The block grows in place while it is the arena's last, else it moves to twice the capacity. What can fail gives 0 or
 * a negative errno and leaves the array as it was, once the arena's policy gave up. A rewind to before the array last
 * grew throws it away: -EINVAL as soon as it is to grow, until region_array_free, which makes it empty. Macros use
 * `array` more than once, and other arguments once. */

/* Elements move byte by byte. */
#if defined(__cplusplus) && (defined(__GNUC__) || defined(_MSC_VER))
#define REGION_ARRAY_HAS_(T) (REGION_ALIGNOF_(T) <= 16 && __is_trivially_copyable(T))
#else
#define REGION_ARRAY_HAS_(T) (REGION_ALIGNOF_(T) <= 16)
#endif

/** An array of T, which is complete, aligned to 16 at most, and in C++ trivially copyable: `data` (NULL until something
    was added), `len` and `capacity` in elements, and the `arena` where it grows. Read all of them, write elements and a
    lower `len` freely. Each use of the macro is a type of its own: give it a name by typedef to pass it on. */
#define REGION_ARRAY(T)                                                                                               \
    struct {                                                                                                          \
        T *data;                                                                                                      \
        size_t len, capacity;                                                                                         \
        region_arena *arena;                                                                                          \
        size_t opaque_[REGION_ARRAY_HAS_(T) ? 4 : -1];                                                                \
    }
#define REGION_ARRAY_INIT(arena) { NULL, 0, 0, (arena), { 0 } }

@GENERATED@
#define REGION_ARRAY_SIZE_(array) (sizeof *(array)->data)
/* Whether there is capacity for one element more, if need be after the array grew. */
#define REGION_ARRAY_FITS_(array)                                                                                     \
    (REGION_LIKELY_((array)->len < (array)->capacity)                                                                 \
     || region_array_reserve_((array), 1, REGION_ARRAY_SIZE_(array)) == 0)
/* What a macro answers. From a function, so that nobody is warned who does not look. */
static inline int region_array_answer_(int error)
{
    return error;
}
static inline bool region_array_took_(bool took)
{
    return took;
}
/* Elements to copy, which are of the array's type or do not compile without a warning. */
#define REGION_ARRAY_ITEMS_(array, items) (1 ? (items) : (array)->data)

/** Reserves capacity for `more` elements. */
#define region_array_reserve(array, more) region_array_reserve_((array), (more), REGION_ARRAY_SIZE_(array))

/** Adds an element at the end. Inline where there is capacity. The value is read after the array grew: one of its own
    elements is `array->data[i]`, and no pointer from before. */
#define region_array_push(array, ...)                                                                                 \
    region_array_answer_(REGION_ARRAY_FITS_(array)                                                                    \
                             ? ((array)->data[(array)->len] = __VA_ARGS__, (array)->len++, 0)                         \
                             : region_arena_error((array)->arena))

/** Adds copies of `n` elements at `items` at the end. They may be the array's own. */
#define region_array_extend(array, items, n)                                                                          \
    region_array_insert_((array), (array)->len, REGION_ARRAY_ITEMS_(array, items), (n), REGION_ARRAY_SIZE_(array))

/** Makes a value the element at index `at`; those from there on move up. -EINVAL above `len`. The value is read after
    they moved. */
#define region_array_insert(array, at, ...)                                                                           \
    region_array_answer_(region_array_insert_((array), (at), NULL, 1, REGION_ARRAY_SIZE_(array)) == 0                 \
                             ? ((array)->data[(array)->opaque_[3]] = __VA_ARGS__, 0)                                  \
                             : region_arena_error((array)->arena))

/** Copies of `n` elements at `items` from index `at` on; those from there on move up. They may be the array's own. */
#define region_array_insert_all(array, at, items, n)                                                                  \
    region_array_insert_((array), (at), REGION_ARRAY_ITEMS_(array, items), (n), REGION_ARRAY_SIZE_(array))

/** Takes the last element out and writes it to `to`; false if there is none. */
#define region_array_pop(array, to)                                                                                   \
    region_array_took_((array)->len != 0 ? (*(to) = (array)->data[--(array)->len], true) : false)

/** Takes `n` elements out, from index `at` on; those behind move down. -EINVAL if there are not so many. */
#define region_array_remove(array, at, n) region_array_remove_((array), (at), (n), REGION_ARRAY_SIZE_(array))

/** The elements, with the unused capacity given back; the array is empty again, and may begin others. NULL of none. */
#define region_array_finish(array)                                                                                    \
    REGION_ARRAY_CAST_(array, region_array_finish_((array), REGION_ARRAY_SIZE_(array)))
#ifdef __cplusplus
#define REGION_ARRAY_CAST_(array, block) static_cast<decltype((array)->data)>(block)
#elif defined(__GNUC__)
#define REGION_ARRAY_CAST_(array, block) ((__typeof__((array)->data))(block))
#else
#define REGION_ARRAY_CAST_(array, block) (block)
#endif

/** Frees the elements. Leaves an empty array, also of one that a rewind threw away. */
#define region_array_free(array) region_array_free_((array), REGION_ARRAY_SIZE_(array))

/* ---- Allocation -----------------------------------------------------------------------------------------------
 * Blocks are the arena's: there is nothing to free one by one, and no size is kept for them. Each function returns
 * NULL when memory cannot be had, unless region_arena_on_oom said otherwise; region_arena_error then says why. */

@GENERATED@
/** `size` bytes, aligned to 16. */
REGION_MALLOC_((2))
static inline void *region_alloc(region_arena *arena, size_t size)
{
    /* Let `left` be `end - cur`, a multiple of 16. `size - 1 < left` is false for 0 bytes, whose size - 1 is SIZE_MAX.
       Else it means `size <= left`, so that rounding `size` up to 16 neither wraps nor passes `end`. */
    if (REGION_LIKELY_(arena != NULL && size - 1 < REGION_ADDRESS_(arena->end) - REGION_ADDRESS_(arena->cur))) {
        unsigned char *block = arena->cur;
        arena->cur = block + (((size - 1) | 15) + 1);
        return REGION_KNOWN_(block);
    }
    return region_alloc_slow_(arena, size);
}

/** An uninitialized T, or `n` of them in a row, aligned as T is. */
#define region_new(arena, T) \
    (REGION_CAST_(T *, REGION_ALIGNOF_(T) <= 16 ? region_alloc((arena), sizeof(T)) \
                                                : region_alloc_aligned((arena), sizeof(T), REGION_ALIGNOF_(T))))
#define region_new_array(arena, T, n) \
    (REGION_CAST_(T *, region_alloc_array((arena), (n), sizeof(T), REGION_ALIGNOF_(T))))

/** The same, of zero bytes. */
#define region_new_zeroed(arena, T) region_new_array_zeroed(arena, T, 1)
#define region_new_array_zeroed(arena, T, n) \
    (REGION_CAST_(T *, region_calloc_aligned((arena), (n), sizeof(T), REGION_ALIGNOF_(T))))

#ifndef REGION_FREESTANDING
/** Formatted text, as printf(3) would write it. NULL also for a format that is wrong or makes more than INT_MAX bytes:
    -EINVAL. */
REGION_FORMAT_(2, 0) REGION_STRING_
static inline char *region_vprintf(region_arena *arena, const char *format, va_list arguments)
{
    /* Formatted beside the arena first: what lies above `cur` must stay untouched until it is taken. */
    char short_text[256];
    char *text = NULL;
    va_list again;
    int len;
    va_copy(again, arguments);
    len = vsnprintf(short_text, sizeof short_text, format, arguments);
    if (len < 0) {
        text = region_strdup(arena, NULL);
    } else {
        size_t size = REGION_CAST_(size_t, len) + 1;
        text = REGION_CAST_(char *, region_alloc(arena, size));
        if (text != NULL && size > sizeof short_text)
            vsnprintf(text, size, format, again);
        else if (text != NULL)
            for (size_t i = 0; i < size; i++)
                text[i] = short_text[i];
    }
    va_end(again);
    return text;
}

/** Formatted text. */
REGION_FORMAT_(2, 3) REGION_STRING_
static inline char *region_printf(region_arena *arena, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    text = region_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}
#endif

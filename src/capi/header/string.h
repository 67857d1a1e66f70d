/* ---- Growing text ---------------------------------------------------------------------------------------------
 * The text is a block of its arena. It grows in place while it is the arena's last block, else it moves to twice the
 * capacity. Functions return 0 or a negative errno and leave the text as it was on error. A rewind to before the text
 * last grew throws it away: -EINVAL until region_string_free, which makes it empty. */

@GENERATED@
#define REGION_STRING_INIT(arena) { NULL, 0, 0, (arena), { 0 } }

#ifndef REGION_FREESTANDING
/** Appends formatted text, whose arguments may lie in the text itself. -EINVAL for a format that is wrong or makes more
    than INT_MAX bytes. */
REGION_FORMAT_(2, 0)
static inline int region_string_vprintf(region_string *string, const char *format, va_list arguments)
{
    char short_text[256];
    va_list again;
    int len, error;
    va_copy(again, arguments);
    len = vsnprintf(short_text, sizeof short_text, format, arguments);
    if (len < 0) {
        error = region_string_puts(string, NULL);
    } else if (REGION_CAST_(size_t, len) < sizeof short_text) {
        error = region_string_append(string, short_text, REGION_CAST_(size_t, len));
    } else {
        /* Behind the text's NUL, so that the text is whole while it may be read as an argument, and then over it. Its
           old memory is freed after the last read. */
        size_t more = REGION_CAST_(size_t, len) + 1, capacity = string == NULL ? 0 : string->capacity;
        char *moved = string == NULL ? NULL : string->data;
        error = region_string_reserve_(string, more);
        if (error == 0) {
            char *end = string->data + string->len;
            vsnprintf(end + 1, more, format, again);
            for (size_t i = 0; i < more; i++)
                end[i] = end[i + 1];
            string->len += more - 1;
            if (moved != string->data)
                region_free(string->arena, moved, capacity);
        }
    }
    va_end(again);
    return error;
}

/** Appends formatted text. */
REGION_FORMAT_(2, 3)
static inline int region_string_printf(region_string *string, const char *format, ...)
{
    int error;
    va_list arguments;
    va_start(arguments, format);
    error = region_string_vprintf(string, format, arguments);
    va_end(arguments);
    return error;
}
#endif

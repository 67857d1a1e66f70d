/* ---- Growing text ---------------------------------------------------------------------------------------------
 * The text is a block of its arena. It grows in place while it is the arena's last block, else it moves to twice the
 * room. Functions return 0 or a negative errno and leave the text as it was on error. */

@GENERATED@
#define REGION_STRING_INIT(arena) { NULL, 0, 0, (arena) }

#ifndef REGION_FREESTANDING
/** Appends formatted text. -EINVAL for a format that is wrong. */
REGION_FORMAT_(2, 0)
static inline int region_string_vprintf(region_string *string, const char *format, va_list arguments)
{
    va_list again;
    int len, error;
    va_copy(again, arguments);
    len = vsnprintf(NULL, 0, format, arguments);
    error = region_string_reserve(len < 0 ? NULL : string, len < 0 ? 0 : REGION_CAST_(size_t, len));
    if (error == 0) {
        vsnprintf(string->data + string->len, string->room - string->len, format, again);
        string->len += REGION_CAST_(size_t, len);
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

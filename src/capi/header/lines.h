/* ---- Lines ----------------------------------------------------------------------------------------------------
 * Slices of a text, without their newlines. The last may lack its newline, empty lines are lines, and NUL bytes are
 * data; or with a delimiter of yours in the newline's place. Nothing is allocated or owned. One thread at a time. */

@GENERATED@
/** The lines of `len` bytes, which stay as they are meanwhile. */
static inline int region_lines_init(region_lines *lines, const char *text, size_t len)
{
    return region_lines_init_(lines, text, len, '\n', REGION_ABI_(region_lines));
}

/** What `delimiter` ends in `len` bytes, as a newline ends a line: '\0' for what `find -print0` and `sort -z` write. */
static inline int region_lines_records(region_lines *lines, const char *text, size_t len, char delimiter)
{
    return region_lines_init_(lines, text, len, delimiter, REGION_ABI_(region_lines));
}

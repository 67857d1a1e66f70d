/* ---- Lines ----------------------------------------------------------------------------------------------------
 * Slices of a text, without their newlines. The last may lack its newline, empty lines are lines, and NUL bytes are
 * data. Nothing is allocated or owned. One thread at a time. */

@GENERATED@
/** The lines of `len` bytes, which stay as they are meanwhile. */
static inline int region_lines_init(region_lines *lines, const char *text, size_t len)
{
    return region_lines_init_(lines, text, len, REGION_ABI_(region_lines));
}

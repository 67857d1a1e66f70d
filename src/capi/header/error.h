/* ---- Errors ---------------------------------------------------------------------------------------------------
 * Functions return the negative of a number of <errno.h>. Any thread may ask what one means. */

@GENERATED@

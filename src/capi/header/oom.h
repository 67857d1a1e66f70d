/* ---- When memory cannot be had --------------------------------------------------------------------------------
 * Every function that takes memory of an arena refuses alike, and says why in region_arena_error:
 *
 *     -EINVAL      NULL, an alignment or a format that cannot be, a text that a rewind threw away
 *     -EOVERFLOW   more bytes than an object can have, or a product that wraps
 *     -ENOSPC      its limit, reservation or buffer is used up
 *     -ENOMEM ...  the system refused
 *
 * The first two stay refused whatever is freed: NULL or the errno, at once. For the others the arena has a policy: to
 * return NULL or the errno, to end the process, or to ask a function of yours, which may free something and have it
 * tried again, give up, or leave by longjmp(3); then nothing was taken, and texts and blocks are as they were. */

@GENERATED@

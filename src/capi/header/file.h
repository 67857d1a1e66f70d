/* ---- Files, changed in place ----------------------------------------------------------------------------------
 * A whole file as memory: a page is read at its first touch, and only what was modified is written. The file is not
 * yours alone: as long as it is open here nobody may make it shorter (a touch behind the new end is SIGBUS), and who
 * else writes to it must be agreed upon. One thread at a time; its bytes are yours to share. */

@GENERATED@
#define REGION_FILE_INIT { NULL, 0, { 0 } }

/** Opens a file, whole: `how` is one of REGION_FILE_... -EINVAL for an empty one, -ENODEV for what has no memory. */
static inline int region_file_open(region_file *file, const char *path, unsigned int how)
{
    return region_file_open_(file, path, how, 0, REGION_ABI_(region_file));
}

/** The same of an open file or of memory with a descriptor, whole, wherever the descriptor stands; it may be closed at
    once. -EACCES where it is not open for what it is to be used for: for both, to write. */
static inline int region_file_from_fd(region_file *file, int fd, unsigned int how)
{
    return region_file_fd_(file, fd, how, REGION_ABI_(region_file));
}

/** Makes a file of `len` zeroes, not 0, in place of whatever had the path, and opens it for REGION_FILE_WRITE. The
    zeroes take no disk. */
static inline int region_file_create(region_file *file, const char *path, size_t len)
{
    return region_file_open_(file, path, 3, len, REGION_ABI_(region_file));
}

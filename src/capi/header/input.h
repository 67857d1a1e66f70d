/* ---- Input: files and streams ---------------------------------------------------------------------------------
 * All bytes from where the descriptor stands to the end, in one range, whether it is a file, a pipe, a socket, a
 * terminal or /proc. An error keeps what came before it: free the input all the same. One thread at a time. */

@GENERATED@
#define REGION_INPUT_INIT { NULL, 0, { 0 } }

/** The bytes of a file, mapped where that can be done: nothing is copied. As long as the input lives nobody may write
    to the file or truncate it (a touch behind a new end is SIGBUS); where that is not known, region_input_read. */
static inline int region_input_open(region_input *input, const char *path)
{
    return region_input_path_(input, path, 0, REGION_ABI_(region_input));
}

/** The same of an open file, such as 0. It may be closed at once. */
static inline int region_input_from_fd(region_input *input, int fd)
{
    return region_input_fd_(input, fd, 0, REGION_ABI_(region_input));
}

/** The bytes of a file, read into memory. */
static inline int region_input_read(region_input *input, const char *path)
{
    return region_input_path_(input, path, 1, REGION_ABI_(region_input));
}

/** The same of an open file, such as 0. */
static inline int region_input_read_fd(region_input *input, int fd)
{
    return region_input_fd_(input, fd, 1, REGION_ABI_(region_input));
}

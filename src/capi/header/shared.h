/* ---- Shared arenas --------------------------------------------------------------------------------------------
 * An allocator in memory that several processes have at once, each at an address of its own: blocks are known by their
 * offsets. Any thread of any process allocates at any time, lock-free; nothing is freed before the last unmaps it. Only
 * init, open and free are for one thread. Linux. */

@GENERATED@
#define REGION_SHARED_INIT { { 0 } }

/** Makes a shared arena of `capacity` bytes. `name` NULL: for children forked from now on. Else with a descriptor for
    any process (region_shared_fd), sealed so that nobody can cut it off, called so in /proc/PID/maps. */
static inline int region_shared_init(region_shared *shared, size_t capacity, const char *name)
{
    return region_shared_init_(shared, capacity, name, REGION_ABI_(region_shared));
}

/** Opens the arena of a descriptor that another process made. Refused is what is no memory (-ENODEV), not sealed
    (-EPERM), or no arena (-EBADMSG). The descriptor may be closed at once. */
static inline int region_shared_open(region_shared *shared, int fd)
{
    return region_shared_open_(shared, fd, REGION_ABI_(region_shared));
}

/* region.h 0.1.0 - memory on the kernel's own terms: arenas, heaps, page pools, maps, files. No malloc.
 *
 *     region_arena a = REGION_ARENA_INIT;               // no call, no memory yet
 *     struct node *n = region_new(&a, struct node);
 *     char *s = region_printf(&a, "%s.%d", name, id);
 *     region_arena_free(&a);                            // the RAM is back
 *
 * Failing     Functions that allocate return a pointer or NULL. Others that can fail return 0 or a negative errno, for
 *             region_strerror. Nothing panics, throws, or ends the process unless you ask for it.
 * Empty       Every struct of all zero bytes is valid and empty: freeing it does nothing, using it is -EINVAL or
 *             NULL. So is every struct that was freed, and so is NULL in place of one.
 * Sizes       Bytes, size_t. Products are checked. Nothing (0 bytes) gives an address that is aligned, not NULL and
 *             not to be touched. More than PTRDIFF_MAX gives NULL.
 * Threads     One thread at a time uses a struct, but for region_pool and region_shared. There is no thread-local
 *             storage, no lock and no hidden thread. So the hooks are not for libraries that call them from threads of
 *             their own.
 * Signals     A handler may use structs of its own, and any pools and shared arenas; not a struct that it may have
 *             interrupted. On Linux errno stays as it is. All works in atexit(3) functions and destructors, too.
 * Versions    Each struct has spare words. Every init passes its size and REGION_ABI_VERSION: a library of another
 *             version returns -EPROTO and writes nothing.
 *
 * C99 and later, C++11 and later. #define REGION_FREESTANDING to do without <stdio.h>.
 * Made by `cargo capi-header` from src/capi/: change it there.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef REGION_H
#define REGION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifndef REGION_FREESTANDING
#include <stdio.h>
#endif

#if defined(__GNUC__)
#define REGION_LIKELY_(condition) __builtin_expect(!!(condition), 1)
#define REGION_ALIGNOF_(T) __alignof__(T)
#define REGION_FORMAT_(text, first) __attribute__((__format__(__printf__, text, first)))
/* A new block, whose size is the product of the arguments numbered so. */
#define REGION_MALLOC_(size) __attribute__((__malloc__, __warn_unused_result__, __alloc_size__ size))
/* A new block, and which argument its alignment is. */
#define REGION_BLOCK_(size, align) REGION_MALLOC_(size) __attribute__((__alloc_align__(align)))
/* A block of so many bytes, which may be the old one. */
#define REGION_SIZED_(size) __attribute__((__warn_unused_result__, __alloc_size__ size))
/* The same of hooks, whose callers also free by it. */
#define REGION_RESIZED_(size) __attribute__((__alloc_size__ size))
#define REGION_STRING_ __attribute__((__malloc__, __warn_unused_result__))
/* What is lost if nobody takes it; it may hold, or be known by, other pointers. */
#define REGION_NEEDED_ __attribute__((__warn_unused_result__))
#define REGION_NEVER_NULL_ __attribute__((__returns_nonnull__))
#define REGION_UNUSED_ __attribute__((__unused__))
/* What is known of a block, so that a caller's check for NULL costs nothing where the block fitted. */
#define REGION_KNOWN_(block) \
    ((block) == NULL ? __builtin_unreachable() : (void)0, __builtin_assume_aligned((block), 16))
#else
#define REGION_LIKELY_(condition) (condition)
#ifdef __cplusplus
#define REGION_ALIGNOF_(T) alignof(T)
#else
#define REGION_ALIGNOF_(T) _Alignof(T)
#endif
#define REGION_FORMAT_(text, first)
#define REGION_MALLOC_(size)
#define REGION_BLOCK_(size, align)
#define REGION_SIZED_(size)
#define REGION_STRING_
#define REGION_RESIZED_(size)
#define REGION_NEEDED_
#define REGION_NEVER_NULL_
#define REGION_UNUSED_
#define REGION_KNOWN_(block) (block)
#endif

/* Statements of fact, checked by the compiler. */
#if defined(__cplusplus)
#define REGION_ASSERT_(name, fact) static_assert(fact, #name)
#else
#define REGION_ASSERT_(name, fact) typedef char region_assert_##name##_[(fact) ? 1 : -1]
#endif

/* Casts that both C and C++ take without a warning. */
#ifdef __cplusplus
#define REGION_CAST_(T, value) static_cast<T>(value)
#define REGION_ADDRESS_(pointer) reinterpret_cast<uintptr_t>(pointer)
#else
#define REGION_CAST_(T, value) ((T)(value))
#define REGION_ADDRESS_(pointer) ((uintptr_t)(pointer))
#endif

#define REGION_VERSION "0.1.0"
#define REGION_ABI_VERSION 1

/* What an init hands over: the header's version and the size of its struct, in one word. */
#define REGION_ABI_(T) ((REGION_CAST_(size_t, REGION_ABI_VERSION) << 16) | sizeof(T))

#ifndef __cplusplus
/* Options that live as long as the block that they stand in. What is not named is zero, which is the default. */
#define REGION_WITH_(T, ...) (&(const T){ .size = sizeof(T), __VA_ARGS__ })
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Arenas ---------------------------------------------------------------------------------------------------
 * An arena owns the blocks taken from it; they live until it is reset, rewound to before them, or freed. The first
 * 64 KiB come from a cache, then ranges of 1 and 16 MiB and of gigabytes, whose RAM comes in as blocks are taken.
 * Blocks never move; only one that grows may (region_realloc). An arena may begin in memory of yours instead, and stay
 * there. One thread at a time. */

/** Nothing beyond the buffer: allocating, resetting and freeing make no system call, and when the buffer is used up,
    allocations return NULL (-ENOSPC). -EINVAL for one that cannot hold a block. */
#define REGION_ARENA_FIXED 1

/** An arena. All bytes zero (REGION_ARENA_INIT) is an empty one, and so is one that was freed. It may be moved to
    another address, as no pointer leads to it. Only the library writes to it. */
typedef struct region_arena {
    uint8_t *cur;                   /* Where the next block starts. Frozen, with `end`. */
    uint8_t *end;                   /* Up to where blocks may be taken without a call. */
    size_t opaque_[30];
} region_arena;

/** Called when memory cannot be had for `size` bytes. Non-zero: something was freed, try again. Zero: give up, and the
    allocation returns NULL. It may use the arena, and is asked about what fails then as well, 8 deep at most. It may
    rewind, reset or free it, which gives up a block that was to grow, but must leave what is being copied. It may
    leave by longjmp(3). */
typedef int (*region_oom_fn)(void *context, region_arena *arena, size_t size);

/** Options of an arena, for region_arena_init. Begin with REGION_ARENA_OPTIONS; zero is the default. */
typedef struct region_arena_options {
    size_t size;                    /* sizeof(region_arena_options). */
    size_t limit;                   /* Most bytes that may be in use; 0 for no limit. */
    /** Bytes of address space reserved now, in one piece, with nothing after it; 0 to grow without end. Exact:
        less is not tried. RAM comes as touched. */
    size_t reserve;
    /** Bytes that fit before addresses are asked for again; 0 for the usual. -ENOSPC for more than `reserve`. */
    size_t capacity;
    region_oom_fn on_oom;           /* What to do when memory cannot be had; NULL to return NULL. */
    void *oom_context;              /* Passed to `on_oom`. */
    /** Memory of yours to use first, on the stack, static, of a map or a file, at any address, whatever it holds
        (region_calloc clears it); NULL for none. It stays where it is, and is the arena's until that is freed. Too
        little of it to hold a block is passed over. Not with `reserve` or `capacity`. */
    void *buffer;
    size_t buffer_size;             /* Bytes of the buffer. */
    unsigned int flags;             /* REGION_ARENA_FIXED, or 0. */
    unsigned int reserved_;         /* Zero. */
    /** What region_arena_print_stats calls the arena; NULL for no name. Stays where it is until the arena is freed. */
    const char *name;
} region_arena_options;

/** What an arena holds, in bytes. Filled by region_arena_stats. */
typedef struct region_stats {
    size_t used;                    /* Handed out since the last reset, with what rounds blocks up to 16. */
    size_t committed;               /* Usable without asking the system again; RAM is at most this. */
    size_t reserved;                /* Address space that belongs to the arena. */
    size_t limit;                   /* Most that `used` may reach; SIZE_MAX for no limit. */
    size_t ranges;                  /* Ranges of memory that hold blocks. */
    size_t peak;                    /* The most bytes that were in use at once, since the arena was made. */
    size_t spare_[10];              /* For stats to come; zero. */
} region_stats;

/** What region_arena_init calls. */
int region_arena_init_(region_arena *arena, const region_arena_options *chosen, size_t abi);

/** Makes the deferred calls, gives all memory back to the system (but for a block that the next arena takes, and a
    buffer, which is its owner's again) and leaves the arena empty, with no limit and no callback. Nothing happens to
    one that is empty already. */
int region_arena_free(region_arena *arena);

/** Moves all that `from` holds into `into`, and copies nothing: its blocks stay where they are and live as long as a
    block that is taken from `into` now. The calls that were deferred in `from`, and with them its children, are due
    when these blocks go back, the newest first. `from` is left empty, with no limit and no callback: its marks and
    growing texts are refused from now on, so finish texts before. `into` goes on in the newest range of `from`; what
    was free in its own waits for the next rewind or reset. It takes up to 80 bytes of `into`, and a step for each range
    and each deferred call. Nothing happens on an error: -EINVAL if they are one arena, or `into` lies in a block of
    `from`; -EOPNOTSUPP if blocks are in use in `from` and it has a buffer, or `into` was made with `reserve` or
    REGION_ARENA_FIXED; else as an allocation is refused, which counts `used` of `from` for the limit. */
int region_arena_adopt(region_arena *into, region_arena *from);

/** Makes the deferred calls and frees every block. The RAM of about `keep` bytes stays for what comes next, the
    rest goes back to the system at once: REGION_KEEP_ALL is the fastest (no system call), 0 gives all RAM
    back and keeps the addresses. */
int region_arena_reset(region_arena *arena, size_t keep);

/** Lets at most `bytes` be in use; SIZE_MAX for no limit. What is in use already stays. */
int region_arena_set_limit(region_arena *arena, size_t bytes);

/** Whether `address` lies in memory that the arena handed out and has not taken back. */
bool region_arena_contains(const region_arena *arena, const void *address);

/** What the arena holds, in `stats`. */
int region_arena_stats(const region_arena *arena, region_stats *stats);

/** Bytes of the arena that are in RAM now, as the system says: mincore(2), one call per 4 MiB. 0 for NULL. */
size_t region_arena_resident(const region_arena *arena);

/** Writes one line with the arena's stats to a descriptor, such as 2. Allocates nothing. */
int region_arena_print_stats(const region_arena *arena, int fd);

#define REGION_ARENA_INIT { NULL, NULL, { 0 } }
#define REGION_ARENA_OPTIONS { sizeof(region_arena_options), 0, 0, 0, NULL, NULL, NULL, 0, 0, 0, NULL }
#define REGION_KEEP_ALL SIZE_MAX
#ifndef __cplusplus
/** Options in a call, each by its name: region_arena_init(&a, REGION_ARENA_WITH(.limit = 1 << 20, .on_oom = retry)).
    C99 and later. */
#define REGION_ARENA_WITH(...) REGION_WITH_(region_arena_options, __VA_ARGS__)
#endif

/** Of two arenas of yours, one for what a function needs only until it returns: not `busy`, where its caller wants the
    result (or NULL). Mark it, use it, rewind it. A thread has a pair for itself: static _Thread_local region_arena
    scratch[2]; all bytes zero is right. */
REGION_NEEDED_
static inline region_arena *region_scratch(region_arena *arenas, const region_arena *busy)
{
    return arenas == busy ? arenas + 1 : arenas;
}

/** Initializes an arena as `options` say; NULL for an arena that grows without end, which REGION_ARENA_INIT is too. On
    error the arena is empty and valid. */
static inline int region_arena_init(region_arena *arena, const region_arena_options *options)
{
    return region_arena_init_(arena, options, REGION_ABI_(region_arena));
}

/* ---- Allocation -----------------------------------------------------------------------------------------------
 * Blocks are the arena's: there is nothing to free one by one, and no size is kept for them. Each function returns
 * NULL when memory cannot be had, unless region_arena_on_oom said otherwise; region_arena_error then says why. */

/** What region_alloc calls when the block does not fit before `end`. */
void *region_alloc_slow_(region_arena *arena, size_t size) REGION_MALLOC_((2));

/** `size` bytes at a multiple of `align`, a power of two up to 1 GiB; others give NULL. */
void *region_alloc_aligned(region_arena *arena, size_t size, size_t align) REGION_BLOCK_((2), 3);

/** `n` times `size` bytes at a multiple of `align`; NULL when the product wraps. */
void *region_alloc_array(region_arena *arena, size_t n, size_t size, size_t align) REGION_BLOCK_((2, 3), 4);

/** `n` times `size` zero bytes, aligned to 16; NULL when the product wraps. Fresh memory is zero already and is
    not written: a large table takes RAM only where it is touched. */
void *region_calloc(region_arena *arena, size_t n, size_t size) REGION_MALLOC_((2, 3));

/** As region_calloc, at a multiple of `align`. */
void *region_calloc_aligned(region_arena *arena, size_t n, size_t size, size_t align) REGION_BLOCK_((2, 3), 4);

/** Makes the `old_size` bytes at `block` `new_size` bytes long: where they lie if they are the arena's last block,
    or if they get fewer; else in a new block, with a copy. `block` NULL: a new block. NULL: it could not be
    had, and the old block is as it was. A block that moves is aligned to 16. One that grows counts as taken now: to
    rewind to an earlier mark ends it. */
void *region_realloc(region_arena *arena, void *block, size_t old_size, size_t new_size) REGION_SIZED_((4));

/** As region_realloc, but the block stays where it is: the same address, which the compiler knows to have `new_size`
    bytes; or NULL, and nothing happens: the block is not the arena's last one, or there is not so much behind it
    (-ENOSPC). Fewer bytes are always to be had. No callback is asked. */
void *region_realloc_in_place(region_arena *arena, void *block, size_t old_size, size_t new_size) REGION_SIZED_((4));

/** Gives a block back: its memory is used again at once if it is the arena's last block, else when the arena is
    rewound, reset or freed. NULL is nothing. */
void region_free(region_arena *arena, void *block, size_t size);

/** A copy of `size` bytes, aligned to 16. Pointers in it still lead where they did. */
void *region_memdup(region_arena *arena, const void *from, size_t size) REGION_SIZED_((3));

/** A copy of a string. */
char *region_strdup(region_arena *arena, const char *text) REGION_STRING_;

/** A copy of a string, or of its first `most` bytes, with a NUL after it. */
char *region_strndup(region_arena *arena, const char *text, size_t most) REGION_STRING_;

/** A copy of `len` bytes, whatever they are, with a NUL after it: a slice as a string. */
char *region_strmemdup(region_arena *arena, const char *bytes, size_t len) REGION_STRING_;

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

/** Sets what to do when memory cannot be had: NULL to return NULL, which is the default; region_oom_abort to end
    the process; or a function of your own. */
int region_arena_on_oom(region_arena *arena, region_oom_fn call, void *context);

/** For region_arena_on_oom: says on standard error how much could not be had, and ends the process. */
int region_oom_abort(void *context, region_arena *arena, size_t size);

/** Why memory was last refused, and so why an allocation that just returned NULL did: a negative errno, for
    region_strerror. 0 if it never was. */
int region_arena_error(const region_arena *arena);


/* ---- Marks and deferred calls ---------------------------------------------------------------------------------
 * A mark is a position in an arena. A rewind frees all that came after it. Other resources (a file, a lock, another
 * library's object) are given back by a deferred call: the arena makes it when it is rewound to before that call. */

/** A position in an arena to rewind to. Made by region_arena_mark. */
typedef struct region_mark {
    size_t opaque_[8];
} region_mark;

/** Called when what was deferred is due. */
typedef void (*region_defer_fn)(void *context);

/** A deferred call whose memory is the caller's, all bytes zero at first (REGION_DEFER_INIT). Stays where it is until
    the call is made, and may be used again from then on. */
typedef struct region_defer {
    struct region_defer *next_;
    region_defer_fn call_;
    void *context_;
    size_t seal_;                   /* Says that the call is due. */
} region_defer;

/** The present position in the arena. Costs nothing and cannot fail; of NULL, a mark that no arena takes. */
region_mark region_arena_mark(const region_arena *arena) REGION_NEEDED_;

/** Makes the calls that were deferred since `mark` and frees every block taken or grown since; keeps the memory.
    -EINVAL, and nothing happens, for a mark that another arena made, or the same one before it was freed, or that was
    undone: by an earlier rewind or reset, or when a block from before it was given back or made smaller. All of these
    are found out, but for a mark whose position is in use again after more than three rewinds, each of which went back
    less far than the one before. */
int region_arena_rewind(region_arena *arena, region_mark mark);

/** Frees the block that begins at `address` and everything that was taken or grown after it, without a mark: what
    obstack_free(3) does. Makes the calls that were deferred after the first one whose memory is freed, and that one;
    a node of yours that was deferred before that stays due. -EINVAL, and nothing happens, for an address that is in
    no block of the arena, or not a multiple of 16. That a block begins there is for you to know. */
int region_arena_rewind_to(region_arena *arena, const void *address);

/** Cancels the call that was deferred last of those of `call(context)`: it is not made. -ENOENT if there is none. A
    node of yours stays where it is until the call would have been made. One step for each call that was deferred
    since. */
int region_arena_cancel(region_arena *arena, region_defer_fn call, void *context);

/** A new arena whose struct lies in `parent`, and that is freed with it, by a deferred call: when the parent is
    rewound to before it, reset or freed. To free it earlier does no harm. NULL when the parent cannot have so much. */
region_arena *region_arena_child(region_arena *parent) REGION_NEEDED_;

/** Has `call(context)` made when the arena is next rewound to before here, reset or freed; the last deferred is the
    first called. Takes 32 bytes of the arena. */
int region_arena_defer(region_arena *arena, region_defer_fn call, void *context);

/** The same with memory of the caller's, which must stay where it is until the call is made. Fails only on NULL, and
    on a node whose call is due already, in whichever arena (-EALREADY). */
int region_arena_defer_node(region_arena *arena, region_defer *node, region_defer_fn call, void *context);

#define REGION_DEFER_INIT { NULL, NULL, NULL, 0 }

/* ---- Growing text ---------------------------------------------------------------------------------------------
 * The text is a block of its arena. It grows in place while it is the arena's last block, else it moves to twice the
 * capacity. Functions return 0 or a negative errno and leave the text as it was on error. A rewind to before the text
 * last grew throws it away: -EINVAL until region_string_free, which makes it empty. */

/** Text that is being built. `data` is NUL-terminated after every call; read it and `len` freely. Begins as
    REGION_STRING_INIT(&arena), without a call and without memory. */
typedef struct region_string {
    char *data;                     /* The text; NULL until something was appended. */
    size_t len;                     /* Its bytes, without the NUL. */
    size_t capacity;                /* Bytes that fit into `data`, the NUL included. */
    region_arena *arena;            /* Where it grows. */
    size_t opaque_[4];
} region_string;

/** Reserves capacity for `more` bytes and the NUL. On error the text is as it was. */
int region_string_reserve(region_string *string, size_t more);

/** What region_string_vprintf calls: as region_string_reserve, but where the text moves from it can still be read. */
int region_string_reserve_(region_string *string, size_t more);

/** Appends `size` bytes, which may be the string's own. On error the text is as it was. */
int region_string_append(region_string *string, const char *bytes, size_t size);

/** Appends a NUL-terminated string. */
int region_string_puts(region_string *string, const char *text);

/** Appends one byte. */
int region_string_putc(region_string *string, char byte);

/** The finished text, NUL-terminated, with the unused capacity given back; `string` is empty again, and may begin
    another. NULL only when there was no memory for the NUL of an empty text, or a rewind threw the text away. */
char *region_string_finish(region_string *string) REGION_NEEDED_;

/** Frees the text: its memory is used again at once if it is the arena's last block. Leaves an empty text, also of one
    that a rewind threw away. */
void region_string_free(region_string *string);

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

/* ---- Growing arrays -------------------------------------------------------------------------------------------
 * Elements of one type, side by side in a block of an arena, by macros that know the type:
 *
 *     REGION_ARRAY(struct point) points = REGION_ARRAY_INIT(&arena);
 *     if (region_array_push(&points, p) != 0) ...
 *     for (size_t i = 0; i < points.len; i++) use(points.data[i]);
 *
 * The block grows in place while it is the arena's last, else it moves to twice the capacity. What can fail gives 0 or
 * a negative errno and leaves the array as it was, once the arena's policy gave up. A rewind to before the array last
 * grew throws it away: -EINVAL as soon as it is to grow, until region_array_free, which makes it empty. Macros use
 * `array` more than once, and other arguments once. */

/* Elements move byte by byte. */
#if defined(__cplusplus) && (defined(__GNUC__) || defined(_MSC_VER))
#define REGION_ARRAY_HAS_(T) (REGION_ALIGNOF_(T) <= 16 && __is_trivially_copyable(T))
#else
#define REGION_ARRAY_HAS_(T) (REGION_ALIGNOF_(T) <= 16)
#endif

/** An array of T, which is complete, aligned to 16 at most, and in C++ trivially copyable: `data` (NULL until something
    was added), `len` and `capacity` in elements, and the `arena` where it grows. Read all of them, write elements and a
    lower `len` freely. Each use of the macro is a type of its own: give it a name by typedef to pass it on. */
#define REGION_ARRAY(T)                                                                                               \
    struct {                                                                                                          \
        T *data;                                                                                                      \
        size_t len, capacity;                                                                                         \
        region_arena *arena;                                                                                          \
        size_t opaque_[REGION_ARRAY_HAS_(T) ? 4 : -1];                                                                \
    }
#define REGION_ARRAY_INIT(arena) { NULL, 0, 0, (arena), { 0 } }

/** What region_array_reserve and region_array_push call: capacity for `more` elements of `size` bytes. On error the
    array is as it was. */
int region_array_reserve_(void *array, size_t more, size_t size);

/** What region_array_insert, region_array_extend and their like call: `n` elements at index `at`, copied from
    `items`, which may be the array's own, or to be written by the caller if that is NULL. -EINVAL for an index above
    `len`. On error the array is as it was. */
int region_array_insert_(void *array, size_t at, const void *items, size_t n, size_t size);

/** What region_array_remove calls: takes `n` elements of `size` bytes out, from index `at` on, and closes up.
    -EINVAL if there are not so many. */
int region_array_remove_(void *array, size_t at, size_t n, size_t size);

/** What region_array_finish calls: the elements, with the unused capacity given back. The array is empty again. NULL
    of one without elements, or that a rewind threw away. */
void *region_array_finish_(void *array, size_t size) REGION_NEEDED_;

/** What region_array_free calls: frees the elements, whose memory is used again at once if it is the arena's last
    block. Leaves an empty array, also of one that a rewind threw away. */
void region_array_free_(void *array, size_t size);

#define REGION_ARRAY_SIZE_(array) (sizeof *(array)->data)
/* Whether there is capacity for one element more, if need be after the array grew. */
#define REGION_ARRAY_FITS_(array)                                                                                     \
    (REGION_LIKELY_((array)->len < (array)->capacity)                                                                 \
     || region_array_reserve_((array), 1, REGION_ARRAY_SIZE_(array)) == 0)
/* What a macro answers. From a function, so that nobody is warned who does not look. */
static inline int region_array_answer_(int error)
{
    return error;
}
static inline bool region_array_took_(bool took)
{
    return took;
}
/* Elements to copy, which are of the array's type or do not compile without a warning. */
#define REGION_ARRAY_ITEMS_(array, items) (1 ? (items) : (array)->data)

/** Reserves capacity for `more` elements. */
#define region_array_reserve(array, more) region_array_reserve_((array), (more), REGION_ARRAY_SIZE_(array))

/** Adds an element at the end. Inline where there is capacity. The value is read after the array grew: one of its own
    elements is `array->data[i]`, and no pointer from before. */
#define region_array_push(array, ...)                                                                                 \
    region_array_answer_(REGION_ARRAY_FITS_(array)                                                                    \
                             ? ((array)->data[(array)->len] = __VA_ARGS__, (array)->len++, 0)                         \
                             : region_arena_error((array)->arena))

/** Adds copies of `n` elements at `items` at the end. They may be the array's own. */
#define region_array_extend(array, items, n)                                                                          \
    region_array_insert_((array), (array)->len, REGION_ARRAY_ITEMS_(array, items), (n), REGION_ARRAY_SIZE_(array))

/** Makes a value the element at index `at`; those from there on move up. -EINVAL above `len`. The value is read after
    they moved. */
#define region_array_insert(array, at, ...)                                                                           \
    region_array_answer_(region_array_insert_((array), (at), NULL, 1, REGION_ARRAY_SIZE_(array)) == 0                 \
                             ? ((array)->data[(array)->opaque_[3]] = __VA_ARGS__, 0)                                  \
                             : region_arena_error((array)->arena))

/** Copies of `n` elements at `items` from index `at` on; those from there on move up. They may be the array's own. */
#define region_array_insert_all(array, at, items, n)                                                                  \
    region_array_insert_((array), (at), REGION_ARRAY_ITEMS_(array, items), (n), REGION_ARRAY_SIZE_(array))

/** Takes the last element out and writes it to `to`; false if there is none. */
#define region_array_pop(array, to)                                                                                   \
    region_array_took_((array)->len != 0 ? (*(to) = (array)->data[--(array)->len], true) : false)

/** Takes `n` elements out, from index `at` on; those behind move down. -EINVAL if there are not so many. */
#define region_array_remove(array, at, n) region_array_remove_((array), (at), (n), REGION_ARRAY_SIZE_(array))

/** The elements, with the unused capacity given back; the array is empty again, and may begin others. NULL of none. */
#define region_array_finish(array)                                                                                    \
    REGION_ARRAY_CAST_(array, region_array_finish_((array), REGION_ARRAY_SIZE_(array)))
#ifdef __cplusplus
#define REGION_ARRAY_CAST_(array, block) static_cast<decltype((array)->data)>(block)
#elif defined(__GNUC__)
#define REGION_ARRAY_CAST_(array, block) ((__typeof__((array)->data))(block))
#else
#define REGION_ARRAY_CAST_(array, block) (block)
#endif

/** Frees the elements. Leaves an empty array, also of one that a rewind threw away. */
#define region_array_free(array) region_array_free_((array), REGION_ARRAY_SIZE_(array))

/* ---- Files into arenas ----------------------------------------------------------------------------------------
 * The bytes of a file as one block of an arena, freed with it. Text is NUL-terminated; a parser that loads 64 bytes at
 * a time asks for 64 zeroes behind it. A file that the arena has no memory for is refused, and takes nothing. */

/** All bytes of a file, how many in `len` unless NULL, with `padding` zeroes behind them, and one at least. Also of a
    fifo, a device, and files of /proc. NULL: it could not be opened or read, or memory could not be had;
    region_arena_error has the errno. */
char *region_read_file(region_arena *arena, const char *path, size_t padding, size_t *len) REGION_STRING_;

/** The same of an open file, such as 0, from where it stands to its end. What a pipe gave before an error is lost:
    region_input_read_fd keeps it. */
char *region_read_fd(region_arena *arena, int fd, size_t padding, size_t *len) REGION_STRING_;


/* ---- Maps: memory of your own ---------------------------------------------------------------------------------
 * A map owns its range and returns exactly that, once. RAM comes zeroed, page by page, at first touch. Offsets and
 * lengths are whole pages (region_map_page_size). One thread at a time; its bytes are yours to share. */

#define REGION_MAP_RESERVE 1        /* Addresses only: region_map_commit before any touch. */
#define REGION_MAP_POPULATE 2       /* All pages are in RAM when it returns. */
#define REGION_MAP_HUGE 4           /* 2 MiB pages wherever the kernel can, never refused. */
#define REGION_MAP_GUARD 8          /* A page on either side that faults on any touch. */
#define REGION_MAP_SHARED 16        /* Children forked later see the same bytes. */
#define REGION_MAP_UNCHARGED 32     /* Does not count against the system's commit limit until touched. */
#define REGION_MAP_HUGETLB 64       /* 2 MiB pages that were set aside, all of them now; -ENOMEM for too few. */
#define REGION_MAP_HUGETLB_1G 128   /* The same with pages of 1 GiB. region_map_init says what several mean. */
#define REGION_ACCESS_NONE 0        /* For region_map_protect: any touch faults. */
#define REGION_ACCESS_READ 1        /* For region_map_protect: reading only. */
#define REGION_ACCESS_WRITE 2       /* For region_map_protect: reading and writing. */
#define REGION_ADVICE_NORMAL 0      /* For region_map_advise: no particular use. */
#define REGION_ADVICE_SEQUENTIAL 1  /* Read from low addresses to high. */
#define REGION_ADVICE_RANDOM 2      /* Read in no order. */
#define REGION_ADVICE_WILLNEED 3    /* Needed soon. */
#define REGION_ADVICE_HUGE 4        /* Prefer 2 MiB pages; success means asked, not got. */
#define REGION_ADVICE_NOHUGE 5      /* No 2 MiB pages. */
#define REGION_ADVICE_POPULATE 6    /* Bring every page in now, for writing (Linux 5.14). */
#define REGION_ADVICE_COLLAPSE 7    /* Make huge pages of what is resident now (Linux 6.1). */
#define REGION_ADVICE_COLD 8        /* Not needed for a while. */
#define REGION_ADVICE_PAGEOUT 9     /* Not needed for long: swap it out now. */
#define REGION_ADVICE_DONTDUMP 10   /* Leave it out of core dumps. */
#define REGION_ADVICE_DONTFORK 11   /* A forked child does not have it. */
#define REGION_ADVICE_WIPEONFORK 12 /* A forked child sees zeroes in its place: for keys and random states. */

/** A range of mapped memory. All bytes zero (REGION_MAP_INIT) is an empty one, and so is one that was freed. */
typedef struct region_map {
    void *base;                     /* The first byte; NULL of an empty one. */
    size_t len;                     /* Bytes: what was asked for, rounded up to whole pages. */
    size_t opaque_[14];
} region_map;

/** How a map is to be. Begin with REGION_MAP_OPTIONS; zero is the default. */
typedef struct region_map_options {
    size_t size;                    /* sizeof(region_map_options). */
    size_t align;                   /* The base is a multiple of this power of two; 0 for a page. */
    unsigned int flags;             /* REGION_MAP_... flags, or-ed. */
    unsigned int reserved_;         /* Zero. */
    const char *name;               /* A name in /proc/PID/maps, at most 79 characters; NULL for none. */
} region_map_options;

/** What region_map_init calls. */
int region_map_init_(region_map *map, size_t len, const region_map_options *chosen, size_t abi);

/** Returns the memory to the system and leaves an empty map; nothing happens to an empty one. */
int region_map_free(region_map *map);

/** Makes the `len` bytes at offset `at`, whole pages, readable and writable. RAM still comes as touched. */
int region_map_commit(region_map *map, size_t at, size_t len);

/** Gives the RAM of those bytes back at once; they are zero at the next touch, in every process that shares the map. */
int region_map_decommit(region_map *map, size_t at, size_t len);

/** Sets what may be done with those bytes: one of REGION_ACCESS_... */
int region_map_protect(region_map *map, size_t at, size_t len, unsigned int access);

/** Advises the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content but in
    children that are forked later, and there only if it says so. */
int region_map_advise(region_map *map, size_t at, size_t len, unsigned int advice);

/** Brings those bytes into RAM and keeps them there until they are unlocked or the map is freed: they are not swapped
    out. -ENOMEM or -EPERM beyond what `ulimit -l` allows. Locked bytes cannot be decommitted (-EINVAL). */
int region_map_lock(region_map *map, size_t at, size_t len);

/** Lets those bytes go out of RAM again. */
int region_map_unlock(region_map *map, size_t at, size_t len);

/** Bytes of a page of the map, of which its offsets and lengths are multiples: 2 MiB or 1 GiB if it was got from pages
    that were set aside, else region_page_size(), whatever REGION_MAP_HUGE makes of them. 0 for an empty map. */
size_t region_map_page_size(const region_map *map);

/** How many bytes are in RAM now in huge pages of any kind, in `bytes`, as the kernel says. -ENOSYS where it does not:
    before Linux 6.7 it knows only of those that were set aside. */
int region_map_huge(const region_map *map, size_t *bytes);

/** How many bytes are in RAM now, in `bytes`: mincore(2), one call per 4 MiB. */
int region_map_resident(const region_map *map, size_t *bytes);

#define REGION_MAP_INIT { NULL, 0, { 0 } }
#define REGION_MAP_OPTIONS { sizeof(region_map_options), 0, 0, 0, NULL }
#ifndef __cplusplus
#define REGION_MAP_WITH(...) REGION_WITH_(region_map_options, __VA_ARGS__)
#endif

/** Maps `len` bytes, rounded up to whole pages; readable and writable unless `options` (or NULL) say otherwise. Of
    REGION_MAP_HUGETLB_1G, REGION_MAP_HUGETLB and REGION_MAP_HUGE or-ed, the largest is tried first, then those down to
    the smallest; region_map_page_size says what was got. With REGION_MAP_HUGE too, a lack of pages is no error. */
static inline int region_map_init(region_map *map, size_t len, const region_map_options *options)
{
    return region_map_init_(map, len, options, REGION_ABI_(region_map));
}

/* ---- Heaps ----------------------------------------------------------------------------------------------------
 * Blocks of any size, freed one by one or all at once. They have no header, and who frees one says no size. Which
 * blocks are free stands beside them: a second free and a wrong pointer are refused, always. Blocks live until they are
 * freed, cleared, or the heap is freed. RAM of free ones goes back meanwhile. Functions that take a block return NULL
 * when memory cannot be had, and region_heap_error says why. One thread at a time.
 * A region_sync_heap is for any number of threads at once, each of which frees what any other took. None waits for
 * another, also not for one that is stopped in the middle of a call; nor does a signal handler for what it interrupted.
 * It is in mapped memory, which grows without end. Other libraries' hooks are for heaps of one thread. */

#define REGION_HEAP_FIXED 1         /* Nothing beyond the buffer, and no system call. -EINVAL for less than 8 KiB. */
/** To free or resize what is no block in use ends the process, with a sentence on standard error. */
#define REGION_HEAP_STRICT 2

/** A heap. All bytes zero (REGION_HEAP_INIT) is an empty one in mapped memory, and so is one that was freed. It may be
    moved to another address, as no pointer leads to it. */
typedef struct region_heap {
    size_t opaque_[32];
} region_heap;

/** Options of a heap, for region_heap_init. Begin with REGION_HEAP_OPTIONS; zero is the default. */
typedef struct region_heap_options {
    size_t size;                    /* sizeof(region_heap_options). */
    size_t limit;                   /* Most bytes that pages and large blocks may have; 0 for no limit. */
    /** Bytes of address space reserved now, in one piece, with nothing after it; 0 to grow without end. Exact: less is
        not tried. */
    size_t reserve;
    /** Memory of yours to use first, at any address, whatever it holds; NULL for none. It is the heap's until that is
        freed. Less than 8 KiB are passed over, and 3 KiB are the heap's own. Not with `reserve`. */
    void *buffer;
    size_t buffer_size;             /* Bytes of the buffer. */
    /** An arena to take all memory from; NULL for none. It stays where it is, and is not rewound, reset or freed before
        the heap. Not with `reserve` or `buffer`. */
    region_arena *arena;
    unsigned int flags;             /* REGION_HEAP_... flags, or-ed. */
    unsigned int reserved_;         /* Zero. */
} region_heap_options;

/** What a heap holds, in bytes and blocks. Filled by region_heap_stats. */
typedef struct region_heap_counts {
    size_t blocks;                  /* Blocks in use. */
    size_t used;                    /* Bytes of the blocks in use, as many as each may use. */
    /** Bytes of the pages and large blocks in use: `used`, and what is free in the pages. */
    size_t taken;
    size_t high_water;              /* The most that `taken` has been. */
    size_t idle;                    /* Bytes of free pages whose RAM has not been given back. */
    size_t resident;                /* Bytes in RAM, as the system says, with the heap's own records. */
    size_t reserved;                /* Bytes of all its memory, most of them addresses without RAM. */
    size_t limit;                   /* Most that `taken` may reach; SIZE_MAX for no limit. */
    size_t mistakes;                /* How often something was to be freed or resized that is no block in use. */
    size_t spare_[7];               /* For stats to come; zero. */
} region_heap_counts;

/** A heap of many threads. All bytes zero (REGION_SYNC_HEAP_INIT) is an empty one, and so is one that was freed. It
    stays where it is while it is used. */
typedef struct region_sync_heap {
    size_t opaque_[16];
} region_sync_heap;

/** What region_heap_init calls. */
int region_heap_init_(region_heap *heap, const region_heap_options *chosen, size_t abi);

/** What region_heap_over calls. */
int region_heap_over_(region_heap *heap, region_map *map, size_t abi);

/** Gives all memory back, whatever blocks are in use, and leaves the heap empty and in mapped memory, without a limit.
    Nothing happens to one that is empty already. */
int region_heap_free(region_heap *heap);

/** Frees every block. The RAM of about `keep` bytes stays for what comes next, and the rest goes back to the system at
    once: REGION_KEEP_ALL is the fastest (no system call). */
int region_heap_clear(region_heap *heap, size_t keep);

/** Gives the RAM of free memory back. A heap does so by itself when that is more than 1 MiB and an eighth of what is in
    use. */
int region_heap_trim(region_heap *heap);

/** Lets pages and large blocks have `bytes` together and not one more; SIZE_MAX for no limit. What is in use stays. */
int region_heap_set_limit(region_heap *heap, size_t bytes);

/** Why a call was last refused: a negative errno, for region_strerror; 0 if none was. For memory the reasons are those
    of arenas (see "When memory cannot be had"), for blocks those of region_heap_free_block. */
int region_heap_error(const region_heap *heap);

/** `size` bytes, aligned to 16. */
void *region_heap_alloc(region_heap *heap, size_t size) REGION_MALLOC_((2));

/** `size` bytes at a multiple of `align`, a power of two up to 1 GiB; others give NULL. */
void *region_heap_alloc_aligned(region_heap *heap, size_t size, size_t align) REGION_BLOCK_((2), 3);

/** `n` times `size` bytes at a multiple of `align`; NULL when the product wraps. */
void *region_heap_alloc_array(region_heap *heap, size_t n, size_t size, size_t align) REGION_BLOCK_((2, 3), 4);

/** `n` times `size` zero bytes, aligned to 16; NULL when the product wraps. Large blocks of fresh memory are zero
    already, and are not written. */
void *region_heap_calloc(region_heap *heap, size_t n, size_t size) REGION_MALLOC_((2, 3));

/** As region_heap_calloc, at a multiple of `align`. */
void *region_heap_calloc_aligned(region_heap *heap, size_t n, size_t size, size_t align) REGION_BLOCK_((2, 3), 4);

/** Makes a block `size` bytes long: where it lies if there is space, else in a new block, with a copy. `block` NULL: a
    new block. NULL: memory could not be had, or `block` is no block in use; the old block is as it was. A block that
    moves is aligned to 16. */
void *region_heap_realloc(region_heap *heap, void *block, size_t size) REGION_SIZED_((3));

/** Frees a block. What cannot be right is refused: -EFAULT for an address outside the heap, -EINVAL where no block
    begins, -EALREADY for a block that is free. NULL is nothing. Not found is a block that was freed, and handed out
    again since. */
int region_heap_free_block(region_heap *heap, void *block);

/** Bytes of the block that begins at `block`, as many as were asked for or more: all of them may be used. 0 if no block
    in use begins there. */
size_t region_heap_usable_size(const region_heap *heap, const void *block);

/** Whether a block that is in use begins at `block`. */
bool region_heap_contains(const region_heap *heap, const void *block);

/** Bytes that a block of `size` bytes has in any heap but one in a short buffer: what is best asked for instead. */
size_t region_heap_good_size(size_t size);

/** What the heap holds, in `stats`. Walks its pages, and asks the system what is in RAM. */
int region_heap_stats(const region_heap *heap, region_heap_counts *stats);

/** Writes one line with the heap's stats to a descriptor, such as 2. Allocates nothing. */
int region_heap_print_stats(const region_heap *heap, int fd);

/** Writes where the heap's memory is to a descriptor, such as 2, in 80 columns: the sums, and a line for each size of
    blocks, for large ones, and for what is in no block. Allocates nothing; a call of write(2) for each line. */
int region_heap_print_report(const region_heap *heap, int fd);

/** Writes where the heap's memory is into `text`, which has `size` bytes: the lines of region_heap_print_report and
    a NUL, as much of them as there is room for. Gives the bytes of the whole report without the NUL, so that less
    than `size` says that it is all there; 0 if `heap` is NULL. `text` may be NULL: then nothing is written. */
size_t region_heap_report(const region_heap *heap, char *text, size_t size);

/** `size` bytes, aligned to 16. Any thread may free them. */
void *region_sync_heap_alloc(region_sync_heap *heap, size_t size) REGION_MALLOC_((2));

/** `size` bytes at a multiple of `align`, a power of two up to 1 GiB; others give NULL. */
void *region_sync_heap_alloc_aligned(region_sync_heap *heap, size_t size, size_t align) REGION_BLOCK_((2), 3);

/** `n` times `size` zero bytes, aligned to 16; NULL when the product wraps. Large blocks of fresh memory are zero
    already, and are not written. */
void *region_sync_heap_calloc(region_sync_heap *heap, size_t n, size_t size) REGION_MALLOC_((2, 3));

/** Makes a block `size` bytes long, as region_heap_realloc does. A large block of another thread's moves if that thread
    is at the heap just then. */
void *region_sync_heap_realloc(region_sync_heap *heap, void *block, size_t size) REGION_SIZED_((3));

/** Frees a block, in any thread. Refuses what region_heap_free_block refuses, by the same numbers. Two threads that
    free one block at the same moment may both get 0; it is free once. */
int region_sync_heap_free_block(region_sync_heap *heap, void *block);

/** Bytes of the block that begins at `block`, as many as were asked for or more: all of them may be used. 0 if no block
    in use begins there. */
size_t region_sync_heap_usable_size(const region_sync_heap *heap, const void *block);

/** Whether a block that is in use begins at `block`. */
bool region_sync_heap_contains(const region_sync_heap *heap, const void *block);

/** Gives the RAM of free memory back, but what other threads are at just then. A heap does so by itself when that is
    more than 1 MiB and an eighth of what is in use. */
int region_sync_heap_trim(region_sync_heap *heap);

/** What the heap holds, in `stats`: exact while no other thread uses it. */
int region_sync_heap_stats(const region_sync_heap *heap, region_heap_counts *stats);

/** Writes where the heap's memory is to a descriptor, as region_heap_print_report does: exact while no other thread
    uses it. */
int region_sync_heap_print_report(const region_sync_heap *heap, int fd);

/** Writes where the heap's memory is into `text`, as region_heap_report does: exact while no other thread uses it. */
size_t region_sync_heap_report(const region_sync_heap *heap, char *text, size_t size);

/** Gives all memory back, whatever blocks are in use, and leaves the heap empty. No thread uses it meanwhile. */
int region_sync_heap_free(region_sync_heap *heap);

#define REGION_HEAP_INIT { { 0 } }
#define REGION_SYNC_HEAP_INIT { { 0 } }
#define REGION_HEAP_OPTIONS { sizeof(region_heap_options), 0, 0, NULL, 0, NULL, 0, 0 }
#ifndef __cplusplus
#define REGION_HEAP_WITH(...) REGION_WITH_(region_heap_options, __VA_ARGS__)
#endif

/** Initializes a heap as `options` say; NULL for one in mapped memory that grows without end, which REGION_HEAP_INIT is
    too. On error the heap is empty and valid. */
static inline int region_heap_init(region_heap *heap, const region_heap_options *options)
{
    return region_heap_init_(heap, options, REGION_ABI_(region_heap));
}

/** Makes a heap in `map`, which is the heap's from here on: `map` is empty afterwards. -EINVAL, and the map stays, for
    one that is empty, shared, or cannot be written from its start on. */
static inline int region_heap_over(region_heap *heap, region_map *map)
{
    return region_heap_over_(heap, map, REGION_ABI_(region_heap));
}

/** An uninitialized T, or `n` of them in a row, aligned as T is, and to 16 at least. */
#define region_heap_new(heap, T) \
    (REGION_CAST_(T *, region_heap_alloc_aligned((heap), sizeof(T), REGION_ALIGNOF_(T))))
#define region_heap_new_array(heap, T, n) \
    (REGION_CAST_(T *, region_heap_alloc_array((heap), (n), sizeof(T), REGION_ALIGNOF_(T))))

/* ---- Allocator hooks of other libraries -----------------------------------------------------------------------
 * The context is a heap or an arena. region_heap_hook_ functions take a heap, for libraries that free what they take.
 * Two families take an arena, for what is thrown away as a whole: only the last block is taken back, others stay until
 * the arena is rewound. Of these region_hook_ functions get the old size from the caller, as Lua's hooks do, and
 * region_tracked_ functions keep it in 16 bytes before each block. Do not mix families. docs/c.md has a table: which
 * library takes which line. */

/** malloc(3) with a context: `size` bytes, aligned to 16. zstd's customAlloc as it is. */
void *region_heap_hook_malloc(void *heap, size_t size) REGION_MALLOC_((2));

/** calloc(3) with a context. */
void *region_heap_hook_calloc(void *heap, size_t n, size_t size) REGION_MALLOC_((2, 3));

/** realloc(3) with a context; `size` 0 frees and gives NULL. */
void *region_heap_hook_realloc(void *heap, void *block, size_t size) REGION_RESIZED_((3));

/** The same with the old size, which is not needed: Lua's lua_Alloc as it is. */
void *region_heap_hook_resize(void *heap, void *block, size_t old_size, size_t size) REGION_RESIZED_((4));

/** free(3) with a context. What is no block in use stays as it is: see REGION_HEAP_STRICT. */
void region_heap_hook_free(void *heap, void *block);

/** malloc_usable_size(3) with a context. */
size_t region_heap_hook_size(void *heap, void *block);

/** malloc(3) with a context: `size` bytes, aligned to 16. */
void *region_hook_malloc(void *arena, size_t size) REGION_MALLOC_((2));

/** realloc(3) with a context and the old size; `new_size` 0 frees and gives NULL. Lua's lua_Alloc as it is. */
void *region_hook_realloc(void *arena, void *block, size_t old_size, size_t new_size) REGION_RESIZED_((4));

/** free(3) with a context and the size. */
void region_hook_free(void *arena, void *block, size_t size);

/** malloc(3) with a context, for blocks whose size the library has to remember. */
void *region_tracked_malloc(void *arena, size_t size) REGION_MALLOC_((2));

/** calloc(3) with a context: zlib's zalloc is this with `unsigned` in place of `size_t`. */
void *region_tracked_calloc(void *arena, size_t n, size_t size) REGION_MALLOC_((2, 3));

/** realloc(3) with a context; `size` 0 frees and gives NULL. */
void *region_tracked_realloc(void *arena, void *block, size_t size) REGION_RESIZED_((3));

/** free(3) with a context. */
void region_tracked_free(void *arena, void *block);

/* Hooks of other shapes. Each macro stands where functions are defined, and defines static ones whose names begin with
 * NAME_. FAMILY is region_heap_hook or region_tracked, and CONTEXT the heap or arena of all of them, such as &heap: an
 * expression that is evaluated at each call. */

/** Without a context: NAME_malloc, NAME_calloc, NAME_realloc, NAME_free, NAME_strdup, as those of the C library. */
#define REGION_HOOKS(name, family, context) \
    REGION_UNUSED_ static void *name##_malloc(size_t size) { return family##_malloc((context), size); } \
    REGION_UNUSED_ static void *name##_calloc(size_t n, size_t size) { return family##_calloc((context), n, size); } \
    REGION_UNUSED_ static void *name##_realloc(void *block, size_t size) \
    { \
        return family##_realloc((context), block, size); \
    } \
    REGION_UNUSED_ static void name##_free(void *block) { family##_free((context), block); } \
    REGION_UNUSED_ static char *name##_strdup(const char *text) \
    { \
        size_t size = 1; \
        char *copy; \
        while (text[size - 1] != '\0') \
            size++; \
        copy = REGION_CAST_(char *, family##_malloc((context), size)); \
        for (size_t i = 0; copy != NULL && i < size; i++) \
            copy[i] = text[i]; \
        return copy; \
    } \
    REGION_HOOKS_END_(name)

/** The same with the caller's file and line behind, which are not used: OpenSSL's. */
#define REGION_HOOKS_AT(name, family, context) \
    REGION_UNUSED_ static void *name##_malloc(size_t size, const char *file, int line) \
    { \
        return REGION_CAST_(void, file), REGION_CAST_(void, line), family##_malloc((context), size); \
    } \
    REGION_UNUSED_ static void *name##_realloc(void *block, size_t size, const char *file, int line) \
    { \
        return REGION_CAST_(void, file), REGION_CAST_(void, line), family##_realloc((context), block, size); \
    } \
    REGION_UNUSED_ static void name##_free(void *block, const char *file, int line) \
    { \
        REGION_CAST_(void, file), REGION_CAST_(void, line), family##_free((context), block); \
    } \
    REGION_HOOKS_END_(name)

/** The context last: nghttp2's, ngtcp2's. */
#define REGION_HOOKS_LAST(name, family) \
    REGION_UNUSED_ static void *name##_malloc(size_t size, void *context) { return family##_malloc(context, size); } \
    REGION_UNUSED_ static void *name##_calloc(size_t n, size_t size, void *context) \
    { \
        return family##_calloc(context, n, size); \
    } \
    REGION_UNUSED_ static void *name##_realloc(void *block, size_t size, void *context) \
    { \
        return family##_realloc(context, block, size); \
    } \
    REGION_UNUSED_ static void name##_free(void *block, void *context) { family##_free(context, block); } \
    REGION_HOOKS_END_(name)

/** The context first, and sizes of a type such as `unsigned int` (zlib's) or `int` (bzip2's): NAME_alloc of a product,
    and NAME_free. */
#define REGION_HOOKS_OF(name, family, size_type) \
    REGION_UNUSED_ static void *name##_alloc(void *context, size_type n, size_type size) \
    { \
        size_t count = REGION_CAST_(size_t, n), each = REGION_CAST_(size_t, size); \
        return each != 0 && count > SIZE_MAX / each ? NULL : family##_malloc(context, count * each); \
    } \
    REGION_UNUSED_ static void name##_free(void *context, void *block) { family##_free(context, block); } \
    REGION_HOOKS_END_(name)

/** NAME is a sqlite3_mem_methods with all its functions, for sqlite3_config(SQLITE_CONFIG_MALLOC, &NAME), behind
    <sqlite3.h>. FAMILY is region_heap_hook. */
#define REGION_SQLITE_METHODS(name, family, context) \
    REGION_UNUSED_ static void *name##_malloc(int size) \
    { \
        return family##_malloc((context), REGION_CAST_(size_t, size)); \
    } \
    REGION_UNUSED_ static void name##_free(void *block) { family##_free((context), block); } \
    REGION_UNUSED_ static void *name##_realloc(void *block, int size) \
    { \
        return family##_realloc((context), block, REGION_CAST_(size_t, size)); \
    } \
    REGION_UNUSED_ static int name##_size(void *block) { return REGION_CAST_(int, family##_size((context), block)); } \
    REGION_UNUSED_ static int name##_roundup(int size) \
    { \
        size_t good = region_heap_good_size(REGION_CAST_(size_t, size)); \
        return good > 0x7fffffff ? size : REGION_CAST_(int, good); \
    } \
    REGION_UNUSED_ static int name##_init(void *data) { return REGION_CAST_(void, data), 0; } \
    REGION_UNUSED_ static void name##_shutdown(void *data) { REGION_CAST_(void, data); } \
    static const sqlite3_mem_methods name = { name##_malloc, name##_free,  name##_realloc,  name##_size, \
                                              name##_roundup, name##_init, name##_shutdown, NULL }

/* What a macro's semicolon ends. */
#define REGION_HOOKS_END_(name) struct name##_region_hooks_

/* ---- Page pools -----------------------------------------------------------------------------------------------
 * Blocks of one size, a power of two from a page to 2 MiB, aligned to it. Any number of threads take and give at once,
 * lock-free, and with REGION_MAP_SHARED forked processes too; only init and free are for one thread. The pool writes
 * nothing into a free block. */

/** A pool of blocks of one size. All bytes zero (REGION_POOL_INIT) is an empty one, and so is one that was freed.
    Stays where it is while other threads use it. */
typedef struct region_pool {
    size_t opaque_[48];
} region_pool;

/** Options of a pool. Begin with REGION_POOL_OPTIONS; zero is the default. */
typedef struct region_pool_options {
    size_t size;                    /* sizeof(region_pool_options). */
    /** How many blocks are kept ready for threads, up to 64; 0 for 16. region_pool_take prefers a ready block to a
        lower one. */
    size_t slots;
    unsigned int flags;             /* REGION_MAP_... flags of its memory, or-ed. */
    unsigned int reserved_;         /* Zero. */
    const char *name;               /* A name in /proc/PID/maps; NULL for none. */
} region_pool_options;

/** What region_pool_init calls. */
int region_pool_init_(region_pool *pool,
                      size_t block_size,
                      size_t blocks,
                      const region_pool_options *chosen,
                      size_t abi);

/** What region_pool_over calls. */
int region_pool_over_(region_pool *pool, region_map *map, size_t block_size, size_t abi);

/** Returns all memory to the system, also of blocks that are out, and leaves an empty pool. By one thread, when no
    other uses the pool any more. Nothing happens to an empty one. */
int region_pool_free(region_pool *pool);

/** A block, with whatever was left in it; NULL when all are out. */
void *region_pool_take(region_pool *pool) REGION_NEEDED_;

/** A block of zeroes; costs nothing when the block was never out. NULL when all are out. */
void *region_pool_take_zeroed(region_pool *pool) REGION_NEEDED_;

/** `n` blocks in a row, 1 to 64, the lowest there are; NULL when there are none, or `n` cannot be. */
void *region_pool_take_many(region_pool *pool, size_t n) REGION_NEEDED_;

/** Gives a block back. What cannot be right is refused: -EFAULT for an address outside the pool, -EINVAL inside a
    block, -EALREADY for a block that is not out. NULL is nothing. */
int region_pool_give(region_pool *pool, void *block);

/** Gives `n` blocks in a row back; all of them or none. */
int region_pool_give_many(region_pool *pool, void *first, size_t n);

/** Gives the RAM of free blocks back until `keep` warm ones are left; how many bytes, in `bytes` unless NULL. Other
    threads may take and give meanwhile. -EINVAL for blocks smaller than the page that was set aside for them. */
int region_pool_trim(region_pool *pool, size_t keep, size_t *bytes);

/** Bytes of a block. */
size_t region_pool_block_size(const region_pool *pool);

/** Number of blocks, out and free. */
size_t region_pool_capacity(const region_pool *pool);

/** Number of blocks that are out. Exact while nobody takes or gives. */
size_t region_pool_taken(const region_pool *pool);

/** Number of free blocks that may hold RAM. Exact while nobody takes or gives. */
size_t region_pool_warm(const region_pool *pool);

#define REGION_POOL_INIT { { 0 } }
#define REGION_POOL_OPTIONS { sizeof(region_pool_options), 0, 0, 0, NULL }
#ifndef __cplusplus
#define REGION_POOL_WITH(...) REGION_WITH_(region_pool_options, __VA_ARGS__)
#endif

/** Makes a pool of `blocks` blocks in memory of its own, which is addresses until touched. `options` may be NULL. */
static inline int region_pool_init(region_pool *pool, size_t block_size, size_t blocks,
                                   const region_pool_options *options)
{
    return region_pool_init_(pool, block_size, blocks, options, REGION_ABI_(region_pool));
}

/** Makes a pool of as many blocks as fit into `map`, which is the pool's from here on: `map` is empty afterwards. */
static inline int region_pool_over(region_pool *pool, region_map *map, size_t block_size)
{
    return region_pool_over_(pool, map, block_size, REGION_ABI_(region_pool));
}

/* ---- Shared arenas --------------------------------------------------------------------------------------------
 * An allocator in memory that several processes have at once, each at an address of its own: blocks are known by their
 * offsets. Any thread of any process allocates at any time, lock-free; nothing is freed before the last unmaps it. Only
 * init, open and free are for one thread. Linux. */

/** An arena in shared memory. All bytes zero (REGION_SHARED_INIT) is an empty one, and so is one that was freed. */
typedef struct region_shared {
    size_t opaque_[16];
} region_shared;

/** What region_shared_init calls. */
int region_shared_init_(region_shared *shared, size_t capacity, const char *name, size_t abi);

/** What region_shared_open calls. */
int region_shared_open_(region_shared *shared, int fd, size_t abi);

/** Unmaps the memory here; other processes keep it. Nothing happens to an empty one. */
int region_shared_free(region_shared *shared);

/** The descriptor to hand to another process, which opens it; stays the arena's. -EBADF of one without a name. */
int region_shared_fd(const region_shared *shared);

/** `size` zero bytes at a multiple of `align`, a power of two up to 4096: their offset, the same in every process. 0
    when they do not fit, or cannot be. */
uint64_t region_shared_alloc(const region_shared *shared, size_t size, size_t align) REGION_NEEDED_;

/** Where the `size` bytes at an offset are in this process. NULL unless all of them lie in the arena, so that an
    offset from another process cannot lead astray; what they hold is another matter. */
void *region_shared_at(const region_shared *shared, uint64_t offset, size_t size) REGION_NEEDED_;

/** Where the structure begins that the processes share: the offset that was set last, 0 if none was. */
uint64_t region_shared_root(const region_shared *shared);

/** Sets it. What was written there before is seen by whoever finds it. */
int region_shared_set_root(const region_shared *shared, uint64_t offset);

/** Bytes handed out so far, by all processes. */
size_t region_shared_used(const region_shared *shared);

/** Bytes that blocks can take altogether. */
size_t region_shared_capacity(const region_shared *shared);

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

/* ---- Files, changed in place ----------------------------------------------------------------------------------
 * A whole file as memory: a page is read at its first touch, and only what was modified is written. The file is not
 * yours alone: as long as it is open here nobody may make it shorter (a touch behind the new end is SIGBUS), and who
 * else writes to it must be agreed upon. One thread at a time; its bytes are yours to share. */

/** For region_file_open: what is written goes to the file, and all others see it at once. */
#define REGION_FILE_WRITE 0

#define REGION_FILE_READ 1          /* Reading only; a write faults. */
#define REGION_FILE_PRIVATE 2       /* What is written is a copy of this process's, and the file stays as it is. */

/** A file's bytes as memory. All bytes zero (REGION_FILE_INIT) is an empty one, and so is one that was freed. */
typedef struct region_file {
    /** The first byte; NULL of an empty one. Valid until the file is resized or freed. */
    void *base;
    size_t len;                     /* Bytes of the file. */
    size_t opaque_[14];
} region_file;

/** What region_file_open and region_file_create call. */
int region_file_open_(region_file *file, const char *path, unsigned int how, size_t len, size_t abi);

/** What region_file_from_fd calls. */
int region_file_fd_(region_file *file, int fd, unsigned int how, size_t abi);

/** Unmaps and closes the file and leaves an empty struct; nothing happens to an empty one. What was written is the
    file's already, and on the disk when the kernel writes it there: region_file_flush waits for that. */
int region_file_free(region_file *file);

/** Makes the file `len` bytes long, not 0; what is new is zero. Its memory may move: `base` is where it is now. Nothing
    is copied. On error all is as it was: -EINVAL unless it was opened for REGION_FILE_WRITE, -EPERM in a forked child
    of the process that opened it. */
int region_file_resize(region_file *file, size_t len);

/** Writes what was modified of the `len` bytes at offset `at` to the disk and returns when it is there. Bytes, not
    pages: what shares a page with them is written too, and unmodified pages are not. */
int region_file_flush(region_file *file, size_t at, size_t len);

/** Reserves space on the disk for every byte of the file, so that no later write can fail on a full disk (SIGBUS).
    -ENOSPC when there is none. */
int region_file_allocate(region_file *file);

/** Advises the kernel how those bytes are going to be used: one of REGION_ADVICE_... Never changes content. */
int region_file_advise(region_file *file, size_t at, size_t len, unsigned int advice);

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

/* ---- Input: files and streams ---------------------------------------------------------------------------------
 * All bytes from where the descriptor stands to the end, in one range, whether it is a file, a pipe, a socket, a
 * terminal or /proc. An error keeps what came before it: free the input all the same. One thread at a time. */

/** The bytes of a file. All bytes zero (REGION_INPUT_INIT) is an empty one, and so is one that was freed. */
typedef struct region_input {
    const char *data;               /* The first byte. Not NUL-terminated; valid until the input is freed or read on. */
    size_t len;                     /* How many there are. */
    size_t opaque_[22];
} region_input;

/** What region_input_open and region_input_read call. */
int region_input_path_(region_input *input, const char *path, int how, size_t abi);

/** What region_input_from_fd and region_input_read_fd call. */
int region_input_fd_(region_input *input, int fd, int how, size_t abi);

/** Reads at most `limit` bytes more (SIZE_MAX: to the end) behind those that are here, which may move; how many came,
    in `got` unless NULL. For going on after an error, or with another file. An empty input begins here. */
int region_input_read_more(region_input *input, int fd, size_t limit, size_t *got);

/** Whether the file is mapped: its page cache is shown, and nothing was copied. */
bool region_input_is_mapped(const region_input *input);

/** Gives the memory back and leaves an empty input; nothing happens to an empty one. */
int region_input_free(region_input *input);

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

/* ---- Lines ----------------------------------------------------------------------------------------------------
 * Slices of a text, without their newlines. The last may lack its newline, empty lines are lines, and NUL bytes are
 * data; or with a delimiter of yours in the newline's place. Nothing is allocated or owned. One thread at a time. */

/** The lines of a text that were not given yet. All bytes zero is none. Owns nothing: there is nothing to free. */
typedef struct region_lines {
    uint64_t opaque_[32];
} region_lines;

/** Some text: an address and a length. Not NUL-terminated. */
typedef struct region_slice {
    const char *data;               /* The first byte. */
    size_t len;                     /* How many there are. */
} region_slice;

/** What region_lines_init and region_lines_records call. */
int region_lines_init_(region_lines *lines, const char *text, size_t len, char delimiter, size_t abi);

/** The next line, without its newline, in `line`; false when there is none left. */
bool region_lines_next(region_lines *lines, region_slice *line);

/** The next line, without its newline or `\r\n`. A `\r` with no newline behind it is data. Of records, without a
    `\r` before the delimiter. */
bool region_lines_next_crlf(region_lines *lines, region_slice *line);

/** The last line that was not given yet; false when there is none left. */
bool region_lines_next_back(region_lines *lines, region_slice *line);

/** How many lines are left. Looks at all of the text, and leaves the lines where they are. */
size_t region_lines_count(const region_lines *lines);

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

/* ---- Errors ---------------------------------------------------------------------------------------------------
 * Functions return the negative of a number of <errno.h>. Any thread may ask what one means. */

/** What went wrong, for a number that a function of this library returned, negative or not. A static string;
    never NULL. */
const char *region_strerror(int error) REGION_NEVER_NULL_;


/* ---- What is kept for new arenas ------------------------------------------------------------------------------
 * The process keeps blocks of freed arenas, so that the next ones begin with memory that is in RAM: of large arenas
 * only what it makes again and again. Any thread may call it at any time. */

/** What the process keeps of freed arenas, in bytes and blocks. Filled by region_cache_stats. */
typedef struct region_cache_counts {
    size_t kept;                    /* Blocks that wait for an arena. */
    size_t kept_bytes;              /* About how many bytes of RAM they have. */
    size_t out;                     /* Blocks that arenas have now and that may be kept. */
    size_t budget;                  /* The most bytes of RAM that are kept. */
    /** Bytes that arenas found in RAM, of blocks of more than 64 KiB: a page fault saved for each page. */
    size_t reused_bytes;
    size_t returned_bytes;          /* Bytes of RAM that went back to the system because they were not to be kept. */
    size_t spare_[10];              /* For counts to come; zero. */
} region_cache_counts;

/** Gives the memory that is kept for new arenas back to the system. */
void region_trim(void);

/** Lets the process keep at most `bytes` bytes of RAM for new arenas: 64 MiB unless set. If that is less than before,
    what is kept goes back at once. */
void region_cache_set_budget(size_t bytes);

/** Whether blocks of freed arenas are kept from now on; they are unless set. Without, each arena is mapped anew, and
    returns everything when it is freed. Blocks that are kept already stay until region_trim. */
void region_cache_enable(bool on);

/** What the process keeps for new arenas, in `counts`, while other threads go on. */
int region_cache_stats(region_cache_counts *counts);


/* ---- The library and the process ------------------------------------------------------------------------------
 * Nothing here fails. Any thread may call it at any time. */

/** The ABI version that the library was built with; `REGION_ABI_VERSION` is the one of the header. */
unsigned int region_abi_version(void);

/** The library's version, such as "0.1.0". */
const char *region_version(void) REGION_NEVER_NULL_;

/** Bytes of a page: the unit in which memory is mapped and given back. A power of two, 4096 at least. */
size_t region_page_size(void);


/* The other side of the library's own assertions. */
REGION_ASSERT_(arena_is_32_words, sizeof(region_arena) == 32 * sizeof(void *));
REGION_ASSERT_(mark_is_8_words, sizeof(region_mark) == 8 * sizeof(void *));
REGION_ASSERT_(defer_is_4_words, sizeof(region_defer) == 4 * sizeof(void *));
REGION_ASSERT_(string_is_8_words, sizeof(region_string) == 8 * sizeof(void *));
REGION_ASSERT_(map_is_16_words, sizeof(region_map) == 16 * sizeof(void *));
REGION_ASSERT_(heap_is_32_words, sizeof(region_heap) == 32 * sizeof(void *));
REGION_ASSERT_(pool_is_48_words, sizeof(region_pool) == 48 * sizeof(void *));
REGION_ASSERT_(shared_is_16_words, sizeof(region_shared) == 16 * sizeof(void *));
REGION_ASSERT_(input_is_24_words, sizeof(region_input) == 24 * sizeof(void *));
REGION_ASSERT_(lines_is_256_bytes, sizeof(region_lines) == 256);
REGION_ASSERT_(cur_is_first, offsetof(region_arena, cur) == 0);
REGION_ASSERT_(end_is_second, offsetof(region_arena, end) == sizeof(void *));

#ifdef __cplusplus
}
#endif
#endif /* REGION_H */

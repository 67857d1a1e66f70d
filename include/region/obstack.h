/* obstack.h - GNU obstacks over an arena, in place of glibc's <obstack.h>. Other libcs have none.
 *
 *     #include <region/obstack.h>                       // or <obstack.h>, with -I.../include/region
 *     #define obstack_chunk_alloc malloc                // named by obstack_init, and not called
 *     #define obstack_chunk_free free
 *
 *     struct obstack stack;
 *     obstack_init(&stack);
 *     obstack_grow(&stack, "text", 4);
 *     char *text = obstack_copy0(&stack, ", and more", 10);
 *     obstack_free(&stack, text);                       // it, and all that came later
 *     obstack_free(&stack, NULL);                       // the end
 *
 * Calls mean what the GNU C Library's manual says of them. What differs:
 *
 * Memory      Chunks are an arena's blocks, which grow in place: an object moves only where the arena goes on in
 *             another range, after 64 KiB, 1 MiB, 16 MiB, and gigabytes. RAM comes as touched. Memory that
 *             obstack_free leaves is used again; it goes back to the system with obstack_free(stack, NULL), which each
 *             obstack needs in the end.
 * Chunks      obstack_chunk_alloc, obstack_chunk_free and what obstack_specify_allocation, obstack_chunkfun and
 *             obstack_freefun are given is not called. obstack_begin and obstack_chunk_size say the least that is asked
 *             of the arena at once. region_obstack_arena(stack) is the arena: for a limit, or a report.
 * Failing     obstack_alloc_failed_handler is called where memory cannot be had, and must not return.
 * Types       Sizes are size_t, as in newer copies of GNU's header; glibc's are int. Sizes over 2 GiB work.
 * Functions   All but obstack_init and its like are functions, whose arguments are evaluated once, and whose addresses
 *             can be taken. obstack_alignment_mask and obstack_chunk_size are lvalues.
 * Checkers    A chunk is one block: a checked archive does not see where its objects end.
 *
 * All files that share an obstack include the same header. One thread at a time uses an obstack; the two variables are
 * the program's. C99 and later, C++11 and later, with a libc.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef REGION_OBSTACK_H
#define REGION_OBSTACK_H

/* glibc's guard: with this header first, its own defines nothing. */
#ifdef _OBSTACK_H
#error "glibc's <obstack.h> is included already: include <region/obstack.h> in its place"
#endif
#define _OBSTACK_H 1

#ifdef REGION_FREESTANDING
#error "<region/obstack.h> needs a libc"
#endif

#include "../region.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Not inlined: a chunk gets longer than its allocation says, which only the function that allocates may know. */
#if defined(__noinline__) /* dietlibc's, and the attribute itself */
#define REGION_OBSTACK_SLOW_ REGION_UNUSED_ static __noinline__
#elif defined(__GNUC__)
#define REGION_OBSTACK_SLOW_ REGION_UNUSED_ static __attribute__((__noinline__))
#else
#define REGION_OBSTACK_SLOW_ static
#endif

#if defined(__GNUC__)
/* Defined by each file that includes this, and one in a program. */
#define REGION_OBSTACK_ONE_ __attribute__((__weak__))
#else
#define REGION_OBSTACK_ONE_ static
#endif

/* glibc's <stdio.h> and its archive have these names, too. */
#define obstack_printf region_obstack_printf
#define obstack_vprintf region_obstack_vprintf
#define obstack_alloc_failed_handler region_obstack_alloc_failed_handler
#define obstack_exit_failure region_obstack_exit_failure

#ifdef __cplusplus
extern "C" {
#endif

/* What a chunk begins with, by GNU's names: some programs look there. */
struct _obstack_chunk {
    char *limit;                    /* Its end. */
    struct _obstack_chunk *prev;
    char contents[8];               /* Objects from here on. */
};

/** A stack of objects, of which the last may grow. Initialized by obstack_init or obstack_begin. It may be moved to
    another address. */
struct obstack {
    size_t chunk_size;              /* The least that a chunk grows by; obstack_chunk_size. */
    int alignment_mask;             /* obstack_alignment_mask: a power of two less one. */
    struct _obstack_chunk *chunk;   /* The last one. */
    char *object_base;              /* Where the growing object begins, */
    char *next_free;                /* and its end. */
    char *chunk_limit;              /* The end of the last chunk. */
    region_arena arena;             /* What the chunks are blocks of. */
};

/** The status that the process exits with where memory cannot be had and obstack_alloc_failed_handler was not set:
    EXIT_FAILURE unless set. */
REGION_OBSTACK_ONE_ int obstack_exit_failure = EXIT_FAILURE;

static void region_obstack_exhausted_(void)
{
    fputs("memory exhausted\n", stderr);
    exit(obstack_exit_failure);
}

/** Called where memory cannot be had. It ends the process or leaves by longjmp(3); objects are as they were. If it
    returns, that is abort(3). Unless set it says so on standard error, and exits with obstack_exit_failure. */
REGION_OBSTACK_ONE_ void (*obstack_alloc_failed_handler)(void) = region_obstack_exhausted_;

/** The arena that the chunks are blocks of: for region_arena_set_limit, region_arena_stats and the like. A limit counts
    whole chunks. What is allocated there is freed with the objects before it. */
#define region_obstack_arena(stack) (&(stack)->arena)

/** The boundary at which objects begin, less one; an lvalue. A new one holds from the object after the next. */
#define obstack_alignment_mask(stack) ((stack)->alignment_mask)

/** The least that is asked of the arena at once; an lvalue. */
#define obstack_chunk_size(stack) ((stack)->chunk_size)

/* How many bytes from `at` the next boundary is. */
static inline size_t region_obstack_padding_(const struct obstack *stack, const char *at)
{
    return (~REGION_ADDRESS_(at) + 1) & REGION_CAST_(size_t, stack->alignment_mask);
}

/** Bytes of the growing object; 0 if none grows. */
static inline size_t obstack_object_size(const struct obstack *stack)
{
    return REGION_CAST_(size_t, stack->next_free - stack->object_base);
}

/** Bytes that the growing object can have more by the functions with _fast in their names. */
static inline size_t obstack_room(const struct obstack *stack)
{
    return REGION_CAST_(size_t, stack->chunk_limit - stack->next_free);
}

/** Where the growing object is now: its final address only once it is finished. */
static inline void *obstack_base(const struct obstack *stack)
{
    return stack->object_base;
}

/** The end of the growing object, where its next byte goes. */
static inline void *obstack_next_free(const struct obstack *stack)
{
    return stack->next_free;
}

/* The next multiple of 16, which is where the arena's next block begins. */
static inline size_t region_obstack_whole_(size_t size)
{
    return (size + 15) / 16 * 16;
}

/* Makes a chunk end as far behind as the arena lets it without more work, and at `want` bytes if that can be had. Sizes
   are multiples of 16. */
static inline size_t region_obstack_stretch_(struct obstack *stack, char *chunk, size_t size, size_t want)
{
    size_t room;
    if (region_realloc_in_place(&stack->arena, chunk, size, want) != NULL)
        size = want;
    room = REGION_ADDRESS_(stack->arena.end) - REGION_ADDRESS_(stack->arena.cur);
    if (REGION_ADDRESS_(stack->arena.cur) == REGION_ADDRESS_(chunk) + size && room != 0 &&
        region_realloc_in_place(&stack->arena, chunk, size, size + room) != NULL)
        size += room;
    return size;
}

/* Where memory cannot be had. */
REGION_OBSTACK_SLOW_ void region_obstack_refused_(void)
{
    obstack_alloc_failed_handler();
    abort();
}

/* Room for `more` bytes, which the last chunk lacks: by a longer chunk, or a new one with the growing object in it. */
REGION_OBSTACK_SLOW_ void region_obstack_more_(struct obstack *stack, size_t more)
{
    const size_t most = PTRDIFF_MAX / 4, header = offsetof(struct _obstack_chunk, contents);
    const size_t padding = REGION_CAST_(size_t, stack->alignment_mask);
    size_t object = obstack_object_size(stack), step = stack->chunk_size < most ? stack->chunk_size : most, size;
    struct _obstack_chunk *last = stack->chunk, *next;
    char *chunk = REGION_CAST_(char *, REGION_CAST_(void *, last)), *base;
    if (more > most || object > most)
        region_obstack_refused_();
    if (chunk != NULL) {
        size_t old = REGION_CAST_(size_t, stack->chunk_limit - chunk);
        size_t least = REGION_CAST_(size_t, stack->next_free - chunk) + (object == 0 ? padding : 0) + more;
        size = region_obstack_stretch_(stack, chunk, old, region_obstack_whole_(least + step));
        if (size < least)
            size = region_obstack_stretch_(stack, chunk, size, region_obstack_whole_(least));
        stack->chunk_limit = last->limit = chunk + size;
        if (size >= least) {
            /* One that has no byte yet began at the old limit, and not at a boundary. */
            if (object == 0)
                stack->object_base = stack->next_free += region_obstack_padding_(stack, stack->next_free);
            return;
        }
    }
    size = region_obstack_whole_(header + padding + object + more);
    next = REGION_CAST_(struct _obstack_chunk *, region_alloc(&stack->arena, size));
    if (next == NULL)
        region_obstack_refused_();
    chunk = REGION_CAST_(char *, REGION_CAST_(void *, next));
    size = region_obstack_stretch_(stack, chunk, size, region_obstack_whole_(size + step));
    next->prev = last;
    stack->chunk_limit = next->limit = chunk + size;
    base = chunk + header;
    base += region_obstack_padding_(stack, base);
    if (object != 0)
        memcpy(base, stack->object_base, object);
    stack->chunk = next;
    stack->object_base = base;
    stack->next_free = base + object;
}

/** Makes room for `size` bytes, which the growing object can then have by the functions with _fast in their names. */
static inline void obstack_make_room(struct obstack *stack, size_t size)
{
    if (obstack_room(stack) < size)
        region_obstack_more_(stack, size);
}

/* What initializes an obstack. */
static inline int region_obstack_begin_(struct obstack *stack, size_t chunk_size, size_t alignment)
{
    const region_arena none = REGION_ARENA_INIT;
    stack->chunk_size = chunk_size == 0 ? 4096 : chunk_size;
    stack->alignment_mask = alignment == 0 ? 15 : REGION_CAST_(int, alignment - 1);
    stack->chunk = NULL;
    stack->object_base = stack->next_free = stack->chunk_limit = NULL;
    stack->arena = none;
    region_obstack_more_(stack, stack->chunk_size);
    return 1;
}

/** Initializes an obstack, with objects at multiples of 16. 1; where memory cannot be had, the handler is called. What
    obstack_chunk_alloc and obstack_chunk_free name must exist, as for GNU's, and is not called. */
#define obstack_init(stack) obstack_begin((stack), 0)

/** The same, with room for `size` bytes at first. */
#define obstack_begin(stack, size) \
    ((void)(obstack_chunk_alloc), (void)(obstack_chunk_free), region_obstack_begin_((stack), (size), 0))

/** The same, with objects at multiples of `alignment`, a power of two; 0 for 16. The functions are not called: memory
    is the arena's. */
#define obstack_specify_allocation(stack, size, alignment, chunkfun, freefun) \
    ((void)(chunkfun), (void)(freefun), region_obstack_begin_((stack), (size), (alignment)))
#define obstack_specify_allocation_with_arg(stack, size, alignment, chunkfun, freefun, arg) \
    ((void)(arg), obstack_specify_allocation((stack), (size), (alignment), chunkfun, freefun))

/** Nothing, as these functions are not called. */
#define obstack_chunkfun(stack, function) ((void)(stack), (void)(function))
#define obstack_freefun(stack, function) ((void)(stack), (void)(function))

/** Adds `size` bytes to the growing object, uninitialized; less than 0 takes some of its bytes away. */
static inline void obstack_blank(struct obstack *stack, ptrdiff_t size)
{
    if (size > 0)
        obstack_make_room(stack, REGION_CAST_(size_t, size));
    stack->next_free += size;
}

/** Adds a copy of `size` bytes to the growing object. */
static inline void obstack_grow(struct obstack *stack, const void *bytes, size_t size)
{
    obstack_make_room(stack, size);
    if (size != 0)
        memcpy(stack->next_free, bytes, size);
    stack->next_free += size;
}

/** Adds a byte to the growing object. */
static inline void obstack_1grow(struct obstack *stack, int byte)
{
    obstack_make_room(stack, 1);
    *stack->next_free++ = REGION_CAST_(char, byte);
}

/** Adds a copy of `size` bytes and a NUL to the growing object. */
static inline void obstack_grow0(struct obstack *stack, const void *bytes, size_t size)
{
    if (obstack_room(stack) <= size)
        region_obstack_more_(stack, size < SIZE_MAX ? size + 1 : size);
    obstack_grow(stack, bytes, size);
    *stack->next_free++ = '\0';
}

/** Adds a pointer to the growing object. */
static inline void obstack_ptr_grow(struct obstack *stack, const void *pointer)
{
    obstack_grow(stack, &pointer, sizeof pointer);
}

/** Adds an int to the growing object. */
static inline void obstack_int_grow(struct obstack *stack, int value)
{
    obstack_grow(stack, &value, sizeof value);
}

/** As the functions without _fast, where there is room: nothing is checked. */
static inline void obstack_blank_fast(struct obstack *stack, ptrdiff_t size)
{
    stack->next_free += size;
}

static inline void obstack_1grow_fast(struct obstack *stack, int byte)
{
    *stack->next_free++ = REGION_CAST_(char, byte);
}

static inline void obstack_ptr_grow_fast(struct obstack *stack, const void *pointer)
{
    memcpy(stack->next_free, &pointer, sizeof pointer);
    stack->next_free += sizeof pointer;
}

static inline void obstack_int_grow_fast(struct obstack *stack, int value)
{
    memcpy(stack->next_free, &value, sizeof value);
    stack->next_free += sizeof value;
}

/** Finishes the growing object, which does not move any more: its address. */
static inline void *obstack_finish(struct obstack *stack)
{
    char *object = stack->object_base;
    size_t padding = region_obstack_padding_(stack, stack->next_free), room = obstack_room(stack);
    stack->next_free += padding < room ? padding : room;
    stack->object_base = stack->next_free;
    return object;
}

/** An object of `size` bytes, uninitialized; behind those of the growing object, which is finished. */
static inline void *obstack_alloc(struct obstack *stack, size_t size)
{
    obstack_make_room(stack, size);
    stack->next_free += size;
    return obstack_finish(stack);
}

/** An object with a copy of `size` bytes. */
static inline void *obstack_copy(struct obstack *stack, const void *bytes, size_t size)
{
    obstack_grow(stack, bytes, size);
    return obstack_finish(stack);
}

/** An object with a copy of `size` bytes, and a NUL. */
static inline void *obstack_copy0(struct obstack *stack, const void *bytes, size_t size)
{
    obstack_grow0(stack, bytes, size);
    return obstack_finish(stack);
}

/** Adds formatted text to the growing object, without a NUL: how many bytes; less than 0 for a format that is wrong. */
REGION_FORMAT_(2, 0)
static inline int region_obstack_vprintf(struct obstack *stack, const char *format, va_list arguments)
{
    size_t room = obstack_room(stack);
    va_list again;
    int len;
    /* Some libcs refuse to know of more. */
    if (room > INT_MAX)
        room = INT_MAX;
    va_copy(again, arguments);
    len = vsnprintf(stack->next_free, room, format, arguments);
    if (len >= 0 && REGION_CAST_(size_t, len) >= room) {
        room = REGION_CAST_(size_t, len) + 1;
        obstack_make_room(stack, room);
        len = vsnprintf(stack->next_free, room, format, again);
    }
    va_end(again);
    if (len > 0)
        stack->next_free += len;
    return len;
}

/** The same. */
REGION_FORMAT_(2, 3)
static inline int region_obstack_printf(struct obstack *stack, const char *format, ...)
{
    int len;
    va_list arguments;
    va_start(arguments, format);
    len = region_obstack_vprintf(stack, format, arguments);
    va_end(arguments);
    return len;
}

/** Whether there is no object, and none grows. */
static inline int obstack_empty_p(const struct obstack *stack)
{
    const char *first = stack->next_free;
    if (stack->chunk != NULL) {
        first = stack->chunk->contents;
        first += region_obstack_padding_(stack, first);
    }
    return (stack->chunk == NULL || stack->chunk->prev == NULL) && stack->next_free == first;
}

/** Bytes of all chunks. */
static inline size_t obstack_memory_used(const struct obstack *stack)
{
    size_t used = 0;
    for (const struct _obstack_chunk *chunk = stack->chunk; chunk != NULL; chunk = chunk->prev)
        used += REGION_ADDRESS_(chunk->limit) - REGION_ADDRESS_(chunk);
    return used;
}

/** Frees an object, all that came after it, and the growing one; their memory is used again. NULL: all of them, and the
    memory goes back; then the obstack has to be initialized again. An address in no chunk is abort(3). */
static inline void obstack_free(struct obstack *stack, const void *object)
{
    struct _obstack_chunk *chunk = stack->chunk, *freed = NULL;
    if (object == NULL) {
        region_arena_free(&stack->arena);
        stack->chunk = NULL;
        stack->object_base = stack->next_free = stack->chunk_limit = NULL;
        return;
    }
    /* One of no bytes may begin at the limit. */
    while (chunk != NULL && !(REGION_ADDRESS_(object) > REGION_ADDRESS_(chunk) &&
                              REGION_ADDRESS_(object) <= REGION_ADDRESS_(chunk->limit))) {
        freed = chunk;
        chunk = chunk->prev;
    }
    if (chunk == NULL)
        abort();
    if (freed != NULL) {
        region_arena_rewind_to(&stack->arena, freed);
        stack->chunk = chunk;
        stack->chunk_limit = chunk->limit;
    }
    stack->object_base = stack->next_free = chunk->limit - (REGION_ADDRESS_(chunk->limit) - REGION_ADDRESS_(object));
}

#ifdef __cplusplus
}
#endif
#endif /* REGION_OBSTACK_H */

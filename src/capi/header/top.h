/* region.h @VERSION@ - memory on the kernel's own terms: arenas, heaps, page pools, maps, files. No malloc.
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

#define REGION_VERSION "@VERSION@"
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

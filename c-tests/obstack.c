/* Every call of region/obstack.h, and objects in no order against what they should hold. The same source with
 * -DGNU_OBSTACK and glibc's <obstack.h> prints the same; it is C and C++.
 *
 *     obstack               checks, and prints what both have to agree on
 *     obstack exhausted     ends for want of memory, with status 7
 *     obstack elsewhere     ends for an address that is in no chunk */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* glibc's obstack_printf */
#endif

#include "check.h"

#ifdef GNU_OBSTACK
#include <obstack.h>
#else
#include "region/obstack.h"
#endif

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static int refusing, given;

static void *chunk_of(size_t size)
{
    given++;
    return refusing ? NULL : malloc(size);
}

static void *chunk_of_two(void *context, size_t size)
{
    CHECK(context == &given);
    return chunk_of(size);
}

static void chunk_back_of_two(void *context, void *chunk)
{
    CHECK(context == &given);
    free(chunk);
}

#define obstack_chunk_alloc chunk_of
#define obstack_chunk_free free

/* From now on, or again, no memory can be had. */
static void refuse(struct obstack *stack, int on)
{
#ifdef GNU_OBSTACK
    (void)stack;
    refusing = on;
#else
    CHECK(region_arena_set_limit(region_obstack_arena(stack), on ? 0 : SIZE_MAX) == 0);
#endif
}

static unsigned long address(const void *of)
{
    return (unsigned long)(uintptr_t)of;
}

static unsigned long size_of(struct obstack *stack)
{
    return (unsigned long)obstack_object_size(stack);
}

static void objects_are_taken_and_copied(void)
{
    struct obstack stack;
    char *first, *text, *wide;
    CHECK(obstack_init(&stack) == 1);
    CHECK(obstack_empty_p(&stack));
    CHECK(obstack_alignment_mask(&stack) + 1 >= (int)sizeof(void *));
    printf("objects begin at multiples of %d\n", (int)obstack_alignment_mask(&stack) + 1);
    first = (char *)obstack_alloc(&stack, 0);
    CHECK(first != NULL && (address(first) & (unsigned long)obstack_alignment_mask(&stack)) == 0);
    CHECK(obstack_empty_p(&stack));
    text = (char *)obstack_copy(&stack, "abc", 3);
    CHECK(text == first && memcmp(text, "abc", 3) == 0 && !obstack_empty_p(&stack));
    wide = (char *)obstack_copy0(&stack, "some text", 4);
    CHECK(strcmp(wide, "some") == 0 && wide - text == obstack_alignment_mask(&stack) + 1);
    CHECK(obstack_copy(&stack, NULL, 0) != NULL);
    memset(obstack_alloc(&stack, 100000), 7, 100000);
    CHECK(obstack_memory_used(&stack) >= 100000);
    CHECK(strcmp(wide, "some") == 0);
    /* What is finished is not taken again, and what is freed is. */
    obstack_free(&stack, wide);
    CHECK(obstack_copy0(&stack, "more", 4) == wide && memcmp(text, "abc", 3) == 0);
    obstack_free(&stack, first);
    CHECK(obstack_empty_p(&stack));
    obstack_free(&stack, NULL);
    CHECK(obstack_init(&stack) == 1);
    CHECK(obstack_empty_p(&stack));
    obstack_free(&stack, NULL);
}

static void vprint(struct obstack *stack, int expected, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CHECK(obstack_vprintf(stack, format, arguments) == expected);
    va_end(arguments);
}

static void an_object_grows(void)
{
    struct obstack stack;
    int numbers[2] = { -5, INT_MAX };
    const void *pointers[2] = { &stack, NULL };
    char *text, long_text[1000];
    obstack_init(&stack);
    obstack_grow(&stack, "one", 3);
    obstack_1grow(&stack, '-');
    obstack_grow0(&stack, "two and more", 3);
    CHECK(size_of(&stack) == 8 && strcmp((char *)obstack_base(&stack), "one-two") == 0);
    CHECK((char *)obstack_next_free(&stack) == (char *)obstack_base(&stack) + 8);
    text = (char *)obstack_finish(&stack);
    CHECK(size_of(&stack) == 0);

    obstack_int_grow(&stack, numbers[0]);
    obstack_int_grow(&stack, numbers[1]);
    CHECK(memcmp(obstack_finish(&stack), numbers, sizeof numbers) == 0);
    obstack_ptr_grow(&stack, pointers[0]);
    obstack_ptr_grow(&stack, pointers[1]);
    CHECK(memcmp(obstack_finish(&stack), pointers, sizeof pointers) == 0);

    obstack_make_room(&stack, 5000);
    CHECK(obstack_room(&stack) >= 5000);
    obstack_1grow_fast(&stack, 'x');
    obstack_blank_fast(&stack, (int)sizeof(int) - 1);
    obstack_int_grow_fast(&stack, numbers[0]);
    obstack_ptr_grow_fast(&stack, pointers[0]);
    CHECK(size_of(&stack) == 2 * sizeof(int) + sizeof(void *));
    CHECK(*(char *)obstack_base(&stack) == 'x');
    CHECK(memcmp((char *)obstack_base(&stack) + sizeof(int), numbers, sizeof(int)) == 0);
    obstack_blank_fast(&stack, -(int)(sizeof(int) + sizeof(void *)));
    CHECK(size_of(&stack) == sizeof(int));
    obstack_blank(&stack, 3000);
    CHECK(size_of(&stack) == 3000 + sizeof(int));
    obstack_blank(&stack, -2000);
    CHECK(size_of(&stack) == 1000 + sizeof(int) && *(char *)obstack_base(&stack) == 'x');
    /* To take an object is to finish the one that grows. */
    CHECK(*(char *)obstack_alloc(&stack, 10) == 'x' && size_of(&stack) == 0);

    CHECK(obstack_printf(&stack, "%d %s", 12, "months") == 9);
    vprint(&stack, 5, " %c%c%c%c", 'y', 'e', 'a', 'r');
    CHECK(size_of(&stack) == 14);
    obstack_1grow(&stack, 0);
    CHECK(strcmp((char *)obstack_finish(&stack), "12 months year") == 0);
    memset(long_text, 'l', sizeof long_text);
    long_text[sizeof long_text - 1] = 0;
    for (int i = 0; i < 200; i++)
        CHECK(obstack_printf(&stack, "%s%d,", long_text, i % 10) == 1001);
    CHECK(size_of(&stack) == 200200 && ((char *)obstack_base(&stack))[200200 - 2] == '9');
    obstack_free(&stack, obstack_finish(&stack));
    CHECK(strcmp(text, "one-two") == 0);
    obstack_free(&stack, text);
    CHECK(obstack_empty_p(&stack));
    obstack_free(&stack, NULL);
}

static void an_obstack_is_as_it_was_asked_for(void)
{
    struct obstack stack;
    int context = given;
    CHECK(obstack_begin(&stack, 20000) == 1);
    CHECK(obstack_room(&stack) > 19900 && obstack_chunk_size(&stack) == 20000);
    obstack_chunk_size(&stack) = 300;
    CHECK(obstack_chunk_size(&stack) == 300);
    obstack_free(&stack, NULL);

    CHECK(obstack_specify_allocation(&stack, 0, 64, chunk_of, free) == 1);
    CHECK(obstack_alignment_mask(&stack) == 63);
    for (int i = 0; i < 300; i++)
        CHECK((address(obstack_alloc(&stack, 70)) & 63) == 0);
    obstack_chunkfun(&stack, chunk_of);
    obstack_freefun(&stack, free);
    obstack_free(&stack, NULL);

    CHECK(obstack_specify_allocation_with_arg(&stack, 500, 1, chunk_of_two, chunk_back_of_two, &given) == 1);
    CHECK(obstack_alignment_mask(&stack) == 0);
    {
        char *one = (char *)obstack_copy(&stack, "1", 1), *two = (char *)obstack_copy(&stack, "23", 2);
        CHECK(two == one + 1 && memcmp(one, "123", 3) == 0);
        /* A new alignment holds from the object after the next. */
        obstack_alignment_mask(&stack) = 31;
        CHECK((char *)obstack_finish(&stack) == two + 2);
        CHECK((address(obstack_alloc(&stack, 1)) & 31) == 0);
    }
    obstack_free(&stack, NULL);
#ifdef GNU_OBSTACK
    CHECK(given > context);
#else
    CHECK(given == context); /* memory is the arena's */
#endif
}

static jmp_buf out;

static void leave(void)
{
    longjmp(out, 1);
}

static void objects_stay_where_memory_cannot_be_had(void)
{
    static struct obstack stack;
    static char *volatile kept;
    static volatile int refused;
    void (*usual)(void) = obstack_alloc_failed_handler;
    obstack_init(&stack);
    kept = (char *)obstack_copy0(&stack, "kept", 4);
    obstack_grow(&stack, "growing", 7);
    obstack_alloc_failed_handler = leave;
    if (setjmp(out) == 0) {
        refuse(&stack, 1);
        obstack_blank(&stack, (int)obstack_room(&stack) + 100);
        CHECK(refused < 0); /* was had */
    } else {
        refused++;
    }
    CHECK(strcmp(kept, "kept") == 0 && size_of(&stack) == 7 && memcmp(obstack_base(&stack), "growing", 7) == 0);
    refuse(&stack, 0);
    obstack_blank(&stack, 1000000);
    CHECK(size_of(&stack) == 1000007 && memcmp(obstack_base(&stack), "growing", 7) == 0);
    obstack_alloc_failed_handler = usual;
    obstack_free(&stack, NULL);
    printf("refused %d times\n", refused);
}

/* Objects of a seed, and what each should hold. */

#define MOST 400

struct object {
    unsigned char *at;
    size_t size;
    unsigned char begins;
    int mask;
};

static uint32_t state = 20200101;

static uint32_t below(uint32_t bound)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
}

static unsigned char nth(unsigned char begins, size_t at)
{
    return (unsigned char)(begins + at * 7);
}

static void check(const unsigned char *at, size_t size, unsigned char begins)
{
    for (size_t i = 0; i < size; i++)
        CHECK(at[i] == nth(begins, i));
}

/* What the growing object should hold next. */
static const unsigned char *next_bytes(unsigned char begins, size_t from, size_t size)
{
    static unsigned char bytes[200000];
    for (size_t i = 0; i < size; i++)
        bytes[i] = nth(begins, from + i);
    return bytes;
}

static uint32_t how_many(void)
{
    switch (below(20)) {
    case 0: return below(150000);
    case 1: return 0;
    case 2: return below(10000);
    default: return below(100);
    }
}

static void objects_in_no_order_hold_what_they_should(void)
{
    static struct object objects[MOST];
    static const int masks[] = { 0, 1, 7, 15, 63, 255 };
    struct obstack stack;
    size_t count = 0, grown = 0;
    unsigned char begins = 1;
    int mask;
    uint32_t sum = 0;
    obstack_init(&stack);
    mask = (int)obstack_alignment_mask(&stack);
    for (int step = 0; step < 20000; step++) {
        uint32_t size = how_many(), what = below(16);
        int finished = what >= 9 && what <= 12;
        int number;
        const void *pointer;
        if (count == MOST || (finished && count + 1 == MOST))
            what = 13, finished = 0;
        switch (what) {
        case 0: case 1: case 2:
            obstack_grow(&stack, next_bytes(begins, grown, size), size);
            grown += size;
            break;
        case 3:
            obstack_1grow(&stack, (char)nth(begins, grown));
            grown++;
            break;
        case 4:
            memcpy(&number, next_bytes(begins, grown, sizeof number), sizeof number);
            obstack_int_grow(&stack, number);
            grown += sizeof number;
            break;
        case 5:
            memcpy(&pointer, next_bytes(begins, grown, sizeof pointer), sizeof pointer);
            obstack_ptr_grow(&stack, pointer);
            grown += sizeof pointer;
            break;
        case 6:
            obstack_blank(&stack, (int)size);
            memcpy((char *)obstack_next_free(&stack) - size, next_bytes(begins, grown, size), size);
            grown += size;
            break;
        case 7:
            size = grown == 0 ? 0 : below((uint32_t)grown);
            obstack_blank(&stack, -(int)size);
            grown -= size;
            break;
        case 8:
            obstack_make_room(&stack, size);
            for (uint32_t i = 0; i < size; i++)
                obstack_1grow_fast(&stack, (char)nth(begins, grown + i));
            grown += size;
            break;
        case 9: case 10: case 11: case 12:
            objects[count].begins = begins;
            objects[count].mask = mask;
            if (what == 9) {
                objects[count].at = (unsigned char *)obstack_copy(&stack, next_bytes(begins, grown, size), size);
                grown += size;
            } else if (what == 10) {
                objects[count].at = (unsigned char *)obstack_alloc(&stack, size);
                memcpy(objects[count].at + grown, next_bytes(begins, grown, size), size);
                grown += size;
            } else if (what == 11) {
                objects[count].at = (unsigned char *)obstack_copy0(&stack, next_bytes(begins, grown, size), size);
                CHECK(objects[count].at[grown + size] == 0);
                grown += size;
            } else {
                objects[count].at = (unsigned char *)obstack_finish(&stack);
            }
            CHECK(grown == 0 || (address(objects[count].at) & (unsigned long)mask) == 0);
            objects[count].size = grown;
            sum = sum * 31 + (uint32_t)grown;
            count++;
            grown = 0;
            begins = (unsigned char)(begins * 5 + 3);
            mask = (int)obstack_alignment_mask(&stack);
            break;
        case 13:
            if (count != 0 && below(4) == 0) {
                size_t to = below(8) == 0 ? below((uint32_t)count) : count - 1;
                for (size_t i = to; i < count; i++)
                    check(objects[i].at, objects[i].size, objects[i].begins);
                obstack_free(&stack, objects[to].at);
                CHECK(obstack_base(&stack) == objects[to].at);
                mask = objects[to].mask & (int)obstack_alignment_mask(&stack);
                count = to;
                grown = 0;
            }
            break;
        case 14:
            if (below(8) == 0) {
                obstack_alignment_mask(&stack) = masks[below(6)];
                mask &= (int)obstack_alignment_mask(&stack);
            }
            break;
        default:
            if (below(300) == 0) {
                for (size_t i = 0; i < count; i++)
                    check(objects[i].at, objects[i].size, objects[i].begins);
                obstack_free(&stack, NULL);
                obstack_begin(&stack, 1000);
                count = grown = 0;
                mask = (int)obstack_alignment_mask(&stack);
            }
            break;
        }
        CHECK(obstack_object_size(&stack) == grown);
        if (grown < 2000 || what == 15)
            check((unsigned char *)obstack_base(&stack), grown, begins);
    }
    for (size_t i = 0; i < count; i++)
        check(objects[i].at, objects[i].size, objects[i].begins);
    printf("%lu objects, %lu bytes grow, %lu\n", (unsigned long)count, (unsigned long)grown, (unsigned long)sum);
    obstack_free(&stack, NULL);
}

#ifndef GNU_OBSTACK
/* What only an arena can do. */
static void chunks_are_blocks_of_an_arena(void)
{
    struct obstack stack, moved;
    region_stats stats;
    char *first;
    void (*take)(struct obstack *, int) = obstack_1grow;
    obstack_init(&stack);
    first = (char *)obstack_copy0(&stack, "first", 5);
    CHECK(region_arena_contains(region_obstack_arena(&stack), first));
    CHECK(region_arena_stats(region_obstack_arena(&stack), &stats) == 0);
    CHECK(stats.used == obstack_memory_used(&stack));
    /* An object of 200 MiB moves thrice at most, to longer ranges. */
    {
        void *base = obstack_base(&stack);
        int moves = 0;
        for (int i = 0; i < 200; i++) {
            obstack_blank(&stack, 1 << 20);
            moves += obstack_base(&stack) != base;
            base = obstack_base(&stack);
        }
        CHECK(moves <= 3);
    }
    /* A struct may be moved, as its arena may. */
    moved = stack;
    take(&moved, 'x');
    CHECK(obstack_object_size(&moved) == ((size_t)200 << 20) + 1 && strcmp(first, "first") == 0);
    /* What is taken of the arena meanwhile is no part of a chunk. */
    memset(region_alloc(region_obstack_arena(&moved), 100), 1, 100);
    obstack_blank(&moved, 1 << 20);
    obstack_free(&moved, first);
    CHECK(obstack_empty_p(&moved));
    CHECK(obstack_copy0(&moved, "again", 5) == first);
    obstack_free(&moved, NULL);
    CHECK(region_arena_stats(region_obstack_arena(&moved), &stats) == 0 && stats.reserved == 0);
    obstack_free(&moved, NULL);
}
#endif

int main(int argc, char **argv)
{
    if (argc > 1) {
        struct obstack stack;
        obstack_init(&stack);
        if (strcmp(argv[1], "exhausted") == 0) {
            obstack_exit_failure = 7;
            refuse(&stack, 1);
            obstack_alloc(&stack, (size_t)obstack_room(&stack) + 1);
        } else if (strcmp(argv[1], "elsewhere") == 0) {
            obstack_free(&stack, argv);
        }
        return 1;
    }
    objects_are_taken_and_copied();
    an_object_grows();
    an_obstack_is_as_it_was_asked_for();
    objects_stay_where_memory_cannot_be_had();
    objects_in_no_order_hold_what_they_should();
#ifndef GNU_OBSTACK
    chunks_are_blocks_of_an_arena();
#endif
    return 0;
}

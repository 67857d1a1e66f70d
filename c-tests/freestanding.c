/* A program without a libc: maps, allocates, prints by a raw system call and exits.
 *
 *     cargo capi-freestanding
 *     cc -Os -ffreestanding -fno-stack-protector -nostdlib -static -Wl,--gc-sections -Iinclude \
 *        c-tests/freestanding.c target/freestanding/release/libregion.a
 *
 * With -s -Wl,--build-id=none,-z,noseparate-code,-z,norelro,-T,c-tests/small.ld and -Oz it is a file of 6 KB.
 */

#define REGION_FREESTANDING
#include "region.h"

static long system_call(long number, long a, long b, long c)
{
    long answer;
#if defined(__x86_64__)
    __asm__ volatile("syscall" : "=a"(answer) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    answer = x0;
#else
#error "teach system_call this processor"
#endif
    return answer;
}

#if defined(__x86_64__)
enum { SYS_WRITE = 1, SYS_EXIT = 60 };
/* The kernel enters with the stack aligned, and C expects a return address on it. */
__asm__(".globl _start\n_start: xor %ebp, %ebp\n call run\n");
#else
enum { SYS_WRITE = 64, SYS_EXIT = 93 };
__asm__(".globl _start\n_start: bl run\n");
#endif

static void leave(int status)
{
    for (;;)
        system_call(SYS_EXIT, status, 0, 0);
}

struct letter {
    struct letter *next;
    char letter;
};

void run(void);
void run(void)
{
    static const char message[] = "hello\n";
    region_arena a = REGION_ARENA_INIT;
    struct letter *list = NULL;
    char *text;
    /* The message over and over, backwards: enough of it to leave the arena's first block. */
    for (size_t i = 0; i < 10000 * (sizeof message - 1); i++) {
        struct letter *l = region_new(&a, struct letter);
        if (l == NULL)
            leave(2);
        l->next = list;
        l->letter = message[sizeof message - 2 - i % (sizeof message - 1)];
        list = l;
    }
    text = region_alloc(&a, sizeof message - 1);
    if (text == NULL)
        leave(3);
    for (size_t i = 0; i < sizeof message - 1; i++, list = list->next)
        text[i] = list->letter;
    system_call(SYS_WRITE, 1, (long)text, sizeof message - 1);
    leave(region_arena_free(&a));
}

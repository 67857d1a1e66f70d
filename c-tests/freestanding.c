/* A program without a libc: maps, allocates, prints by a raw system call and exits.
 *
 *     cargo capi-freestanding
 *     cc -Os -ffreestanding -fno-stack-protector -nostdlib -static -Wl,--gc-sections -Iinclude \
 *        c-tests/freestanding.c target/freestanding/release/libregion.a
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

struct word {
    struct word *next;
    const char *text;
};

void run(void);
void run(void)
{
    region_arena a = REGION_ARENA_INIT;
    struct word *words = NULL;
    int wrong = 0;
    for (int i = 0; i < 50000; i++) {
        struct word *w = region_new(&a, struct word);
        if (w == NULL)
            wrong = 2;
        else {
            w->next = words;
            w->text = i == 0 ? "hello from an arena\n" : "";
            words = w;
        }
    }
    while (words != NULL && words->next != NULL)
        words = words->next;
    if (words != NULL) {
        long len = 0;
        while (words->text[len] != '\0')
            len++;
        if (system_call(SYS_WRITE, 1, (long)words->text, len) != len)
            wrong = 3;
    }
    if (region_arena_free(&a) != 0)
        wrong = 4;
    system_call(SYS_EXIT, wrong, 0, 0);
}

/* zstd in a heap, in one thread: its hooks are those of the heap as they are. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

enum { SIZE = 300000 };
static char plain[SIZE], packed[SIZE + 5000], again[SIZE];

static void work(size_t amount)
{
    const ZSTD_customMem hooks = { counted_malloc, counted_free, &heap };
    for (size_t i = 0; i < SIZE; i++)
        plain[i] = (char)(i * i >> 9 ^ i);
    for (size_t i = 0; i < amount; i++) {
        ZSTD_CCtx *to = IS_HEAP ? ZSTD_createCCtx_advanced(hooks) : ZSTD_createCCtx();
        ZSTD_DCtx *from = IS_HEAP ? ZSTD_createDCtx_advanced(hooks) : ZSTD_createDCtx();
        size_t len;
        CHECK(to != NULL && from != NULL);
        len = ZSTD_compressCCtx(to, packed, sizeof packed, plain, SIZE, (int)(i % 7) + 1);
        CHECK(!ZSTD_isError(len));
        CHECK(ZSTD_decompressDCtx(from, again, SIZE, packed, len) == SIZE && memcmp(plain, again, SIZE) == 0);
        ZSTD_freeCCtx(to);
        ZSTD_freeDCtx(from);
    }
}

int main(int argc, char **argv)
{
    return measure(argc, argv, "zstd", work, 28, false);
}

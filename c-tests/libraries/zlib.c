/* zlib in a heap: the context first, and sizes that are unsigned. A stream each way at a time. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <zlib.h>

REGION_HOOKS_OF(z, counted, unsigned int);

enum { SIZE = 100000 };
static Bytef plain[SIZE], packed[SIZE + 1000], again[SIZE];

static void work(size_t amount)
{
    for (size_t i = 0; i < SIZE; i++)
        plain[i] = (Bytef)(i * i >> 7);
    for (size_t i = 0; i < amount; i++) {
        z_stream to, from;
        memset(&to, 0, sizeof to);
        if (IS_HEAP) {
            to.zalloc = z_alloc;
            to.zfree = z_free;
            to.opaque = &heap;
        }
        from = to;
        CHECK(deflateInit(&to, (int)(i % 9) + 1) == Z_OK && inflateInit(&from) == Z_OK);
        to.next_in = plain;
        to.avail_in = SIZE;
        to.next_out = packed;
        to.avail_out = sizeof packed;
        CHECK(deflate(&to, Z_FINISH) == Z_STREAM_END);
        from.next_in = packed;
        from.avail_in = (uInt)to.total_out;
        from.next_out = again;
        from.avail_out = SIZE;
        CHECK(inflate(&from, Z_FINISH) == Z_STREAM_END && memcmp(plain, again, SIZE) == 0);
        CHECK(deflateEnd(&to) == Z_OK && inflateEnd(&from) == Z_OK);
    }
}

int main(int argc, char **argv)
{
    return measure(argc, argv, "zlib", work, 50, false);
}

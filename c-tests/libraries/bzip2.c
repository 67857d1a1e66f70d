/* bzip2 in a heap: the context first, and sizes that are int. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <bzlib.h>

REGION_HOOKS_OF(bz, counted, int);

enum { SIZE = 60000 };
static char plain[SIZE], packed[SIZE + 1000], again[SIZE];

static void work(size_t amount)
{
    for (size_t i = 0; i < SIZE; i++)
        plain[i] = (char)(i * i >> 7);
    for (size_t i = 0; i < amount; i++) {
        bz_stream to, from;
        memset(&to, 0, sizeof to);
        if (IS_HEAP) {
            to.bzalloc = bz_alloc;
            to.bzfree = bz_free;
            to.opaque = &heap;
        }
        from = to;
        CHECK(BZ2_bzCompressInit(&to, (int)(i % 9) + 1, 0, 0) == BZ_OK);
        to.next_in = plain;
        to.avail_in = SIZE;
        to.next_out = packed;
        to.avail_out = sizeof packed;
        CHECK(BZ2_bzCompress(&to, BZ_FINISH) == BZ_STREAM_END);
        CHECK(BZ2_bzDecompressInit(&from, 0, 0) == BZ_OK);
        from.next_in = packed;
        from.avail_in = to.total_out_lo32;
        from.next_out = again;
        from.avail_out = SIZE;
        CHECK(BZ2_bzDecompress(&from) == BZ_STREAM_END && memcmp(plain, again, SIZE) == 0);
        CHECK(BZ2_bzCompressEnd(&to) == BZ_OK && BZ2_bzDecompressEnd(&from) == BZ_OK);
    }
}

int main(int argc, char **argv)
{
    return measure(argc, argv, "bzip2", work, 20, false);
}

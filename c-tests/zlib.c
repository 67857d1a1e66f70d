/* zlib in an arena: one arena a stream, freed with it. */

#include "region.h"

#include "check.h"
#include <string.h>
#include <zlib.h>

static voidpf take(voidpf arena, uInt n, uInt size)
{
    return region_tracked_calloc(arena, n, size);
}

static void give(voidpf arena, voidpf block)
{
    region_tracked_free(arena, block);
}

int main(void)
{
    region_arena arena = REGION_ARENA_INIT;
    const uLong size = 1 << 20;
    Bytef *plain = region_new_array(&arena, Bytef, size), *packed = region_new_array(&arena, Bytef, size + 4096);
    Bytef *again = region_new_array(&arena, Bytef, size);
    region_mark mark = region_arena_mark(&arena);
    z_stream stream;
    uInt packed_size;
    for (uLong i = 0; i < size; i++)
        plain[i] = (Bytef)(i * i >> 7);

    memset(&stream, 0, sizeof stream);
    stream.zalloc = take;
    stream.zfree = give;
    stream.opaque = &arena;
    CHECK(deflateInit(&stream, 6) == Z_OK && region_arena_contains(&arena, stream.state));
    stream.next_in = plain;
    stream.avail_in = (uInt)size;
    stream.next_out = packed;
    stream.avail_out = (uInt)size + 4096;
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed_size = (uInt)stream.total_out;
    CHECK(deflateEnd(&stream) == Z_OK && region_arena_rewind(&arena, mark) == 0);

    CHECK(inflateInit(&stream) == Z_OK);
    stream.next_in = packed;
    stream.avail_in = packed_size;
    stream.next_out = again;
    stream.avail_out = (uInt)size;
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END && memcmp(plain, again, size) == 0);
    CHECK(inflateEnd(&stream) == Z_OK);
    region_arena_free(&arena);
    return 0;
}

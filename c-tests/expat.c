/* expat in an arena: its hooks have no context and no old size. So the arena is a global, and blocks know theirs. */

#include "region.h"

#include "check.h"
#include <expat.h>
#include <string.h>

static region_arena arena = REGION_ARENA_INIT;

static void *take(size_t size)
{
    return region_tracked_malloc(&arena, size);
}

static void *resize(void *block, size_t size)
{
    return region_tracked_realloc(&arena, block, size);
}

static void give(void *block)
{
    region_tracked_free(&arena, block);
}

static void XMLCALL count(void *elements, const XML_Char *name, const XML_Char **attributes)
{
    (void)name, (void)attributes;
    ++*(int *)elements;
}

int main(void)
{
    const XML_Memory_Handling_Suite hooks = { take, resize, give };
    region_string text = REGION_STRING_INIT(&arena);
    XML_Parser parser;
    int elements = 0;
    region_string_puts(&text, "<list>");
    for (int i = 0; i < 5000; i++)
        region_string_printf(&text, "<item n='%d' long='%0200d'>text</item>", i, i);
    region_string_puts(&text, "</list>");
    parser = XML_ParserCreate_MM(NULL, &hooks, NULL);
    CHECK(parser != NULL);
    XML_SetUserData(parser, &elements);
    XML_SetStartElementHandler(parser, count);
    CHECK(XML_Parse(parser, text.data, (int)text.len, 1) == XML_STATUS_OK && elements == 5001);
    XML_ParserFree(parser);
    region_arena_free(&arena);
    return 0;
}

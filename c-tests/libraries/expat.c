/* expat in a heap: hooks without a context. Documents that are parsed in pieces, and parsers made for them. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <expat.h>

REGION_HOOKS(xml, counted, &heap);

static void XMLCALL count(void *elements, const XML_Char *name, const XML_Char **attributes)
{
    (void)name, (void)attributes;
    ++*(int *)elements;
}

static void work(size_t amount)
{
    const XML_Memory_Handling_Suite hooks = { xml_malloc, xml_realloc, xml_free };
    for (size_t i = 0; i < amount; i++) {
        XML_Parser parser = XML_ParserCreate_MM(NULL, IS_HEAP ? &hooks : NULL, NULL);
        int elements = 0;
        CHECK(parser != NULL);
        XML_SetUserData(parser, &elements);
        XML_SetStartElementHandler(parser, count);
        CHECK(XML_Parse(parser, "<list>", 6, 0) == XML_STATUS_OK);
        for (int n = 0; n < 200; n++) {
            char text[600];
            int len = sprintf(text, "<item%d n='%d' long='%0*d'>text", n % 30, n, n % 400 + 1, n);
            CHECK(XML_Parse(parser, text, len, 0) == XML_STATUS_OK);
            len = sprintf(text, "</item%d>", n % 30);
            CHECK(XML_Parse(parser, text, len, 0) == XML_STATUS_OK);
        }
        CHECK(XML_Parse(parser, "</list>", 7, 1) == XML_STATUS_OK && elements == 201);
        XML_ParserFree(parser);
    }
}

int main(int argc, char **argv)
{
    return measure(argc, argv, "expat", work, 200, false);
}

/* cJSON in an arena: a document is freed by freeing its arena, not node by node. */

#include "region.h"

#include "check.h"
#include <cjson/cJSON.h>
#include <string.h>

static region_arena arena = REGION_ARENA_INIT;

static void *take(size_t size)
{
    return region_hook_malloc(&arena, size);
}

static void give(void *block)
{
    (void)block; /* with the arena */
}

int main(void)
{
    cJSON_Hooks hooks = { take, give };
    region_string text = REGION_STRING_INIT(&arena);
    cJSON *document, *last;
    char *printed;
    cJSON_InitHooks(&hooks);
    region_string_putc(&text, '[');
    for (int i = 0; i < 5000; i++)
        region_string_printf(&text, "%s{\"name\": \"node %d\", \"value\": %d.5}", i == 0 ? "" : ",", i, i);
    region_string_putc(&text, ']');
    document = cJSON_ParseWithLength(text.data, text.len);
    CHECK(document != NULL && cJSON_GetArraySize(document) == 5000);
    last = cJSON_GetArrayItem(document, 4999);
    CHECK(strcmp(cJSON_GetObjectItem(last, "name")->valuestring, "node 4999") == 0);
    CHECK(region_arena_contains(&arena, last));
    printed = cJSON_PrintUnformatted(last);
    CHECK(strcmp(printed, "{\"name\":\"node 4999\",\"value\":4999.5}") == 0);
    region_arena_free(&arena);
    return 0;
}

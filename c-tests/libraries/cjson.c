/* cJSON in a heap: documents that are parsed, changed, printed and deleted. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <cjson/cJSON.h>

REGION_HOOKS(json, counted, &heap);

static char text[200000];

static void work(size_t amount)
{
    size_t len = 1;
    text[0] = '[';
    for (int i = 0; i < 2000; i++)
        len += (size_t)sprintf(text + len, "%s{\"name\":\"node %d\",\"value\":[%d,2,true]}", i == 0 ? "" : ",", i, i);
    strcpy(text + len, "]");
    for (size_t i = 0; i < amount; i++) {
        cJSON *document = cJSON_Parse(text), *item;
        char *printed;
        CHECK(document != NULL && cJSON_GetArraySize(document) == 2000);
        for (int n = 0; n < 500; n++) {
            cJSON_DeleteItemFromArray(document, (int)(i * 17 + (size_t)n) % 1000);
            item = cJSON_CreateObject();
            CHECK(item != NULL && cJSON_AddStringToObject(item, "name", "a new one") != NULL);
            CHECK(cJSON_AddItemToArray(document, item));
        }
        printed = cJSON_PrintUnformatted(document);
        CHECK(printed != NULL && printed[0] == '[' && strlen(printed) > 10000);
        cJSON_free(printed);
        cJSON_Delete(document);
    }
}

int main(int argc, char **argv)
{
    cJSON_Hooks hooks = { json_malloc, json_free };
    if (IS_HEAP)
        cJSON_InitHooks(&hooks);
    return measure(argc, argv, "cjson", work, 20, false);
}

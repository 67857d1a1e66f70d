/* The same with arenas: call for call, and text that grows in place of copies that are left behind. */

#include "settings.h"

#include "region.h"

static void forgotten(void *count)
{
    ++*(int *)count;
}

static struct key *add_key(region_arena *a, struct key **keys, const char *name)
{
    struct key *key = region_calloc(a, 1, sizeof *key);
    key->name = region_strdup(a, name);
    key->last = &key->first;
    while (*keys != NULL)
        keys = &(*keys)->next;
    return *keys = key;
}

static void add_value(region_arena *a, struct key *key, const char *text)
{
    struct value *value = region_calloc(a, 1, sizeof *value);
    value->text = region_strmemdup(a, text, strlen(text));
    *key->last = value;
    key->last = &value->next;
}

static void join(region_arena *a, struct key *key)
{
    region_string all = REGION_STRING_INIT(a);
    for (const struct value *value = key->first; value != NULL; value = value->next)
        region_string_printf(&all, "%s%s", value == key->first ? "" : ", ", value->text);
    key->all = region_string_finish(&all);
}

int main(void)
{
    region_arena process, *pool;
    struct key *keys = NULL;
    char line[4096], *name, *text;
    int times = 0;
    region_arena_init(&process, REGION_ARENA_WITH(.on_oom = region_oom_abort));
    pool = region_arena_child(&process);
    region_arena_on_oom(pool, region_oom_abort, NULL);
    region_arena_defer(pool, forgotten, &times);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            keys = NULL;
            region_arena_reset(pool, REGION_KEEP_ALL);
            region_arena_defer(pool, forgotten, &times);
            continue;
        }
        if ((key = find(keys, name)) == NULL)
            key = add_key(pool, &keys, name);
        add_value(pool, key, text);
    }
    for (struct key *key = keys; key != NULL; key = key->next)
        join(pool, key);
    print(keys);
    region_arena_cancel(pool, forgotten, &times);
    region_arena_free(&process); /* and the pool with it */
    printf("%s\n", times == 0 ? "never forgotten" : "forgotten");
    return 0;
}

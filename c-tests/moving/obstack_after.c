/* The same with an arena, whose calls are functions: any number of texts may grow, and text is one of its kinds. */

#include "settings.h"

#include "region.h"

static region_arena stack = REGION_ARENA_INIT;

static struct key *add_key(struct key **keys, const char *name)
{
    struct key *key = region_new_zeroed(&stack, struct key);
    key->name = region_strmemdup(&stack, name, strlen(name));
    key->last = &key->first;
    while (*keys != NULL)
        keys = &(*keys)->next;
    return *keys = key;
}

static void add_value(struct key *key, const char *text)
{
    struct value *value = region_new_zeroed(&stack, struct value);
    value->text = region_strmemdup(&stack, text, strlen(text));
    *key->last = value;
    key->last = &value->next;
}

static void join(struct key *key)
{
    region_string all = REGION_STRING_INIT(&stack);
    for (const struct value *value = key->first; value != NULL; value = value->next) {
        if (value != key->first)
            region_string_append(&all, ", ", 2);
        region_string_append(&all, value->text, strlen(value->text));
    }
    key->all = region_string_finish(&all);
}

int main(void)
{
    struct key *keys = NULL;
    char line[4096], *name, *text;
    void *start;
    region_arena_on_oom(&stack, region_oom_abort, NULL);
    start = region_alloc(&stack, 1);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            keys = NULL;
            region_arena_rewind_to(&stack, start);
            start = region_alloc(&stack, 1);
            continue;
        }
        if ((key = find(keys, name)) == NULL)
            key = add_key(&keys, name);
        add_value(key, text);
    }
    for (struct key *key = keys; key != NULL; key = key->next)
        join(key);
    print(keys);
    region_arena_free(&stack);
    return 0;
}

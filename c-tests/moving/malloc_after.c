/* The same in an arena: nothing is freed by itself, and what is left of the ways out is one test. */

#include "settings.h"

#include "region.h"

static struct key *add_key(region_arena *a, struct key **keys, const char *name)
{
    struct key *key = region_new_zeroed(a, struct key);
    key->name = region_strdup(a, name);
    key->last = &key->first;
    while (*keys != NULL)
        keys = &(*keys)->next;
    return *keys = key;
}

static void add_value(region_arena *a, struct key *key, const char *text)
{
    struct value *value = region_new_zeroed(a, struct value);
    value->text = region_strdup(a, text);
    *key->last = value;
    key->last = &value->next;
}

static void join(region_arena *a, struct key *key)
{
    region_string all = REGION_STRING_INIT(a);
    for (const struct value *value = key->first; value != NULL; value = value->next) {
        if (value != key->first)
            region_string_puts(&all, ", ");
        region_string_puts(&all, value->text);
    }
    key->all = region_string_finish(&all);
}

int main(void)
{
    region_arena a;
    struct key *keys = NULL;
    char line[4096], *name, *text;
    /* Without memory the program ends with a sentence; a callback of its own could leave by longjmp. */
    region_arena_init(&a, REGION_ARENA_WITH(.on_oom = region_oom_abort));
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            keys = NULL;
            region_arena_reset(&a, REGION_KEEP_ALL);
            continue;
        }
        if ((key = find(keys, name)) == NULL)
            key = add_key(&a, &keys, name);
        add_value(&a, key, text);
    }
    for (struct key *key = keys; key != NULL; key = key->next)
        join(&a, key);
    print(keys);
    region_arena_free(&a);
    return 0;
}

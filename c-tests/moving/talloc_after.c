/* The same with an arena: the parent of all that ends together is the arena, and lies in it. */

#include "settings.h"

#include "region.h"

struct settings {
    region_arena arena;
    struct key *keys;
};

static struct settings *new_settings(void)
{
    region_arena a;
    struct settings *settings;
    region_arena_init(&a, REGION_ARENA_WITH(.on_oom = region_oom_abort));
    settings = region_new_zeroed(&a, struct settings);
    settings->arena = a; /* no pointer leads to an arena's struct */
    return settings;
}

static void free_settings(struct settings *settings)
{
    region_arena a = settings->arena;
    region_arena_free(&a);
}

static struct key *add_key(struct settings *settings, const char *name)
{
    struct key **end = &settings->keys;
    struct key *key = region_new_zeroed(&settings->arena, struct key);
    key->name = region_strdup(&settings->arena, name);
    key->last = &key->first;
    while (*end != NULL)
        end = &(*end)->next;
    return *end = key;
}

static void add_value(struct settings *settings, struct key *key, const char *text)
{
    struct value *value = region_new_zeroed(&settings->arena, struct value);
    value->text = region_strdup(&settings->arena, text);
    *key->last = value;
    key->last = &value->next;
}

static void join(struct settings *settings, struct key *key)
{
    region_string all = REGION_STRING_INIT(&settings->arena);
    for (const struct value *value = key->first; value != NULL; value = value->next)
        region_string_printf(&all, "%s%s", value == key->first ? "" : ", ", value->text);
    key->all = region_string_finish(&all);
}

int main(void)
{
    struct settings *settings = new_settings();
    char line[4096], *name, *text;
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            free_settings(settings);
            settings = new_settings();
            continue;
        }
        if ((key = find(settings->keys, name)) == NULL)
            key = add_key(settings, name);
        add_value(settings, key, text);
    }
    for (struct key *key = settings->keys; key != NULL; key = key->next)
        join(settings, key);
    print(settings->keys);
    free_settings(settings);
    return 0;
}

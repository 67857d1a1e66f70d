/* talloc: every object has a parent, and goes with it. */

#include "settings.h"

#include <talloc.h>

struct settings {
    struct key *keys;
};

static struct key *add_key(struct settings *settings, const char *name)
{
    struct key **end = &settings->keys;
    struct key *key = talloc_zero(settings, struct key);
    key->name = talloc_strdup(key, name);
    key->last = &key->first;
    while (*end != NULL)
        end = &(*end)->next;
    return *end = key;
}

static void add_value(struct key *key, const char *text)
{
    struct value *value = talloc_zero(key, struct value);
    value->text = talloc_strdup(value, text);
    *key->last = value;
    key->last = &value->next;
}

static void join(struct key *key)
{
    char *all = talloc_strdup(key, "");
    for (const struct value *value = key->first; value != NULL; value = value->next)
        all = talloc_asprintf_append(all, "%s%s", value == key->first ? "" : ", ", value->text);
    key->all = all;
}

int main(void)
{
    struct settings *settings = talloc_zero(NULL, struct settings);
    char line[4096], *name, *text;
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            talloc_free(settings);
            settings = talloc_zero(NULL, struct settings);
            continue;
        }
        if ((key = find(settings->keys, name)) == NULL)
            key = add_key(settings, name);
        add_value(key, text);
    }
    for (struct key *key = settings->keys; key != NULL; key = key->next)
        join(key);
    print(settings->keys);
    talloc_free(settings);
    return 0;
}

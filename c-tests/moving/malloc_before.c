/* Each object is malloc's. Forgetting them is code of its own, and so is every way out. */

#include "settings.h"

#include <stdlib.h>

static char *copy(const char *text)
{
    char *copied = malloc(strlen(text) + 1);
    return copied == NULL ? NULL : strcpy(copied, text);
}

static void forget(struct key **keys)
{
    while (*keys != NULL) {
        struct key *key = *keys;
        while (key->first != NULL) {
            struct value *value = key->first;
            key->first = value->next;
            free((char *)value->text);
            free(value);
        }
        *keys = key->next;
        free((char *)key->name);
        free((char *)key->all);
        free(key);
    }
}

static struct key *add_key(struct key **keys, const char *name)
{
    struct key *key = calloc(1, sizeof *key);
    if (key == NULL || (key->name = copy(name)) == NULL) {
        free(key);
        return NULL;
    }
    key->last = &key->first;
    while (*keys != NULL)
        keys = &(*keys)->next;
    return *keys = key;
}

static int add_value(struct key *key, const char *text)
{
    struct value *value = calloc(1, sizeof *value);
    if (value == NULL || (value->text = copy(text)) == NULL) {
        free(value);
        return 0;
    }
    *key->last = value;
    key->last = &value->next;
    return 1;
}

static int join(struct key *key)
{
    size_t len = 1;
    char *all;
    for (const struct value *value = key->first; value != NULL; value = value->next)
        len += strlen(value->text) + 2;
    if ((all = malloc(len)) == NULL)
        return 0;
    *all = '\0';
    for (const struct value *value = key->first; value != NULL; value = value->next)
        strcat(strcat(all, value == key->first ? "" : ", "), value->text);
    key->all = all;
    return 1;
}

int main(void)
{
    struct key *keys = NULL;
    char line[4096], *name, *text;
    int failed = 0;
    while (!failed && fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            forget(&keys);
            continue;
        }
        if ((key = find(keys, name)) == NULL)
            key = add_key(&keys, name);
        failed = key == NULL || !add_value(key, text);
    }
    for (struct key *key = keys; key != NULL && !failed; key = key->next)
        failed = !join(key);
    if (!failed)
        print(keys);
    forget(&keys);
    return failed;
}

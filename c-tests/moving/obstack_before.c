/* obstack: objects on a stack, one of which grows at its end. */

#include "settings.h"

#include <obstack.h>
#include <stdlib.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

static struct obstack stack;

static void *zeroed(size_t size)
{
    return memset(obstack_alloc(&stack, size), 0, size);
}

static struct key *add_key(struct key **keys, const char *name)
{
    struct key *key = zeroed(sizeof *key);
    key->name = obstack_copy0(&stack, name, strlen(name));
    key->last = &key->first;
    while (*keys != NULL)
        keys = &(*keys)->next;
    return *keys = key;
}

static void add_value(struct key *key, const char *text)
{
    struct value *value = zeroed(sizeof *value);
    value->text = obstack_copy0(&stack, text, strlen(text));
    *key->last = value;
    key->last = &value->next;
}

static void join(struct key *key)
{
    for (const struct value *value = key->first; value != NULL; value = value->next) {
        if (value != key->first)
            obstack_grow(&stack, ", ", 2);
        obstack_grow(&stack, value->text, strlen(value->text));
    }
    obstack_1grow(&stack, '\0');
    key->all = obstack_finish(&stack);
}

int main(void)
{
    struct key *keys = NULL;
    char line[4096], *name, *text;
    void *start;
    obstack_init(&stack);
    start = obstack_alloc(&stack, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            keys = NULL;
            obstack_free(&stack, start);
            continue;
        }
        if ((key = find(keys, name)) == NULL)
            key = add_key(&keys, name);
        add_value(key, text);
    }
    for (struct key *key = keys; key != NULL; key = key->next)
        join(key);
    print(keys);
    obstack_free(&stack, NULL);
    return 0;
}

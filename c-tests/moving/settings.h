/* What the programs of this folder have in common: lines `key = value` on standard input, the value `!` forgets all that was
 * read, and at the end each key with its values, in the order of the first line of each. The memory is theirs. */

#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdio.h>
#include <string.h>

struct value {
    struct value *next;
    const char *text;
};

struct key {
    struct key *next;
    const char *name;
    struct value *first, **last;
    const char *all; /* the values with commas between them */
};

/* Cuts a line into key and value. False for one that is neither. */
static int cut(char *line, char **key, char **value)
{
    char *equals = strchr(line, '=');
    char *end = line + strlen(line);
    if (equals == NULL)
        return 0;
    while (end > line && (end[-1] == '\n' || end[-1] == ' '))
        *--end = '\0';
    *key = line + strspn(line, " ");
    *value = equals + 1 + strspn(equals + 1, " ");
    while (equals > *key && equals[-1] == ' ')
        equals--;
    *equals = '\0';
    return 1;
}

static struct key *find(struct key *keys, const char *name)
{
    while (keys != NULL && strcmp(keys->name, name) != 0)
        keys = keys->next;
    return keys;
}

static void print(const struct key *keys)
{
    for (; keys != NULL; keys = keys->next)
        printf("%s: %s\n", keys->name, keys->all);
}

#endif

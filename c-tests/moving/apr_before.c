/* APR pools: a pool for the process, a pool for the settings under it, and a call when that is cleared. */

#include "settings.h"

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

static apr_status_t forgotten(void *count)
{
    ++*(int *)count;
    return APR_SUCCESS;
}

static struct key *add_key(apr_pool_t *pool, struct key **keys, const char *name)
{
    struct key *key = apr_pcalloc(pool, sizeof *key);
    key->name = apr_pstrdup(pool, name);
    key->last = &key->first;
    while (*keys != NULL)
        keys = &(*keys)->next;
    return *keys = key;
}

static void add_value(apr_pool_t *pool, struct key *key, const char *text)
{
    struct value *value = apr_pcalloc(pool, sizeof *value);
    value->text = apr_pstrmemdup(pool, text, strlen(text));
    *key->last = value;
    key->last = &value->next;
}

static void join(apr_pool_t *pool, struct key *key)
{
    key->all = "";
    for (const struct value *value = key->first; value != NULL; value = value->next)
        key->all = apr_pstrcat(pool, key->all, value == key->first ? "" : ", ", value->text, NULL);
}

int main(void)
{
    apr_pool_t *process, *pool;
    struct key *keys = NULL;
    char line[4096], *name, *text;
    int times = 0;
    apr_initialize();
    apr_pool_create(&process, NULL);
    apr_pool_create(&pool, process);
    apr_pool_cleanup_register(pool, &times, forgotten, apr_pool_cleanup_null);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct key *key;
        if (!cut(line, &name, &text))
            continue;
        if (strcmp(text, "!") == 0) {
            keys = NULL;
            apr_pool_clear(pool);
            apr_pool_cleanup_register(pool, &times, forgotten, apr_pool_cleanup_null);
            continue;
        }
        if ((key = find(keys, name)) == NULL)
            key = add_key(pool, &keys, name);
        add_value(pool, key, text);
    }
    for (struct key *key = keys; key != NULL; key = key->next)
        join(pool, key);
    print(keys);
    apr_pool_cleanup_kill(pool, &times, forgotten);
    apr_pool_destroy(process);
    printf("%s\n", times == 0 ? "never forgotten" : "forgotten");
    apr_terminate();
    return 0;
}

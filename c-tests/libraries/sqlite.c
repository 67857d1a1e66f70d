/* SQLite in a heap: inserts, updates and deletes in a table with an index, of which about five thousand rows stay. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <sqlite3.h>

REGION_SQLITE_METHODS(methods, counted, &heap);

/* What is asked for, and not what the heap would make of it, so that the difference is seen. */
static int unrounded(int size)
{
    return (size + 7) / 8 * 8;
}

static void change(sqlite3_stmt *statement, sqlite3_int64 key, sqlite3_int64 other)
{
    char text[200];
    int len = sprintf(text, "the row of %lld, which has been given a text of some length %0*d", (long long)key,
                      (int)(other % 100) + 1, 7);
    CHECK(sqlite3_bind_int64(statement, 1, key) == SQLITE_OK);
    if (sqlite3_bind_parameter_count(statement) > 1)
        CHECK(sqlite3_bind_text(statement, 2, text, len, SQLITE_TRANSIENT) == SQLITE_OK);
    CHECK(sqlite3_step(statement) == SQLITE_DONE && sqlite3_reset(statement) == SQLITE_OK);
}

static void work(size_t amount)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *insert, *update, *erase, *query;
    CHECK(sqlite3_initialize() == SQLITE_OK && sqlite3_open(":memory:", &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "create table t (key integer primary key, text);"
                           "create index by_text on t (text);", NULL, NULL, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "insert or replace into t values (?, ?)", -1, &insert, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "update t set text = ?2 where key = ?1", -1, &update, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "delete from t where key = ?", -1, &erase, NULL) == SQLITE_OK);
    for (sqlite3_int64 i = 0; i < (sqlite3_int64)amount; i++) {
        change(insert, i * 7919 % 100003, i);
        change(update, i * 7919 / 2 % 100003, i * 31);
        if (i >= 5000)
            change(erase, (i - 5000) * 7919 % 100003, 0);
        /* A statement of its own now and then, and a query that sorts. */
        if (i % 250 == 0) {
            CHECK(sqlite3_prepare_v2(db, "select count(*), max(text) from (select * from t order by text desc, key)", -1,
                                     &query, NULL) == SQLITE_OK);
            CHECK(sqlite3_step(query) == SQLITE_ROW && sqlite3_column_int(query, 0) > 0);
            CHECK(sqlite3_finalize(query) == SQLITE_OK);
        }
    }
    CHECK(sqlite3_finalize(insert) == SQLITE_OK && sqlite3_finalize(update) == SQLITE_OK);
    CHECK(sqlite3_finalize(erase) == SQLITE_OK && sqlite3_close(db) == SQLITE_OK && sqlite3_shutdown() == SQLITE_OK);
}

int main(int argc, char **argv)
{
    sqlite3_mem_methods chosen = methods;
#if !defined(LIVE_HEAP) && !defined(LIVE_MALLOC)
    chosen.xRoundup = unrounded;
#endif
    (void)unrounded;
    if (IS_HEAP)
        CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &chosen) == SQLITE_OK);
    /* Without the pages and slots that SQLite takes at its start and hands out by itself. */
    CHECK(sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) == SQLITE_OK);
    return measure(argc, argv, "sqlite", work, 10000, false);
}

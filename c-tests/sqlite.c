/* SQLite's page cache on a map with huge pages (SQLITE_CONFIG_PAGECACHE): pages never come from malloc. */

#include "region.h"

#include "check.h"
#include <sqlite3.h>
#include <string.h>

enum { PAGES = 2000 };

int main(void)
{
    region_map map;
    region_map_options options = REGION_MAP_OPTIONS;
    sqlite3 *db = NULL;
    sqlite3_stmt *query;
    int header, now, most;
    size_t resident;
    CHECK(sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header) == SQLITE_OK);
    options.flags = REGION_MAP_HUGE;
    options.name = "sqlite pages";
    CHECK(region_map_init(&map, (size_t)PAGES * (size_t)(4096 + header), &options) == 0);
    CHECK(sqlite3_config(SQLITE_CONFIG_PAGECACHE, map.base, 4096 + header, PAGES) == SQLITE_OK);
    CHECK(sqlite3_initialize() == SQLITE_OK && sqlite3_open(":memory:", &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db,
                       "create table t (n integer primary key, text);"
                       "with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000)"
                       "insert into t select n, 'row ' || n from c;",
                       NULL, NULL, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "select count(*), max(text) from t", -1, &query, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(query) == SQLITE_ROW && sqlite3_column_int(query, 0) == 20000);
    CHECK(strcmp((const char *)sqlite3_column_text(query, 1), "row 9999") == 0);
    CHECK(sqlite3_status(SQLITE_STATUS_PAGECACHE_USED, &now, &most, 0) == SQLITE_OK && most > 10);
    CHECK(region_map_resident(&map, &resident) == 0 && resident >= 10 * 4096);
    sqlite3_finalize(query);
    CHECK(sqlite3_close(db) == SQLITE_OK && sqlite3_shutdown() == SQLITE_OK);
    region_map_free(&map);
    return 0;
}

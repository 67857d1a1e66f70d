/* Lua 5.4 in an arena: its allocator hook is told the old size, so it is region_hook_realloc as it is. */

#include "region.h"

#include "check.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

int main(void)
{
    region_arena arena = REGION_ARENA_INIT;
    region_stats stats;
    lua_State *lua = lua_newstate(region_hook_realloc, &arena);
    CHECK(lua != NULL);
    luaL_openlibs(lua);
    CHECK(luaL_dostring(lua, "local t = {} for i = 1, 20000 do t[i] = ('item ' .. i) end\n"
                             "table.sort(t) return #t .. ' ' .. t[1] .. ' ' .. t[20000]") == 0);
    CHECK(strcmp(lua_tostring(lua, -1), "20000 item 1 item 9999") == 0);
    lua_close(lua);
    CHECK(region_arena_stats(&arena, &stats) == 0 && stats.used != 0);

    /* A state that is thrown away whole: nothing of it is walked. And one that runs out of memory says so. */
    region_arena_reset(&arena, REGION_KEEP_ALL);
    CHECK(region_arena_set_limit(&arena, 1 << 20) == 0);
    lua = lua_newstate(region_hook_realloc, &arena);
    luaL_openlibs(lua);
    CHECK(luaL_dostring(lua, "local t = {} for i = 1, 1e9 do t[i] = i end") != 0);
    CHECK(strcmp(lua_tostring(lua, -1), "not enough memory") == 0);
    region_arena_free(&arena);
    return 0;
}

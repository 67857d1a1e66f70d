/* Lua in a heap, with its collector: tables, strings and closures that come and go. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static const char script[] =
    "local rounds = ...\n"
    "local kept = {}\n"
    "for i = 1, rounds do\n"
    "  local row = {}\n"
    "  for j = 1, 20 do row[j] = 'row ' .. i .. ' of ' .. j end\n"
    "  kept[i % 500 + 1] = { row = row, sum = function() return #row + i end, text = table.concat(row, ',') }\n"
    "  if i % 1000 == 0 then table.sort(kept, function(a, b) return a.text < b.text end) end\n"
    "end\n"
    "local sum = 0\n"
    "for _, row in ipairs(kept) do sum = sum + row.sum() end\n"
    "return sum\n";

static void work(size_t amount)
{
    lua_State *lua = IS_HEAP ? lua_newstate(counted_resize, &heap) : luaL_newstate();
    CHECK(lua != NULL);
    luaL_openlibs(lua);
    CHECK(luaL_loadstring(lua, script) == 0);
    lua_pushinteger(lua, (lua_Integer)amount);
    CHECK(lua_pcall(lua, 1, 1, 0) == 0 && lua_tointeger(lua, -1) > 0);
    lua_close(lua);
}

int main(int argc, char **argv)
{
    return measure(argc, argv, "lua", work, 10000, false);
}

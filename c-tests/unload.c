/* unload PLUGIN [FUNCTION [LIBRARY]]: loads a plugin many times, calls a function of it and closes it. What the process
 * has in RAM and in addresses is the same after ten times and after fifty. LIBRARY says that it has a libregion.so,
 * which must then be gone too. */

#define _GNU_SOURCE

#include "check.h"
#include <dlfcn.h>
#include <string.h>

/* The pages of the process: of addresses, and of RAM. */
static void pages(long long *addresses, long long *ram)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm && fscanf(statm, "%lld %lld", addresses, ram) == 2);
    fclose(statm);
}

static void load(const char *plugin, const char *function, const char *library)
{
    void *handle = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
    }
    CHECK(handle);
    {
        int (*work)(void);
        void *address = dlsym(handle, function);
        CHECK(address);
        memcpy(&work, &address, sizeof work);
        CHECK(work());
    }
    CHECK(dlclose(handle) == 0);
    CHECK(!dlopen(plugin, RTLD_NOW | RTLD_NOLOAD));
    CHECK(!library || !dlopen(library, RTLD_NOW | RTLD_NOLOAD));
}

int main(int count, char **words)
{
    long long addresses, ram, addresses_then, ram_then;
    const char *function = count > 2 ? words[2] : "plugin_work";
    int times;
    CHECK(count > 1);
    for (times = 0; times < 50; times++) {
        load(words[1], function, count > 3 ? words[3] : NULL);
        if (times == 9) {
            pages(&addresses_then, &ram_then);
        }
    }
    pages(&addresses, &ram);
    printf("%lld pages of addresses more, %lld of RAM\n", addresses - addresses_then, ram - ram_then);
    /* One region that was lost would be 4 GiB of addresses; one warm block at each time, 160 pages of RAM. */
    CHECK(addresses - addresses_then < 4096);
    CHECK(ram - ram_then < 150);
    return 0;
}

/* A page pool: from threads, from forked processes, over a map of huge pages. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, BLOCKS = 64, SIZE = 65536, ROUNDS = 20000 };

static region_pool pool = REGION_POOL_INIT;

static void *take_and_give(void *number)
{
    char *held[8] = { NULL };
    for (int round = 0; round < ROUNDS; round++) {
        char **place = &held[round % 8];
        if (*place != NULL) {
            CHECK(memcmp(*place, number, sizeof(int)) == 0);
            CHECK(region_pool_give(&pool, *place) == 0);
        }
        *place = (char *)region_pool_take(&pool);
        if (*place != NULL)
            memcpy(*place, number, sizeof(int));
    }
    for (int i = 0; i < 8; i++)
        CHECK(region_pool_give(&pool, held[i]) == 0);
    return NULL;
}

static void no_two_threads_have_one_block(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    size_t trimmed;
    CHECK(region_pool_init(&pool, SIZE, BLOCKS, NULL) == 0);
    CHECK(region_pool_block_size(&pool) == SIZE && region_pool_capacity(&pool) == BLOCKS);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, take_and_give, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(region_pool_taken(&pool) == 0 && region_pool_warm(&pool) != 0);
    CHECK(region_pool_trim(&pool, 0, &trimmed) == 0 && trimmed != 0 && region_pool_warm(&pool) == 0);
    CHECK(region_pool_free(&pool) == 0);
}

static void zeroed_blocks_are_zero(void)
{
    char *block, *run;
    CHECK(region_pool_init(&pool, 4096, 16, NULL) == 0);
    block = (char *)region_pool_take(&pool);
    memset(block, 0xff, 4096);
    CHECK(region_pool_give(&pool, block) == 0);
    CHECK(region_pool_take_zeroed(&pool) == block);
    for (int i = 0; i < 4096; i++)
        CHECK(block[i] == 0);
    run = (char *)region_pool_take_many(&pool, 4);
    memset(run, 1, 4 * 4096);
    CHECK(region_pool_taken(&pool) == 5 && region_pool_give_many(&pool, run, 4) == 0);
    CHECK(region_pool_taken(&pool) == 1);
    region_pool_free(&pool);
}

static void a_forked_child_takes_from_the_same_pool(void)
{
    region_pool_options options = REGION_POOL_OPTIONS;
    char *mine;
    int status;
    pid_t child;
    options.flags = REGION_MAP_SHARED;
    options.name = "shared frames";
    CHECK(region_pool_init(&pool, 4096, 8, &options) == 0);
    mine = (char *)region_pool_take(&pool);
    child = fork();
    if (child == 0) {
        char *other = (char *)region_pool_take(&pool);
        if (other == NULL || other == mine)
            _exit(1);
        strcpy(mine, "hello");
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(strcmp(mine, "hello") == 0 && region_pool_taken(&pool) == 2);
    region_pool_free(&pool);
}

static void a_pool_lives_over_a_map(void)
{
    region_map map;
    region_map_options options = REGION_MAP_OPTIONS;
    size_t resident;
    options.flags = REGION_MAP_HUGE | REGION_MAP_GUARD | REGION_MAP_POPULATE;
    CHECK(region_map_init(&map, 4u << 20, &options) == 0 && map.len == 4u << 20);
    CHECK(region_map_resident(&map, &resident) == 0 && resident == map.len);
    CHECK(region_pool_over(&pool, &map, 2u << 20) == 0 && map.base == NULL);
    CHECK(region_pool_take(&pool) != NULL && region_pool_take(&pool) != NULL && region_pool_take(&pool) == NULL);
    region_pool_free(&pool);
}

static void a_map_commits_and_decommits(void)
{
    region_map map;
    region_map_options options = REGION_MAP_OPTIONS;
    char *bytes;
    options.flags = REGION_MAP_RESERVE;
    /* Far more than is committed, of however many addresses there are. */
    CHECK(region_map_init(&map, SIZE_MAX > 0xffffffffu ? SIZE_MAX >> 30 : SIZE_MAX >> 3, &options) == 0);
    CHECK(region_map_commit(&map, 0, 65536) == 0);
    bytes = (char *)map.base;
    bytes[65535] = 7;
    CHECK(region_map_decommit(&map, 0, 65536) == 0 && bytes[65535] == 0);
    CHECK(region_map_protect(&map, 0, 4096, REGION_ACCESS_READ) == 0 && bytes[0] == 0);
    CHECK(region_map_advise(&map, 0, 65536, REGION_ADVICE_SEQUENTIAL) == 0);
    CHECK(region_map_free(&map) == 0);
}

int main(void)
{
    no_two_threads_have_one_block();
    zeroed_blocks_are_zero();
    a_forked_child_takes_from_the_same_pool();
    a_pool_lives_over_a_map();
    a_map_commits_and_decommits();
    return 0;
}
